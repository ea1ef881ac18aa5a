-- Have an event delivered, once for its id.
-- given: id, kind, job, url, body.   Returns 1, or 0 where it was enqueued before.

local id, kind, job, url, body = given(1), given(2), given(3), given(4), given(5)
local key = delivery_key(id)
if call('EXISTS', key) == 1 then
  return 0
end

-- No two have the same time, so that a page may begin after one.
local newest = call('ZRANGE', ALL, 0, 0, 'REV', 'WITHSCORES')[2]
local created = digits(newest and math.max(NOW, newest + 1) or NOW)
call('HSET', key, 'kind', kind, 'job', job, 'url', url, 'body', body, 'created', created,
  'state', 'waiting', 'tries', 0)
call('ZADD', ALL, created, id)
call('ZADD', job_key(job), created, id)
if call('SISMEMBER', job_key(job, 'gone'), url) == 1 then
  end_delivery(id, 'disabled')
else
  due_now(id)
end
return 1
