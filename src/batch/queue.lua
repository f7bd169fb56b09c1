-- A queue of tasks and the results of runs. KEYS[1] is the queue's name; what belongs to it:
--   NAME:tasks              a stream, group "workers": run, id, body
--   NAME:run:RUN            a hash: seen (ms, its owner), cancel, s:ID ("e:" and its entry, or "done")
--   NAME:run:RUN:results    a stream: id, state ("done" or "lost"), by, body
-- ARGV: what is wanted, RUN, and what is told below. What is asked twice is done once.
local name, want, run = KEYS[1], ARGV[1], ARGV[2]
local GROUP = 'workers'
local KEEP_MS, ENDED_MS, IDLE_MS = 604800000, 3600000, 3600000
local tasks, head = name .. ':tasks', name .. ':run:' .. run
local results = head .. ':results'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keep()
  redis.call('PEXPIRE', head, KEEP_MS)
  redis.call('PEXPIRE', results, KEEP_MS)
  redis.call('PEXPIRE', tasks, KEEP_MS)
end

local function remove(entry)
  redis.pcall('XACK', tasks, GROUP, entry)
  redis.call('XDEL', tasks, entry)
end

-- Who has the entry, and how often it was given to somebody.
local function holder(entry)
  local pending = redis.pcall('XPENDING', tasks, GROUP, entry, entry, 1)
  if pending.err or not pending[1] then
    return nil, 0
  end
  return pending[1][2], pending[1][4]
end

local function settle(id, state, by, body)
  redis.call('HSET', head, 's:' .. id, 'done')
  redis.call('XADD', results, '*', 'id', id, 'state', state, 'by', by, 'body', body)
  keep()
end

local wants = {}

-- OWNER_MS: 1 where nothing was heard of the owner for so long, and tasks may have been given up.
function wants.seen()
  local seen = tonumber(redis.call('HGET', head, 'seen')) or 0
  redis.call('HSET', head, 'seen', now)
  redis.call('HDEL', head, 'cancel')
  keep()
  return seen + tonumber(ARGV[3]) < now and 1 or 0
end

-- ID BODY
function wants.put()
  local field = 's:' .. ARGV[3]
  local state = redis.call('HGET', head, field)
  redis.call('HSET', head, 'seen', now)
  if state and (state == 'done' or #redis.call('XRANGE', tasks, string.sub(state, 3), string.sub(state, 3)) > 0) then
    return 0
  end
  local entry = redis.call('XADD', tasks, '*', 'run', run, 'id', ARGV[3], 'body', ARGV[4])
  redis.call('HSET', head, field, 'e:' .. entry)
  keep()
  return 1
end

-- ID: no result of it counts any more.
function wants.drop()
  local state = redis.call('HGET', head, 's:' .. ARGV[3])
  if state and state ~= 'done' then
    remove(string.sub(state, 3))
  end
  redis.call('HSET', head, 's:' .. ARGV[3], 'done')
  keep()
  return 1
end

-- ENTRY of the results
function wants.settle()
  return redis.call('XDEL', results, ARGV[3])
end

wants['end'] = function()
  redis.call('DEL', head, results)
  redis.call('HSET', head, 'cancel', 1)
  redis.call('PEXPIRE', head, ENDED_MS)
  local consumers = redis.pcall('XINFO', 'CONSUMERS', tasks, GROUP)
  for i = 1, consumers.err and 0 or #consumers do
    local c = consumers[i]
    if c[4] == 0 and c[6] > IDLE_MS then
      redis.call('XGROUP', 'DELCONSUMER', tasks, GROUP, c[2])
    end
  end
  return 1
end

-- ID ENTRY WORKER OWNER_MS DELIVERIES_MAX: how often it was given to somebody; 0: not to be done.
function wants.begin()
  local id, entry = ARGV[3], ARGV[4]
  local state = redis.call('HGET', head, 's:' .. id)
  local who, deliveries = holder(entry)
  if who ~= ARGV[5] then
    return 0
  end
  if state ~= 'e:' .. entry or redis.call('HEXISTS', head, 'cancel') == 1 then
    remove(entry)
    return 0
  end
  -- Nobody waits for it; an owner that comes back puts it again.
  if (tonumber(redis.call('HGET', head, 'seen')) or 0) + tonumber(ARGV[6]) < now then
    remove(entry)
    redis.call('HDEL', head, 's:' .. id)
    return 0
  end
  if deliveries > tonumber(ARGV[7]) then
    remove(entry)
    settle(id, 'lost', '', '')
    return 0
  end
  return deliveries
end

-- ID ENTRY WORKER: 0 where it need not be done any more.
function wants.beat()
  local id, entry, worker = ARGV[3], ARGV[4], ARGV[5]
  local state = redis.call('HGET', head, 's:' .. id)
  local who = holder(entry)
  if state == 'done' or redis.call('HEXISTS', head, 'cancel') == 1 or (who and who ~= worker) then
    return 0
  end
  if who then
    redis.call('XCLAIM', tasks, GROUP, worker, 0, entry, 'JUSTID')
  end
  return 1
end

-- ID ENTRY WORKER BODY: 1 where it is the first one.
function wants.finish()
  local id, entry = ARGV[3], ARGV[4]
  local state = redis.call('HGET', head, 's:' .. id)
  remove(entry)
  if state == 'done' or redis.call('HEXISTS', head, 'cancel') == 1 then
    return 0
  end
  -- The task may have been put once more, where the server had forgotten it.
  if state then
    remove(string.sub(state, 3))
  end
  settle(id, 'done', ARGV[5], ARGV[6])
  return 1
end

-- ID ENTRY WORKER: another worker may have it at once, as if this one never had.
function wants.back()
  local id, entry = ARGV[3], ARGV[4]
  if holder(entry) ~= ARGV[5] then
    return 0
  end
  local item = redis.call('XRANGE', tasks, entry, entry)[1]
  remove(entry)
  if item and redis.call('HGET', head, 's:' .. id) == 'e:' .. entry then
    local again = redis.call('XADD', tasks, '*', unpack(item[2]))
    redis.call('HSET', head, 's:' .. id, 'e:' .. again)
  end
  return 1
end

-- WORKER: has gone, with nothing in its hands.
function wants.leave()
  local consumers = redis.pcall('XINFO', 'CONSUMERS', tasks, GROUP)
  for i = 1, consumers.err and 0 or #consumers do
    if consumers[i][2] == ARGV[3] and consumers[i][4] == 0 then
      redis.call('XGROUP', 'DELCONSUMER', tasks, GROUP, ARGV[3])
    end
  end
  return 1
end

return wants[want]()
