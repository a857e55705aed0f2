-- Say that a worker is alive, and read who else is.
-- KEYS: 1 sorted set of workers, each as `id life`: a life is one process
-- ARGV: 1 this worker's id   2 its life   3 how long a worker counts as alive after its last beat, ms
-- Reply: {Redis time in ms, `id life`, `id life`, ...}. Redis's clock is the only one that is compared. When another life
-- has this worker's id the reply is the time alone, and nothing has been noted.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me = ARGV[1] .. ' ' .. ARGV[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if member ~= me and string.sub(member, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
    return {now}
  end
end
redis.call('ZADD', KEYS[1], now, me)
local reply = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(reply, 1, now)
return reply
