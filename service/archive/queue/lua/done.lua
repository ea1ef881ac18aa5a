-- A photo ends as restored.
-- given: job, name, fence, outputs as JSON, their bytes, their pixels, the milliseconds they took.
-- Returns 1, or 0 (lost).

local id, name, fence, outputs = given(1), given(2), given(3), given(4)
local record = held(id, name, fence)
if not record then
  return was_done(id, name, fence, { restored = true })
end
record.state, record.progress, record.failure = 'restored', nil, nil
write_record(id, name, record, '"outputs":' .. outputs .. ',"ended_at":' .. seconds(NOW_MS))
end_lease(id, name)
count(id, 'restored', 1)
call('HINCRBY', job_key(id), 'bytes_out', given(5))
call('HINCRBY', job_key(id), 'pixels', given(6))
call('HINCRBY', job_key(id), 'milliseconds', given(7))
tell(id, 'restored', { name = name })
seat(id)
settle(id)
return 1
