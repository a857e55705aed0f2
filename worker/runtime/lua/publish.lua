-- Write views, drop others, and say as of when they are; all of it or nothing.
-- KEYS: 1 lease   2 hash of views   3 string: as of when
-- ARGV: 1 token (owner:epoch)   2 what the string is known to be; '': the caller does not know   3 what it is to be; '': as
--       it is   4 how many addresses to drop   5.. these, then address, view, address, view, ...
-- Reply: 1 when written; 2 when the string was another: what the caller wrote before may be lost; 0 when the lease is no
-- longer the caller's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local reply = 1
if ARGV[3] ~= '' then
  if ARGV[2] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[2] then
    reply = 2
  end
  redis.call('SET', KEYS[3], ARGV[3])
end
local first = 5 + tonumber(ARGV[4])
for i = 5, first - 1 do
  redis.call('HDEL', KEYS[2], ARGV[i])
end
for i = first, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
return reply
