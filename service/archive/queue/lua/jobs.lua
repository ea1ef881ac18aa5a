-- List jobs, newest first.
-- given: opened before this time in ms, or '+inf'; at most how many.   Returns id and fields of each.

local found = {}
local before = given(1) == '+inf' and given(1) or '(' .. given(1)
for _, id in ipairs(call('ZREVRANGEBYSCORE', JOBS, before, '-inf', 'LIMIT', 0, given(2))) do
  found[#found + 1] = { id, call('HGETALL', job_key(id)) }
end
return found
