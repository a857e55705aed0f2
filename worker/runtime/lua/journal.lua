-- Write the decisions of a batch of events, and how far the log has been decided; all of it or nothing.
-- KEYS: 1 lease   2 journal   3 position
-- ARGV: 1 token (owner:epoch)   2 id of the batch's last event   3.. cause id, decision, cause id, decision, ...
-- Reply: 1 when written; 0 when the lease is no longer the caller's; -1 when this or a later cause is journaled already;
-- an error when Redis takes no writes (out of memory, disk full, too few replicas).
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[3] then
  local first = redis.pcall('XADD', KEYS[2], ARGV[3], 'decision', ARGV[4])
  if type(first) == 'table' and first.err then
    return string.find(first.err, 'equal or smaller', 1, true) and -1 or first
  end
  for i = 5, #ARGV, 2 do
    redis.call('XADD', KEYS[2], ARGV[i], 'decision', ARGV[i + 1])
  end
end
redis.call('SET', KEYS[3], ARGV[2])
return 1
