-- Write records, what is known of those that are not written yet, and how far the log is in them; all or nothing.
-- KEYS: 1 lease   2 records   3 reached   4 dossiers   5 standings   6 dropped   7 gaps
-- ARGV: 1 token (owner:epoch)   2 the moment that the caller goes on from; '': none   3 the moment reached
--       4 id before which records are dropped; '': none
--       5 number of records, then kind, record, ...
--       number of dossiers, then name, dossier ('': gone), ...
--       number of standings, then name, standing, ...
--       number of gaps, then name, the moment up to which, ...
-- Reply: 1 when written; 0 when the lease is no longer the caller's; -2 when the moment is another than the caller knows.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[2] then
  return -2
end
local at = 5
local function pairs_of(take)
  local count = tonumber(ARGV[at])
  for i = at + 1, at + 2 * count, 2 do
    take(ARGV[i], ARGV[i + 1])
  end
  at = at + 2 * count + 1
end
pairs_of(function(kind, record) redis.call('XADD', KEYS[2], '*', 'kind', kind, 'record', record) end)
pairs_of(function(name, dossier)
  if dossier == '' then redis.call('HDEL', KEYS[4], name) else redis.call('HSET', KEYS[4], name, dossier) end
end)
pairs_of(function(name, standing) redis.call('HSET', KEYS[5], name, standing) end)
pairs_of(function(name, upto) redis.call('HSET', KEYS[7], name, upto) end)
if ARGV[4] ~= '' then
  -- Exactly, and noted: who reads the records has to know from where on they are all there.
  local last = redis.call('XREVRANGE', KEYS[2], string.format('%.0f', tonumber(ARGV[4]) - 1), '-', 'COUNT', 1)
  if last[1] then
    redis.call('XTRIM', KEYS[2], 'MINID', ARGV[4])
    redis.call('SET', KEYS[6], last[1][1])
  end
end
redis.call('SET', KEYS[3], ARGV[3])
return 1
