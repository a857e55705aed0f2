-- Trim log and journal up to an event of which there is a snapshot; all of it or nothing.
-- KEYS: 1 lease   2 snapshots   3 log   4 journal   5 trimmed
-- ARGV: 1 token (owner:epoch)   2 id of the last event that goes   3 id of the first that stays (its successor)
-- Reply: how many events went; -1 when the lease is no longer the caller's; -2 when there is no such snapshot.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
  return -2
end
redis.call('SET', KEYS[5], ARGV[2])
redis.call('XTRIM', KEYS[4], 'MINID', ARGV[3])
return redis.call('XTRIM', KEYS[3], 'MINID', ARGV[3])
