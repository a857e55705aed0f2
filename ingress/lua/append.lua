-- Append one event to a partition's log, once.
-- KEYS: 1 the event's seen-key   2 the partition's log
-- ARGV: 1 how long an event id is remembered, ms   2.. the entry's fields and values
-- Reply: {1, entry id} when appended, {0, entry id} when the event was there already.
-- One script, so that a repetition (Telnyx's, or the client library's after a lost reply) cannot append twice.
local before = redis.call('GET', KEYS[1])
if before then
  return {0, before}
end
local id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('SET', KEYS[1], id, 'PX', ARGV[1])
return {1, id}
