-- What every script begins with: where things lie, and the moves that several of them make.
--
-- KEYS[1] is the set of what is due; its name gives all others. ARGV[1] is the time in us since 1970,
-- or '' for the server's own; then the script's own, as given(1), given(2) ... All times are in us.
--
-- A delivery's hash holds kind, job, url, body, created, state, tries; while it is claimed also
-- fence and claimed, and afterwards past, the fence that was last. Whatever is yet to be delivered
-- stands in `due`, a claimed one with the end of its lease.

local DUE = KEYS[1]
local PREFIX = DUE:sub(1, -#'due' - 1)
local ALL, WAKE = PREFIX .. 'all', PREFIX .. 'wake'
local ATTEMPTS_KEPT = 50

local call = redis.call

local function given(i)
  return ARGV[1 + i]
end

local function delivery_key(id, part)
  return PREFIX .. 'delivery:' .. id .. (part and ':' .. part or '')
end

local function job_key(job, part)
  return PREFIX .. 'job:' .. job .. (part and ':' .. part or '')
end

-- Numbers that Lua would write as 1.7e+15, as whole digits.
local function digits(number)
  return string.format('%.0f', number)
end

local time = call('TIME')
local NOW = tonumber(ARGV[1]) or time[1] * 1000000 + time[2]

-- A process that waits is woken; one is enough, since `claim` wakes the next while something is due.
local function wake()
  if call('LLEN', WAKE) == 0 then
    call('RPUSH', WAKE, '1')
  end
end

local function due_now(id)
  call('ZADD', DUE, digits(NOW), id)
  wake()
end

local function write_attempt(id, attempt)
  local key = delivery_key(id, 'attempts')
  call('RPUSH', key, attempt)
  call('LTRIM', key, -ATTEMPTS_KEPT, -1)
end

-- It is tried no more; `state` says why.
local function end_delivery(id, state)
  local key = delivery_key(id)
  local stored = call('HMGET', key, 'job', 'created')
  call('ZREM', DUE, id)
  call('HSET', key, 'state', state)
  if state ~= 'delivered' then
    call('ZADD', ALL .. ':failed', stored[2], id)
    call('ZADD', job_key(stored[1], 'failed'), stored[2], id)
  end
end

local function forget(id)
  local job = call('HGET', delivery_key(id), 'job')
  call('ZREM', DUE, id)
  call('ZREM', ALL, id)
  call('ZREM', ALL .. ':failed', id)
  call('DEL', delivery_key(id), delivery_key(id, 'attempts'))
  if job then
    call('ZREM', job_key(job), id)
    call('ZREM', job_key(job, 'failed'), id)
    if call('EXISTS', job_key(job)) == 0 then
      call('DEL', job_key(job, 'gone'))
    end
  end
end

-- Whether the claim under `fence` still stands.
local function held(id, fence)
  return call('HGET', delivery_key(id), 'fence') == fence
end

-- End a claim. A command whose answer was lost is sent again, and is told what it was the first time.
local function end_claim(id, fence)
  call('HDEL', delivery_key(id), 'fence', 'claimed')
  call('HSET', delivery_key(id), 'past', fence)
end

local function was_held(id, fence)
  return call('HGET', delivery_key(id), 'past') == fence and 1 or 0
end
