-- A photo was not restored: it waits for another attempt, or ends as failed.
-- given: job, name, fence, failure as JSON, wait in ms or '' for never.   Returns 1, or 0 (lost).

local id, name, fence, failure, wait_ms = given(1), given(2), given(3), given(4), given(5)
local record = held(id, name, fence)
if not record then
  return was_done(id, name, fence, { failed = true, delayed = true })
end
end_lease(id, name)
if wait_ms == '' or record.attempts >= MAX_ATTEMPTS then
  give_up(id, name, record, failure)
else
  record.state, record.worker, record.progress = 'delayed', nil, nil
  record.failure = cjson.decode(failure)
  write_record(id, name, record)
  call('ZADD', DUE, digits(NOW_MS + wait_ms), member_of(id, name))
  count(id, 'delayed', 1)
  tell(id, 'retried', { name = name, slug = record.failure.slug, attempts = record.attempts })
end
seat(id)
settle(id)
return 1
