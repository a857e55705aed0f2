-- Give a lease back, if it is still ours.
-- KEYS: 1 lease
-- ARGV: 1 token (owner:epoch)
-- Reply: 1 when given back, 0 when it was no longer ours.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
