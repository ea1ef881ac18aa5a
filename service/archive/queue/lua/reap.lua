-- Leases that ran out and retries that are due: back in line. A photo whose every attempt ended
-- without a word is set aside, since it may be what kills its workers.
-- given: at most how many of each.   Returns leases, retries, and 1 where more may be left.

local most = given(1)
local POISONED = '{"slug":"poisoned","detail":"All %d workers that had the photo went silent."}'

local function overdue(places, state)
  local found = {}
  local members = call('ZRANGEBYSCORE', places, '-inf', digits(NOW_MS), 'LIMIT', 0, most)
  for _, member in ipairs(members) do
    call('ZREM', places, member)
    local id, name = split_member(member)
    local record = not trouble(id) and record_of(id, name)
    if record and record.state == state then
      found[#found + 1] = { id = id, name = name, record = record }
    end
  end
  return found, #members == tonumber(most)
end

local expired, more_expired = overdue(LEASES, 'active')
for _, photo in ipairs(expired) do
  count(photo.id, 'active', -1)
  photo.record.fence = nil
  if photo.record.attempts >= MAX_ATTEMPTS then
    give_up(photo.id, photo.name, photo.record, POISONED:format(photo.record.attempts))
    settle(photo.id)
  else
    line_up(photo.id, photo.name, photo.record)
  end
  seat(photo.id)
end

local due, more_due = overdue(DUE, 'delayed')
for _, photo in ipairs(due) do
  count(photo.id, 'delayed', -1)
  photo.record.fence = nil
  line_up(photo.id, photo.name, photo.record)
  seat(photo.id)
end

return { #expired, #due, (more_expired or more_due) and 1 or 0 }
