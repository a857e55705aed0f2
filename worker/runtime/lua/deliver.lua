-- Note what became of deliveries to a webhook target; all or nothing.
-- KEYS: 1 lease   2 deliveries   3 undelivered
-- ARGV: 1 token (owner:epoch)   2 number of fields, then name, value ('': gone), ...
--       then name, try of each that is given up
-- Reply: 1 when noted; 0 when the lease is no longer the caller's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local count = tonumber(ARGV[2])
for i = 3, 2 + 2 * count, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i]) else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
for i = 3 + 2 * count, #ARGV, 2 do
  redis.call('XADD', KEYS[3], '*', 'entry', ARGV[i], 'try', ARGV[i + 1])
end
return 1
