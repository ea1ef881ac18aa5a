-- Go on after a pause.   given: job.

local id = given(1)
local why = trouble(id)
if why then
  return refused(why)
elseif call('HDEL', job_key(id), 'paused') == 1 then
  seat(id)
  tell(id, 'resumed', {})
end
return 1
