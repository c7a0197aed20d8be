-- One exchange of one process with the limit. It tells what it holds and who came and went, and is told who may go.
-- All times are microseconds of the server's own clock, so the clocks of the processes do not matter.
--
-- state   hash    epoch: name of this data; calm, quota: nobody is let through before; tat: when the bucket is full;
--                 process -> number of its last exchange
-- alive   zset    process -> end of its lease
-- used    hash    process -> weight of its calls
-- line    zset    call -> when it came; a call is process/number/weight
-- grants  hash    process -> calls that another process let through, not yet fetched
local state, alive, used, line, grants = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, channel, seen, fresh = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local size, most, lease, calm = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local every, burst, ahead = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local held, quota, mode = tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[14]
local lefts, waits, comers = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local number = tonumber(ARGV[18])
local at = 18

local function arg()
  at = at + 1
  return ARGV[at]
end

local function int(n) return string.format('%.0f', n) end
local function field(name) return tonumber(redis.call('HGET', state, name) or 0) or 0 end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

-- leave takes the calls of a process out of the line, and forget all that there is of it.
local function leave(process)
  for _, call in ipairs(redis.call('ZRANGE', line, 0, -1)) do
    if string.sub(call, 1, #process + 1) == process .. '/' then redis.call('ZREM', line, call) end
  end
end

local function forget(process)
  redis.call('ZREM', alive, process)
  redis.call('HDEL', used, process)
  redis.call('HDEL', grants, process)
  redis.call('HDEL', state, process)
  leave(process)
end

-- An exchange may come twice, from a client of a cluster that lost the answer, or late, on a connection that was given
-- up: then a newer one was heard before. It changes nothing, and is told so.
if (tonumber(redis.call('HGET', state, me) or 0) or 0) >= number then return {''} end

-- Data that a process remembers and the server does not were lost: the others need time to tell what they hold.
local epoch = redis.call('HGET', state, 'epoch')
if not epoch then
  epoch = fresh
  redis.call('HSET', state, 'epoch', epoch)
  if seen ~= '' then redis.call('HSET', state, 'calm', int(now + calm)) end
elseif seen ~= '' and seen ~= epoch and redis.call('HEXISTS', state, 'calm') == 0 then
  redis.call('HSET', state, 'calm', int(now + calm))
end

-- The lease of a process that died ends in time, though the clock was set back. Who lives renews its own.
local hour = 3600 * 1000000
for _, process in ipairs(redis.call('ZRANGEBYSCORE', alive, int(now + hour + 1), '+inf')) do
  redis.call('ZADD', alive, int(now + lease), process)
end

local known = 0
if redis.call('ZSCORE', alive, me) then known = 1 end
for _, process in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', int(now))) do
  if process ~= me then forget(process) end
end
if mode == 'bye' then
  forget(me)
else
  redis.call('ZADD', alive, int(now + lease), me)
  redis.call('HSET', state, me, int(number))
end

if quota > 0 and now + quota > field('quota') then redis.call('HSET', state, 'quota', int(now + quota)) end
-- A clock that was set back must not stop the calls for as long.
local function instant(name)
  local stored = field(name)
  if stored <= now + hour then return stored end
  redis.call('HSET', state, name, int(now + hour))
  return now + hour
end
local blocked = math.max(instant('quota'), instant('calm'))
local tat = math.min(field('tat'), now + math.max(hour, every * burst) + ahead)

-- What this process holds now, with what was let through for it meanwhile. After an exchange of which it had no answer
-- it says anew who waits; what was let through for those is void.
local granted, refused, entered = {}, {}, {}
if mode == 'again' then
  leave(me)
else
  for call, when in string.gmatch(redis.call('HGET', grants, me) or '', '([^ ]+) (%d+);') do
    granted[#granted + 1] = call
    granted[#granted + 1] = math.max(0, tonumber(when) - now)
    held = held + tonumber(string.match(call, '(%d+)$'))
  end
end
redis.call('HDEL', grants, me)
if size > 0 and held > 0 then redis.call('HSET', used, me, int(held)) else redis.call('HDEL', used, me) end

local total = 0
for _, weight in ipairs(redis.call('HVALS', used)) do total = total + tonumber(weight) end

local function token(place) return math.max(0, tat + every * (place - burst + 1) - now) end

local told = {}
local due = -1

-- serve lets calls through from the head of the line; none overtakes another.
local function serve()
  due = -1
  while true do
    local call = redis.call('ZRANGE', line, 0, 0)[1]
    if not call then return end
    local process, weight = string.match(call, '^([^/]+)/%d+/(%d+)$')
    weight = tonumber(weight)
    if size > 0 and total > 0 and total + weight > size then return end
    if blocked > now then
      due = blocked - now
      return
    end
    local wait = 0
    if every > 0 then wait = token(0) end
    if wait > ahead then
      due = wait - ahead
      return
    end
    redis.call('ZREM', line, call)
    if every > 0 then tat = math.max(tat, now) + every end
    if size > 0 then
      total = total + weight
      redis.call('HINCRBY', used, process, int(weight))
    end
    if process == me then
      granted[#granted + 1] = call
      granted[#granted + 1] = wait
    else
      local box = redis.call('HGET', grants, process) or ''
      redis.call('HSET', grants, process, box .. call .. ' ' .. int(now + wait) .. ';')
      told[process] = true
    end
  end
end

for _ = 1, lefts do redis.call('ZREM', line, arg()) end
for _ = 1, waits do
  local call = arg()
  redis.call('ZADD', line, arg(), call)
end
serve()
-- Who comes stands behind who came before, whatever the clock says.
local last = tonumber(redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2] or 0)
local start = math.max(now, last)
for i = 1, comers do
  local call, left = arg(), tonumber(arg())
  local place = redis.call('ZCARD', line)
  local wait = 0
  if every > 0 then wait = token(place) end
  wait = math.max(wait, blocked - now)
  if left >= 0 and wait > left then
    refused[#refused + 1] = call
    refused[#refused + 1] = wait
  else
    redis.call('ZADD', line, int(start + i), call)
    serve()
    local score = redis.call('ZSCORE', line, call)
    if score and place >= most then
      redis.call('ZREM', line, call)
      refused[#refused + 1] = call
      refused[#refused + 1] = -1
    elseif score then
      entered[#entered + 1] = call
      entered[#entered + 1] = int(tonumber(score))
    end
  end
end

if every > 0 and tat > 0 then redis.call('HSET', state, 'tat', string.format('%.3f', tat)) end
for process in pairs(told) do redis.pcall('PUBLISH', channel .. process, '') end
for i = 1, 5 do redis.call('EXPIRE', KEYS[i], 86400) end
return {epoch, known, total, redis.call('ZCARD', line), int(due), int(math.max(0, blocked - now)), granted, refused, entered}
