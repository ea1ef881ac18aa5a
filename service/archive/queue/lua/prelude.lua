-- What every script begins with: where things lie, and the moves that several of them make.
--
-- KEYS[1] is the set of jobs; its name gives all others. ARGV: cap, lease in ms, most attempts, and
-- then the script's own, as given(1), given(2) ... A photo is in one place at a time, and its record
-- says in which: waiting = in its job's line, active = in `leases`, delayed = in `due`, else ended.

local JOBS = KEYS[1]
local PREFIX = JOBS:sub(1, -#'jobs' - 1)
local RING, LEASES, DUE, WAKE = PREFIX .. 'ring', PREFIX .. 'leases', PREFIX .. 'due', PREFIX .. 'wake'
local CLOCK, IDEMPOTENCY, UNTOLD = PREFIX .. 'clock', PREFIX .. 'idempotency', PREFIX .. 'untold'
local CAP, LEASE_MS, MAX_ATTEMPTS = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local EVENTS_KEPT = 5000

local call = redis.call

local function given(i)
  return ARGV[3 + i]
end

local function job_key(id, part)
  return PREFIX .. 'job:' .. id .. (part and ':' .. part or '')
end

local function member_of(id, name)
  return id .. '/' .. name
end

local function split_member(member)
  return member:match('^([^/]+)/(.*)$')
end

local time = call('TIME')
local NOW_MS = time[1] * 1000 + math.floor(time[2] / 1000)

local function seconds(ms)
  return string.format('%.3f', ms / 1000)
end

-- Numbers that Lua would write as 1.7e+12, as whole digits.
local function digits(number)
  return string.format('%.0f', number)
end

local function refused(slug)
  return redis.error_reply('REFUSED ' .. slug)
end

local function field(id, name)
  return call('HGET', job_key(id), name)
end

-- 'no-such-job', 'job-ended', or nil where the job lives.
local function trouble(id)
  local found = call('HMGET', job_key(id), 'created', 'ended')
  if not found[1] then
    return 'no-such-job'
  elseif found[2] then
    return 'job-ended'
  end
end

local function tell(id, kind, data)
  local text = next(data) and cjson.encode(data) or '{}'
  call('XADD', job_key(id, 'events'), 'MAXLEN', '~', EVENTS_KEPT, '*', 'kind', kind, 'data', text)
end

local function record_of(id, name)
  local text = call('HGET', job_key(id, 'photos'), name)
  return text and cjson.decode(text)
end

-- `raw` is JSON of further fields, written as it is: cjson would round what it decodes.
local function write_record(id, name, record, raw)
  local text = cjson.encode(record)
  if raw then
    text = text:sub(1, -2) .. ',' .. raw .. '}'
  end
  call('HSET', job_key(id, 'photos'), name, text)
end

local function count(id, state, by)
  return call('HINCRBY', job_key(id), state, by)
end

-- A worker that waits is woken; one is enough, since `take` wakes the next while there is work.
local function wake()
  if call('LLEN', WAKE) == 0 then
    call('RPUSH', WAKE, '1')
  end
end

-- Put a job into the ring or take it out: it is there while it has photos in line, is not paused
-- and is below its cap. Its score is the virtual time at which its next photo would be done; the
-- clock stands at that of the last photo taken (self-clocked fair queueing, Golestani 1994). A job
-- that enters pays for its first photo, or a stream of new jobs would hold up all others; one that
-- comes back has saved up nothing.
local function seat(id)
  local job = call('HMGET', job_key(id), 'paused', 'ended', 'active', 'virtual', 'weight')
  local ready = job[3] and not job[1] and not job[2] and tonumber(job[3]) < CAP
    and call('LLEN', job_key(id, 'line')) > 0
  local virtual = call('ZSCORE', RING, id)
  if ready and not virtual then
    local entry = (call('GET', CLOCK) or 0) + 1 / job[5]
    call('ZADD', RING, string.format('%.17g', math.max(entry, tonumber(job[4]))), id)
    wake()
  elseif virtual and not ready then
    call('ZREM', RING, id)
    if job[3] then
      call('HSET', job_key(id), 'virtual', virtual)
    end
  end
end

-- A photo that is in no place goes in line, at the back or the front.
local function line_up(id, name, record, at_front)
  record.state = 'waiting'
  record.worker, record.progress = nil, nil
  write_record(id, name, record)
  call(at_front and 'LPUSH' or 'RPUSH', job_key(id, 'line'), name)
  count(id, 'waiting', 1)
end

-- A photo that is in no place ends as failed. `failure` is JSON.
local function give_up(id, name, record, failure)
  record.state, record.progress, record.failure = 'failed', nil, nil
  write_record(id, name, record, '"failure":' .. failure .. ',"ended_at":' .. seconds(NOW_MS))
  call('SADD', job_key(id, 'failed'), name)
  count(id, 'failed', 1)
  tell(id, 'failed', { name = name, slug = cjson.decode(failure).slug })
end

-- The lease holder's record, or nil where the lease is lost. A lease of a job that was cancelled or
-- deleted is lost at once, and is left to run out.
local function held(id, name, fence)
  if trouble(id) then
    return nil
  end
  local record = record_of(id, name)
  if record and record.state == 'active' and record.fence == fence then
    return record
  end
end

-- A command whose answer was lost is sent again; it is told what it was told the first time. The
-- fence stays in the record until another worker, or nobody, has the photo.
local function was_done(id, name, fence, states)
  local record = record_of(id, name)
  return record and record.fence == fence and states[record.state] and 1 or 0
end

local function end_lease(id, name)
  call('ZREM', LEASES, member_of(id, name))
  count(id, 'active', -1)
end

-- Called where a job may just have ended: it has where it is closed and no photo is left.
local function settle(id)
  local job = call('HMGET', job_key(id), 'closed', 'ended', 'total', 'restored', 'failed')
  if job[1] and not job[2] and tonumber(job[3]) == job[4] + job[5] then
    call('HSET', job_key(id), 'ended', digits(NOW_MS))
    call('SADD', UNTOLD, id)
    tell(id, 'finished', { restored = tonumber(job[4]), failed = tonumber(job[5]) })
  end
end
