-- Keep a snapshot, and drop those that are no longer wanted; all of it or nothing.
-- KEYS: 1 lease   2 snapshots
-- ARGV: 1 token (owner:epoch)   2 id of the last event in it   3 snapshot   4.. ids of snapshots to drop
-- Reply: 1 when kept; 0 when the lease is no longer the caller's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
for i = 4, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
end
return 1
