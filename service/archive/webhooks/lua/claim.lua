-- Claim what is due: it is due again when the lease ends, unless its claimer has told otherwise.
-- given: fence, at most how many, lease, retention, attempts at most.
-- Returns us until the next is due or '', then id, attempt, url, body of each, flat.

local fence, most, lease, retention = given(1), given(2), tonumber(given(3)), given(4)
local max_tries = tonumber(given(5))

local old = digits(NOW - retention)
for _, id in ipairs(call('ZRANGE', ALL, '-inf', old, 'BYSCORE', 'LIMIT', 0, 100)) do
  forget(id)
end

-- Whoever had a fence that is written over, or is gone, comes too late.
local claims = {}
for _, id in ipairs(call('ZRANGE', DUE, '-inf', digits(NOW), 'BYSCORE', 'LIMIT', 0, most)) do
  local key = delivery_key(id)
  local stored = call('HMGET', key, 'job', 'url', 'body', 'tries', 'fence', 'claimed')
  local job, url, tries = stored[1], stored[2], tonumber(stored[4])
  if stored[5] then
    call('HDEL', key, 'fence', 'claimed')
    write_attempt(id, '{"at":' .. string.format('%.6f', stored[6] / 1000000)
      .. ',"seconds":0,"outcome":"interrupted","reason":"The process that made it ended."}')
  end
  if call('SISMEMBER', job_key(job, 'gone'), url) == 1 then
    end_delivery(id, 'disabled')
  elseif tries >= max_tries then
    end_delivery(id, 'failed')
  else
    call('HSET', key, 'fence', fence, 'claimed', digits(NOW), 'tries', tries + 1)
    call('ZADD', DUE, digits(NOW + lease), id)
    for _, part in ipairs({ id, tries + 1, url, stored[3] }) do
      claims[#claims + 1] = part
    end
  end
end

local first = call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2]
local wait = ''
if first then
  wait = digits(math.max(first - NOW, 0))
  if tonumber(first) <= NOW then
    wake()
  end
end
table.insert(claims, 1, wait)
return claims
