-- A worker gives a photo back: it is the next of its job, and the attempt does not count.
-- given: job, name, fence.   Returns 1, or 0 (lost).

local id, name, fence = given(1), given(2), given(3)
local record = held(id, name, fence)
if not record then
  return was_done(id, name, fence, { waiting = true })
end
record.attempts = record.attempts - 1
end_lease(id, name)
line_up(id, name, record, true)
seat(id)
return 1
