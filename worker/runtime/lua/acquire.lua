-- Take a partition's lease, if nobody else has it.
-- KEYS: 1 lease   2 epoch
-- ARGV: 1 owner   2 time to live, ms
-- Reply: the new epoch, or 0 when another owner has it. A lease of the same owner is replaced: the epoch grows, so
-- that whatever the owner had under way with the old one is fenced.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1] + 1) ~= ARGV[1] .. ':' then
  return 0
end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. epoch, 'PX', ARGV[2])
return epoch
