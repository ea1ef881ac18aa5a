-- Note that whoever wants to know of a job's end has been told, unless it has ended anew meanwhile.
-- given: job, when it had ended in ms, why its bag was not written as JSON or ''.   Returns 1 or 0.

local id, ended, failure = given(1), given(2), given(3)
if field(id, 'ended') ~= ended then
  return 0
end
if failure == '' then
  call('HDEL', job_key(id), 'target_failure')
else
  call('HSET', job_key(id), 'target_failure', failure)
end
call('SREM', UNTOLD, id)
return 1
