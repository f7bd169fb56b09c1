-- A bucket is lent to one process at a time, for a while by this server's clock.
--   KEYS[1]  a hash: bucket, lease (who has it), until (ms), h:WHO (when WHO was heard of last, ms)
--   ARGV     what is wanted, WHO, number of the lease; give: the bucket's bytes, "" unchanged
local key, want, who = KEYS[1], ARGV[1], ARGV[2]
local LEASE_MS, FORGET_MS, KEEP_MS = 10000, 20000, 7200000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if want == 'look' then
  return {1, time[1], time[2]}
end
local lent = redis.call('HMGET', key, 'lease', 'until', 'bucket')
local is_ours = lent[1] and string.sub(lent[1], 1, #who + 1) == who .. ':'
if want == 'leave' then
  redis.call('HDEL', key, 'h:' .. who)
  if is_ours then
    redis.call('HDEL', key, 'lease', 'until')
  end
  return {1}
end
redis.call('HSET', key, 'h:' .. who, now)
redis.call('PEXPIRE', key, KEEP_MS)
if want == 'beat' then
  return {1}
end

local token = who .. ':' .. ARGV[3]
if want == 'give' then
  if lent[1] ~= token then
    return {0}
  end
  redis.call('HDEL', key, 'lease', 'until')
  if ARGV[4] ~= '' then
    redis.call('HSET', key, 'bucket', ARGV[4])
  end
  return {1}
end

-- What we had ourselves and did not give back was lost with a connection.
if lent[1] and not is_ours and (tonumber(lent[2]) or 0) > now then
  return {0}
end
redis.call('HSET', key, 'lease', token, 'until', now + LEASE_MS)
local reply = {1, time[1], time[2], lent[3] or ''}
local all = redis.call('HGETALL', key)
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 2) == 'h:' then
    if (tonumber(all[i + 1]) or 0) + FORGET_MS < now then
      redis.call('HDEL', key, all[i])
    else
      reply[#reply + 1] = string.sub(all[i], 3)
    end
  end
end
return reply
