-- Look at one partition at one moment; writes nothing.
-- KEYS: 1 lease   2 epoch   3 position   4 log   5 snapshots   6 trimmed   7 standing
-- ARGV: 1 how many events are counted at most
-- Reply: {lease, its remaining ms, epoch, position, last id in the log, first undecided id, undecided events,
-- id of the newest snapshot, its bytes, trimmed, standing}; what is not there is ''.
local function text(key)
  return redis.call('GET', key) or ''
end
local position = text(KEYS[3])
local undecided = redis.call('XRANGE', KEYS[4], '(' .. (position == '' and '0-0' or position), '+', 'COUNT', ARGV[1])
local last = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)
local newest, newest_ms, newest_number = '', -1, -1
for _, name in ipairs(redis.call('HKEYS', KEYS[5])) do
  local ms, number = string.match(name, '^(%d+)-(%d+)$')
  ms, number = tonumber(ms), tonumber(number)
  if ms > newest_ms or (ms == newest_ms and number > newest_number) then
    newest, newest_ms, newest_number = name, ms, number
  end
end
return {
  text(KEYS[1]), redis.call('PTTL', KEYS[1]), text(KEYS[2]), position,
  last[1] and last[1][1] or '', undecided[1] and undecided[1][1] or '', #undecided,
  newest, newest ~= '' and redis.call('HSTRLEN', KEYS[5], newest) or 0, text(KEYS[6]), text(KEYS[7]),
}
