"""How quickly a partition is recovered, and how much memory its state takes."""

from __future__ import annotations

import gc
import time
from pathlib import Path

from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.log import Keys, Partition, encode_entry
from tests.bench.printing import say
from worker.decisions.decision import Decision
from worker.events import webhooks as w
from worker.events.event import Event, read_event
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.runtime.journal import Journal
from worker.runtime.lease import Leases
from worker.testing.centre import NUMBER, small_tenant

CALLS = 5_000
LIVE = 100_000
P = Partition(0)
_HEAD = '{"data":{"event_type":"%s","id":"%s","payload":{"call_control_id":"%s",%s}}}'
#: What a call tells from ringing to its end, as far as its leg goes.
_STEPS = (
    ("call.initiated", f'"direction":"incoming","state":"parked","from":"+15550100","to":"{NUMBER}"'),
    ("call.answered", '"state":"answered"'),
    ("call.speak.started", '"client_state":null'),
    ("call.speak.ended", '"client_state":"eyJzcGVlY2giOiJncmVldGluZyJ9"'),
    ("call.dtmf.received", '"digit":"1"'),
    ("call.hangup", '"hangup_cause":"normal_clearing","hangup_source":"caller"'),
)


async def recover(url: str) -> None:
    """Measure recovery without a snapshot: log and journal read, decoded and folded."""
    redis, keys = Redis.from_url(url), Keys("bench-recovery")
    events = await fill(redis, keys)
    journal = Journal(redis, keys)
    position = await journal.position(P)
    best = float("inf")
    for _ in range(3):
        ledger, began = Ledger(P), time.process_time()
        async for event, decision in journal.history(P, position):
            ledger.follow(event, decision.acts if decision else ())
        best = min(best, time.process_time() - began)
    await redis.aclose()
    print(
        f"{'recovery, without a snapshot':<34}{events / best:6.0f} events/s of one core ({events} events)", flush=True
    )
    say("recovery, one event", best / events * 1e6, await _reading(url, keys, position), beside="read")


def live() -> None:
    """Measure the memory that live calls take."""
    gc.collect()
    before = _resident_mib()
    ledger, policy = Ledger(P), Policy({"default": small_tenant()})
    for number in range(LIVE):
        call = f"v3:CM8u1zCcmtZ3Jzb6vuXBSzCLS5p7ww8ypCUpyBJVrubAVjjL{number:06d}"
        rings = w.CallInitiated(call, direction="incoming", state="parked", from_="+15550100", to=NUMBER)
        address = Address("default", "call", call)
        ledger.decide(Event(f"{number}-0", f"e{number}", address, number, number, rings), policy)
    gc.collect()
    used = _resident_mib() - before
    print(f"{'memory, live calls':<34}{used:6.0f} MiB for {LIVE} with a command and a timer each", flush=True)


async def fill(redis: Redis, keys: Keys) -> int:
    """Write a log of calls from ringing to their end, with what is decided upon it; return how many events it has."""
    lease = await Leases(redis, keys, "bench", ttl_secs=600).acquire(P)
    assert lease is not None
    journal, ledger, policy = Journal(redis, keys), Ledger(P), Policy({"default": small_tenant()})
    now_ms, count = time.time_ns() // 1_000_000, 0
    for number in range(CALLS):
        address = Address("default", "call", f"v3:call-{number}")
        pipe, decisions = redis.pipeline(transaction=False), []
        for step, (kind, fields) in enumerate(_STEPS):
            name = f"{now_ms + number}-{step}"
            raw = (_HEAD % (kind, f"{number}-{step}", address.id, fields)).encode()
            entry = LogEntry(f"{number}-{step}", address, "webhook", now_ms, raw)
            stored = encode_entry(entry)
            pipe.xadd(keys.log(P), dict(zip(stored[::2], stored[1::2], strict=True)), id=name)
            acts = ledger.decide(read_event(name, entry), policy).acts
            if acts:
                decisions.append((name, Decision(address, acts)))
            count += 1
        await pipe.execute()
        await journal.commit(lease, name, decisions)
    return count


async def _reading(url: str, keys: Keys, position: str) -> float:
    """Return what it costs to read log and journal without folding, µs for each event."""
    redis = Redis.from_url(url)
    began, count = time.process_time(), 0
    async for _ in Journal(redis, keys).raw(P, position):
        count += 1
    await redis.aclose()
    return (time.process_time() - began) / count * 1e6


def _resident_mib() -> float:
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024
