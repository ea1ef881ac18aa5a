-- Renew leases, and note how far each photo is.
-- given: job, name, fence, progress 0..1 of each.   Returns 1 or 0 (lost) of each.

local answers, at = {}, 1
while given(at) do
  local id, name = given(at), given(at + 1)
  local record = held(id, name, given(at + 2))
  if record then
    record.progress = tonumber(given(at + 3))
    write_record(id, name, record)
    call('ZADD', LEASES, digits(NOW_MS + LEASE_MS), member_of(id, name))
  end
  answers[#answers + 1] = record and 1 or 0
  at = at + 4
end
return answers
