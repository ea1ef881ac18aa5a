-- Put right those photos, of some that seemed to be nowhere, that are in no place.
-- given: job, names.   Returns how many.

local id = given(1)
local mended, in_line = 0, {}
if trouble(id) then
  return 0
end
for _, name in ipairs(given(2) and call('LRANGE', job_key(id, 'line'), 0, -1) or {}) do
  in_line[name] = true
end

local function is_placed(name, state)
  if state == 'waiting' then
    return in_line[name]
  elseif state == 'active' then
    return call('ZSCORE', LEASES, member_of(id, name))
  elseif state == 'delayed' then
    return call('ZSCORE', DUE, member_of(id, name))
  elseif state == 'failed' then
    return call('SISMEMBER', job_key(id, 'failed'), name) == 1
  end
  return true
end

local at = 2
while given(at) do
  local name = given(at)
  local record = record_of(id, name)
  if record and not is_placed(name, record.state) then
    if record.state == 'failed' then
      call('SADD', job_key(id, 'failed'), name)
    else
      count(id, record.state, -1)
      record.fence = nil
      line_up(id, name, record)
    end
    mended = mended + 1
  end
  at = at + 1
end
seat(id)
return mended
