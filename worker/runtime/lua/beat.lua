-- Say that a worker is alive, and read who else is.
-- KEYS: 1 sorted set of workers
-- ARGV: 1 this worker   2 how long a worker counts as alive after its last beat, ms
-- Reply: {Redis time in ms, worker, worker, ...}. Redis's clock is the only one that is compared.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local reply = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(reply, 1, now)
return reply
