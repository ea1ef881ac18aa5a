-- Put failed photos in line again, as if they had never been tried. A finished job is not, then.
-- given: job, at most how many.   Returns how many.

local id, most = given(1), given(2)
if not field(id, 'created') then
  return refused('no-such-job')
elseif field(id, 'cancelled_at') then
  return refused('job-ended')
end

local names = call('SPOP', job_key(id, 'failed'), most)
for _, name in ipairs(names) do
  local record = record_of(id, name)
  line_up(id, name, { state = 'waiting', bytes = record.bytes, sha256 = record.sha256,
    key = record.key })
  count(id, 'failed', -1)
end
if #names > 0 then
  call('HDEL', job_key(id), 'ended', 'target_failure')
  call('SREM', UNTOLD, id)
  tell(id, 'retried', { count = #names })
  seat(id)
end
return #names
