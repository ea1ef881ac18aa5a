-- End a job now. What had not ended is cancelled by the job's being so: the records of thousands of
-- photos are left as they are, and readers know.   given: job.

local id = given(1)
local job = call('HMGET', job_key(id), 'created', 'ended', 'waiting', 'active', 'delayed',
  'cancelled_at')
if not job[1] then
  return refused('no-such-job')
elseif job[6] then
  return 1
elseif job[2] then
  return refused('job-ended')
end
local left = job[3] + job[4] + job[5]
call('HSET', job_key(id), 'waiting', 0, 'active', 0, 'delayed', 0, 'cancelled', digits(left),
  'ended', digits(NOW_MS), 'cancelled_at', digits(NOW_MS))
call('UNLINK', job_key(id, 'line'))
seat(id)
call('SADD', UNTOLD, id)
tell(id, 'cancelled', { cancelled = left })
return 1
