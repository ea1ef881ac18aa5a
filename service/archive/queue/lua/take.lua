-- Lease photos to a worker, each of the job whose turn it is.
-- given: worker, fence, at most how many.   Returns job, name, record, spec of each, flat.

local worker, fence, most = given(1), given(2), tonumber(given(3))
local leases = {}

while #leases < 4 * most do
  local first = call('ZRANGE', RING, 0, 0, 'WITHSCORES')
  local id, virtual = first[1], first[2]
  if not id then
    break
  end
  local name = call('LPOP', job_key(id, 'line'))
  local record = name and record_of(id, name)
  -- A name in line is a hint, its record is the truth: what is not waiting is passed over.
  if record and record.state == 'waiting' then
    record.state, record.worker, record.fence = 'active', worker, fence
    record.attempts = (record.attempts or 0) + 1
    write_record(id, name, record)
    call('ZADD', LEASES, digits(NOW_MS + LEASE_MS), member_of(id, name))
    count(id, 'waiting', -1)
    count(id, 'active', 1)
    count(id, 'takes', 1)
    call('SET', CLOCK, virtual)
    local job = call('HMGET', job_key(id), 'weight', 'spec')
    call('ZINCRBY', RING, 1 / job[1], id)
    for _, part in ipairs({ id, name, cjson.encode(record), job[2] }) do
      leases[#leases + 1] = part
    end
  end
  seat(id)
end

if call('ZCARD', RING) > 0 then
  wake()
end
return leases
