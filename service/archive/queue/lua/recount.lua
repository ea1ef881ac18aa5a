-- Set a job's counters to what was counted, if nothing has moved since. Equal counters say so: every
-- move into `active` counts a take, and without one a photo can only move on, never back.
-- given: job, then name, value before, value counted of each counter.   Returns 1, or 0 (moved).

local id = given(1)
if trouble(id) then
  return 0
end
local at = 2
while given(at) do
  if field(id, given(at)) ~= given(at + 1) then
    return 0
  end
  at = at + 3
end
at = 2
while given(at) do
  call('HSET', job_key(id), given(at), given(at + 2))
  at = at + 3
end
seat(id)
settle(id)
return 1
