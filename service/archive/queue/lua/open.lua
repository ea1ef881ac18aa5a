-- Open a job, or find the one that was opened under the same idempotency key.
-- given: id, spec as JSON, weight, idempotency key or ''.   Returns the job's id.

local id, spec, weight, key = given(1), given(2), given(3), given(4)

local earlier = key ~= '' and call('HGET', IDEMPOTENCY, key)
if earlier then
  return earlier
end
if call('EXISTS', job_key(id)) == 1 then
  return id
end

-- No two jobs are opened in the same millisecond, so that a list can be read on from a time.
local newest = call('ZREVRANGE', JOBS, 0, 0, 'WITHSCORES')
local created = math.max(NOW_MS, tonumber(newest[2] or 0) + 1)
call('ZADD', JOBS, digits(created), id)
call('HSET', job_key(id), 'spec', spec, 'weight', weight, 'virtual', 0, 'created', digits(created),
  'total', 0, 'waiting', 0, 'active', 0, 'delayed', 0, 'restored', 0, 'failed', 0, 'cancelled', 0,
  'takes', 0, 'bytes_in', 0, 'bytes_out', 0, 'pixels', 0, 'milliseconds', 0)
if key ~= '' then
  call('HSET', IDEMPOTENCY, key, id)
  call('HSET', job_key(id), 'idempotency', key)
end
tell(id, 'opened', {})
return id
