-- Write the decisions of a batch of events, and how far the log has been decided; all of it or nothing.
-- KEYS: 1 lease   2 journal   3 position
-- ARGV: 1 token (owner:epoch)   2 id of the batch's last event   3 the position that the caller knows; '': it knows none
--       4.. cause id, decision, cause id, decision, ...
-- Reply: 1 when written; 0 when the lease is no longer the caller's; -1 when this or a later cause is journaled already;
-- -2 when the position is another than the caller knows: Redis has lost writes since, or somebody else has decided;
-- an error when Redis takes no writes (out of memory, disk full, too few replicas).
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[3] ~= '' and (redis.call('GET', KEYS[3]) or '0-0') ~= ARGV[3] then
  return -2
end
if ARGV[4] then
  local first = redis.pcall('XADD', KEYS[2], ARGV[4], 'decision', ARGV[5])
  if type(first) == 'table' and first.err then
    return string.find(first.err, 'equal or smaller', 1, true) and -1 or first
  end
  for i = 6, #ARGV, 2 do
    redis.call('XADD', KEYS[2], ARGV[i], 'decision', ARGV[i + 1])
  end
end
redis.call('SET', KEYS[3], ARGV[2])
return 1
