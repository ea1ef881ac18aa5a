-- Write down how a claim went, if it still stands.
-- given: id, fence, attempt as JSON, state after it, delay to the next attempt.   Returns 1 or 0.

local id, fence, attempt, state, delay = given(1), given(2), given(3), given(4), given(5)
if not held(id, fence) then
  return was_held(id, fence)
end

write_attempt(id, attempt)
end_claim(id, fence)
if state == 'waiting' then
  call('ZADD', DUE, digits(NOW + delay), id)
else
  end_delivery(id, state)
end
if state == 'disabled' then
  local stored = call('HMGET', delivery_key(id), 'job', 'url')
  call('SADD', job_key(stored[1], 'gone'), stored[2])
end
return 1
