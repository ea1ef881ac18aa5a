-- Say that all photos were sent. Twice is once.   given: job.

local id = given(1)
if not field(id, 'created') then
  return refused('no-such-job')
elseif field(id, 'cancelled_at') then
  return refused('job-ended')
elseif call('HSETNX', job_key(id), 'closed', digits(NOW_MS)) == 1 then
  tell(id, 'closed', {})
  settle(id)
end
return 1
