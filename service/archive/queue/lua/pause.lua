-- Give no more photos of a job to workers; those in work end.   given: job.

local id = given(1)
local why = trouble(id)
if why then
  return refused(why)
elseif call('HSETNX', job_key(id), 'paused', digits(NOW_MS)) == 1 then
  seat(id)
  tell(id, 'paused', {})
end
return 1
