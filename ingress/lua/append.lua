-- Append events to a partition's log in their order, each once.
-- KEYS: 1 the partition's log   2.. the seen-key of each event
-- ARGV: 1 how long an event id is remembered, ms   2.. ten fields and values of each event's entry
-- Reply: for each event, 1 when appended or 0 when it was there already, and the entry's id.
-- One script, so that a repetition (Telnyx's, or the client library's after a lost reply) cannot append twice.
local reply = {}
for i = 2, #KEYS do
  local id = redis.call('GET', KEYS[i])
  reply[#reply + 1] = id and 0 or 1
  if not id then
    local first = (i - 2) * 10 + 2
    id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, first, first + 9))
    redis.call('SET', KEYS[i], id, 'PX', ARGV[1])
  end
  reply[#reply + 1] = id
end
return reply
