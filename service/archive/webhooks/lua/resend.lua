-- Begin a delivery's schedule anew, now. One that is being delivered is left to it.
-- given: id, job or ''.   Returns 1, or 0 where there is no such delivery.

local id, job = given(1), given(2)
local key = delivery_key(id)
local stored = call('HMGET', key, 'job', 'url', 'fence')
if not stored[1] or (job ~= '' and job ~= stored[1]) then
  return 0
end
if stored[3] then
  return 1
end

call('SREM', job_key(stored[1], 'gone'), stored[2])
call('ZREM', ALL .. ':failed', id)
call('ZREM', job_key(stored[1], 'failed'), id)
call('HSET', key, 'state', 'waiting', 'tries', 0)
due_now(id)
return 1
