-- Count a request in, or say why not. A request that is refused is not counted.
-- KEYS: the caller's recent requests, and those in flight; both scored in ms.
-- ARGV: request, most in the window, window in ms, most in flight, ms until a silent one is gone.
-- Returns 'ok', 'rate' or 'in-flight'; requests left, ms until the next may come; places left.

local recent, flying = KEYS[1], KEYS[2]
local request = ARGV[1]
local quota, window, places, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', flying, '-inf', now)
local used, held = redis.call('ZCARD', recent), redis.call('ZCARD', flying)

local word = 'ok'
if quota > 0 and used >= quota then
  word = 'rate'
elseif places > 0 and held >= places then
  word = 'in-flight'
else
  used, held = used + 1, held + 1
  if quota > 0 then
    redis.call('ZADD', recent, now, request)
    redis.call('PEXPIRE', recent, window)
  end
  if places > 0 then
    redis.call('ZADD', flying, now + lease, request)
    redis.call('PEXPIRE', flying, lease)
  end
end

local oldest = redis.call('ZRANGE', recent, 0, 0, 'WITHSCORES')[2]
local wait = oldest and oldest + window - now or 0
return { word, math.max(quota - used, 0), wait, math.max(places - held, 0) }
