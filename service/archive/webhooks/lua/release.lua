-- Give back a claim, if it still stands: due at once, as if it had not been claimed.
-- given: id, fence.   Returns 1 or 0.

local id, fence = given(1), given(2)
if not held(id, fence) then
  return was_held(id, fence)
end

end_claim(id, fence)
call('HINCRBY', delivery_key(id), 'tries', -1)
due_now(id)
return 1
