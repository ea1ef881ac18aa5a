-- Forget a job. Its leases and due retries are met by `reap`, which forgets them too.
-- given: job.   Returns 1, or 0 where there was none.

local id = given(1)
local key = field(id, 'idempotency')
if key then
  call('HDEL', IDEMPOTENCY, key)
end
call('ZREM', RING, id)
call('SREM', UNTOLD, id)
for _, part in ipairs({ 'photos', 'names', 'folded', 'line', 'failed', 'events' }) do
  call('UNLINK', job_key(id, part))
end
call('UNLINK', job_key(id))
return call('ZREM', JOBS, id)
