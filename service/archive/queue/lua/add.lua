-- Put photos in line. What is there already stays as it is, so that a repeat does nothing.
-- given: job, then for each photo: name, fold, number of rivals, each rival, sha256 or '', key,
-- bytes, record as JSON.   Returns a word for each: new, same, other-bytes, collides.

local id = given(1)
local photos, folded, line = job_key(id, 'photos'), job_key(id, 'folded'), job_key(id, 'line')
local job = call('HMGET', job_key(id), 'created', 'closed', 'ended')
if not job[1] then
  return refused('no-such-job')
end

-- The name in the job that folds to `fold`, or lies in the folder that does. A name that is its own fold is not kept twice.
local function namesake(fold)
  return call('HGET', folded, fold) or (call('HEXISTS', photos, fold) == 1 and fold)
end

local function same_bytes(record, sha256, key)
  if record.sha256 and sha256 ~= '' then
    return record.sha256 == sha256
  end
  return (record.key or '') == key
end

local function collides(name, first, last)
  for i = first, last do
    local other = namesake(given(i))
    if other and other ~= name then
      return true
    end
  end
end

-- Each folder of a name is kept once, with "/" behind it and the first photo that lies in it.
local function keep_folders(fold, name)
  for place in fold:gmatch('()/') do
    call('HSETNX', folded, fold:sub(1, place), name)
  end
end

local words, at, added, bytes_in = {}, 2, 0, 0
while given(at) do
  local name, fold, rivals = given(at), given(at + 1), tonumber(given(at + 2))
  local rest = at + 3 + rivals
  local sha256, key, bytes, text = given(rest), given(rest + 1), given(rest + 2), given(rest + 3)
  local known = record_of(id, name)
  local word = 'new'
  if known then
    word = same_bytes(known, sha256, key) and 'same' or 'other-bytes'
  elseif collides(name, at + 1, at + 1) or collides(name, at + 3, rest - 1) then
    word = 'collides'
  elseif job[3] then
    return refused('job-ended') -- nothing was written yet: an ended job takes no new photo
  elseif job[2] then
    return refused('job-closed')
  else
    call('HSET', photos, name, text)
    call('RPUSH', job_key(id, 'names'), name)
    call('RPUSH', line, name)
    if fold ~= name then
      call('HSET', folded, fold, name)
    end
    keep_folders(fold, name)
    added, bytes_in = added + 1, bytes_in + tonumber(bytes)
  end
  words[#words + 1] = word
  at = rest + 4
end

if added > 0 then
  count(id, 'total', added)
  count(id, 'waiting', added)
  call('HINCRBY', job_key(id), 'bytes_in', digits(bytes_in))
  seat(id)
end
return words
