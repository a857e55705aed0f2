"""The audit after a break: the log and the journal held against the emulator's own account of what happened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from redis.asyncio import Redis

from ingress.ids import command_id
from ingress.log import Keys, Partition, decode_entry
from tests.e2e.chaos.door import Promise
from worker.decisions.decision import Decision, Send
from worker.demo.audit import Audit, Report
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Outcome, Succeeded
from worker.events.timers import TimerFired
from worker.replay.source import LogReader
from worker.runtime.journal import entries_of
from worker.testing.emulator.legs import Leg, Stay
from worker.testing.emulator.telephony import Telephony


@dataclass
class Loss:
    """What may be missing: what Redis was told between two moments (Unix times), and what workers sent upon it."""

    since: float
    until: float
    #: Commands that were sent before the first moment; then those that were sent until the workers knew.
    commands: set[str]

    @classmethod
    def begun(cls, commands: list[str]) -> Loss:
        """Return a loss that begins now; *commands* have been sent so far."""
        return cls(time.time(), 0.0, set(commands))

    def end(self) -> None:
        """End it now: Redis is told nothing more."""
        self.until = time.time()

    def noticed(self, commands: list[str]) -> None:
        """The workers know of it: until now they may have sent what they remembered; *commands* have been sent."""
        self.commands = set(commands) - self.commands

    def excuses(self, promise: Promise) -> bool:
        """Return whether a webhook that was answered then may be missing. The answer comes soon after the append."""
        return self.since <= promise.at <= self.until + 1


@dataclass
class Books:
    """What was found. Times are seconds."""

    report: Report
    #: How often each event id stands in the log.
    logged: Counter[str] = field(default_factory=Counter)
    #: Every command that was decided, and those of them that ended well.
    decided: set[str] = field(default_factory=set)
    succeeded: set[str] = field(default_factory=set)
    #: Callers whom Telnyx told to be in a conference, those of them whose leaving was heard of before, and those who
    #: were with an agent as the queue knows it.
    joined: set[str] = field(default_factory=set)
    joined_late: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    recordings: set[str] = field(default_factory=set)
    #: From an event's being in the log to what was decided upon it being seen there, the longest first.
    gaps: list[tuple[float, str]] = field(default_factory=list)

    def twice(self) -> list[str]:
        """Return the events that are in the log more than once."""
        return [name for name, count in self.logged.items() if count > 1]

    def missing(self, promised: dict[str, Promise]) -> set[str]:
        """Return the webhooks that were answered 2xx and are not in the log."""
        return {name for name in promised if name not in self.logged}

    @property
    def longest_gap_secs(self) -> float:
        """The longest time that anything waited for its decision."""
        return max((gap for gap, _ in self.gaps), default=0.0)


async def read_books(redis: Redis, keys: Keys, partitions: int) -> Books:
    """Read every log and journal."""
    reader = LogReader(redis, keys)
    audit = Audit(threshold_secs=10)
    events: list[tuple[Partition, Event, Decision | None]] = []
    logged: Counter[str] = Counter()
    for number in map(Partition, range(partitions)):
        last = await reader.journal.last_id(number)
        async for event, decision in reader.journal.history(number, last):
            audit.take(number, event, decision)
            events.append((number, event, decision))
        page = entries_of([[keys.log(number).encode(), await redis.xrange(keys.log(number))]])
        logged.update(decode_entry(fields).event_id for _, fields in page)
    books = Books(audit.report(), logged)
    for number, event, decision in events:
        for index, act in enumerate(decision.acts if decision else ()):
            if isinstance(act, Send):
                books.decided.add(command_id(event.address.tenant, number, event.id, index))
        if isinstance(event.body, Outcome) and isinstance(event.body.result, Succeeded):
            books.succeeded.add(event.body.command_id)
    _take_calls(books, [event for _, event, _ in events])
    books.gaps = sorted(_gaps(events), reverse=True)
    return books


def _gaps(events: list[tuple[Partition, Event, Decision | None]]) -> Iterator[tuple[float, str]]:
    """Yield how long each thing waited: a cause for its notice or its command's end, a timer for its firing."""
    causes: dict[str, int] = {}
    for number, event, decision in events:
        for index, act in enumerate(decision.acts if decision else ()):
            causes[f"n:{number}:{event.id}:{index}"] = event.received_ms
            if isinstance(act, Send):
                causes[f"o:{command_id(event.address.tenant, number, event.id, index)}"] = event.received_ms
    for _, event, _ in events:
        since = event.body.due_ms if isinstance(event.body, TimerFired) else causes.get(event.event_id)
        if since is not None:
            yield (event.received_ms - since) / 1000, f"{event.event_id} of {event.address}"


def _take_calls(books: Books, events: list[Event]) -> None:
    joined: dict[str, int] = {}
    ended: dict[str, int] = {}
    for event in events:
        match event.body:
            case w.ParticipantJoined(call_control_id=call):
                joined[call] = min(event.received_ms, joined.get(call, event.received_ms))
            case w.CallHangup(call_control_id=call) | w.ParticipantLeft(call_control_id=call):
                ended[call] = min(event.received_ms, ended.get(call, event.received_ms))
            case w.ConferenceRecordingSaved(recording_id=str(recording)):
                books.recordings.add(recording)
            case n.Told(notice=n.Connected(call=call)) if event.address.kind == "queue":
                books.connected.add(call)
            case _:
                pass
    books.joined = set(joined)
    books.joined_late = {call for call, at_ms in joined.items() if call in ended and at_ms > ended[call]}


def differences(books: Books, telephony: Telephony) -> list[str]:
    """Return where the log breaks an invariant, or differs from the emulator's own account."""
    broken = [line for lines in books.report.invariants.values() for line in lines] + telephony.world.violations
    callers = [leg for leg in telephony.world.legs.values() if leg.incoming]
    broken += [f"{leg.id} is still here" for leg in callers if leg.alive]
    broken += _together(callers)
    talked = {leg.id for leg in callers if leg.stays}
    broken += [f"{call} was in a conference, and the log does not know" for call in talked - books.joined]
    # Who has left before it was heard that he was in counts as one who gave up.
    broken += [f"{call} talked, and was not answered" for call in talked - books.joined_late - books.connected]
    broken += [f"{call} was answered, and did not talk" for call in books.connected - talked]
    saved = {recording.id for recording in telephony.recordings.all if recording.saved}
    broken += [f"recording {recording} is only in one of the books" for recording in saved ^ books.recordings]
    return broken


def _together(callers: list[Leg]) -> Iterator[str]:
    """Yield callers who were in one conference at once, by the network's own account."""
    stays: dict[str, list[tuple[Stay, str]]] = {}
    for leg in callers:
        for stay in leg.stays:
            stays.setdefault(stay.conference, []).append((stay, leg.id))
    for conference, here in stays.items():
        here.sort(key=lambda pair: pair[0].at)
        for (before, first), (after, second) in pairwise(here):
            if before.left_at is None or before.left_at > after.at:
                yield f"{first} and {second} were in {conference} at once"
