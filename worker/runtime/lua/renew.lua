-- Lengthen a lease that is still ours.
-- KEYS: 1 lease
-- ARGV: 1 token (owner:epoch)   2 time to live, ms
-- Reply: 1 when renewed, 0 when it is no longer ours.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
