"""What the records tell of a caller's way, whole: called back, a message left, handed over to somebody outside."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.conftest import NUMBER
from tests.integration.runtime.recording import Recording, callers
from tests.integration.scenarios.day import ANNA, Caller, Opening, people, queue, until
from worker.policy.model import Callback, Key, Number, Voicemail
from worker.records.model import InteractionRecord
from worker.testing.emulator.settings import Phone

OUTSIDE = "+13125550177"
#: Stands for a moment, or a duration, that only the clock knows.
SOME = "…"
#: Of these it counts whether there was any.
OFTEN_NONE = ("hold_ms", "wrap_up_ms")
DURATIONS = ("waited_ms", "talk_ms", *OFTEN_NONE)
#: Long enough to be told from none.
WRAP_UP_SECS = 0.1


@pytest.fixture
def recording(redis: Redis, keys: Keys) -> Recording:
    """Return the records of the centre whose doors the scenario opens."""
    return Recording(redis, keys)


async def record_of(recording: Recording, caller: Caller) -> InteractionRecord:
    """Return the one record of a caller, when the doors are closed."""
    (record,) = [each for each in callers(await recording.write()) if each.call == caller.name]
    return record


def told(record: InteractionRecord) -> dict[str, object]:
    """Return all that a record tells, but for moments and durations; what is named by chance has a short name."""
    names: dict[str, str] = {}
    known = {record.call: "leg", **{leg: f"leg {number}" for number, leg in enumerate(record.legs[1:], 2)}}
    numbers = itertools.count(1)

    def of(name: str, value: object) -> object:
        match value:
            case dict():
                return {key: of(key, each) for key, each in value.items()}
            case list() | tuple():
                return [of(name, each) for each in value]
            case int() if name in DURATIONS:
                return 0 if name in OFTEN_NONE and not value else SOME
            case int() if name.endswith("_ms"):
                assert record.rang_ms <= value
                return SOME
            case str() if name.endswith("_at") and value:
                return SOME
            case str() if value in known:
                return known[value]
            case str() if name in ("id", "offer"):
                return names.setdefault(value, f"#{next(numbers)}")
            case _:
                return value

    found = of("", msgspec.to_builtins(record))
    assert isinstance(found, dict)
    return found


def of_a_caller(**more: object) -> dict[str, object]:
    """Return what a record tells of somebody who has rung, was answered, and has hung up."""
    return {
        "type": "interaction", "id": "#1", "revision": 1, "tenant": "default", "call": "leg", "legs": ["leg"],
        "number": ANNA, "dialled": NUMBER, "rang_ms": SOME, "answered_ms": SOME, "ended_ms": SOME,
        "cause": "normal_clearing", "offers": [], "conversations": [], "deeds": [], "recordings": [], **more,
    }  # fmt: skip


def goal(kind: str, name: str = "", key: str = "") -> dict[str, object]:
    return {"at_ms": SOME, "kind": kind, "name": name, "key": key}


def stay(end: str, **more: object) -> dict[str, object]:
    return {
        "queue": "support", "entered_ms": SOME, "since_ms": SOME, "end": end, "left_ms": SOME, "waited_ms": SOME,
        "reason": "", "priority": 0, "agent": "", "called_back": False, "answered_by": "", "threshold_ms": None, **more,
    }  # fmt: skip


def offer(name: str) -> dict[str, object]:
    return {
        "id": name, "queue": "support", "agent": "alice", "at_ms": SOME, "end": "connected", "reason": "",
        "accepted_ms": SOME, "ended_ms": SOME,
    }  # fmt: skip


def conversation(name: str, **more: object) -> dict[str, object]:
    return {
        "offer": name, "queue": "support", "agent": "alice", "from_ms": SOME, "to_ms": SOME, "talk_ms": SOME,
        "hold_ms": 0, "holds": 0, "wrap_up_ms": SOME, **more,
    }  # fmt: skip


async def test_a_callback_is_one_record_of_both_legs(opened: Opening, recording: Recording) -> None:
    rules = queue(keys={"1": Key(callback=True)}, callback=Callback("agent", "We call you back."))
    async with opened(people("alice", reach="on-demand", wrap_up_secs=WRAP_UP_SECS), {"support": rules}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        anna.presses("1")
        await anna.keeps_his_place()
        await day.log_in("alice")
        await anna.is_called_back()
        await anna.talks_with("alice")
        # It is we who rang her now.
        day.centre.emulator.world.hangup(anna.leg, cause="normal_clearing", source="callee")
        await day.becomes("alice", "available")
    record = await record_of(recording, anna)
    assert told(record) == of_a_caller(
        legs=["leg", "leg 2"],
        result="answered",
        ended_by="caller",
        goals=[goal("queue", "support"), goal("queue", "support")],
        stays=[stay("answered", called_back=True, answered_by="alice")],
        offers=[offer("#2")],
        conversations=[conversation("#2")],
    )
    (talk,) = record.conversations
    assert record.stays[0].left_ms == record.offers[0].ended_ms == talk.from_ms
    assert talk.from_ms + talk.talk_ms == talk.to_ms


async def test_a_message_that_was_left_is_in_the_record_with_its_box(opened: Opening, recording: Recording) -> None:
    rules = queue(keys={"2": Key(voicemail="box")})
    boxes = {"box": Voicemail("Speak after the tone.", max_secs=60, silence_secs=30)}
    async with opened(people("alice"), {"support": rules}, voicemails=boxes) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        anna.presses("2")
        await anna.hears("Speak after the tone.")
        await until(lambda: bool(day.centre.emulator.telephony.recordings.all), "she is recorded")
        anna.presses("#")
        await anna.is_sent_away()
        await until(lambda: bool(anna.known and anna.known.messages), "her message is saved")
    record = await record_of(recording, anna)
    # The message, by the name that Telnyx has for it.
    (message,) = day.centre.emulator.telephony.recordings.all
    assert [each.id for each in record.recordings] == [message.id]
    assert told(record) == of_a_caller(
        result="voicemail",
        ended_by="system",
        goals=[goal("queue", "support"), goal("voicemail", "box", "2")],
        stays=[stay("moved", reason="key")],
        recordings=[{"id": "#2", "started_at": SOME, "ended_at": SOME, "queue": "", "agent": "", "box": "box"}],
    )


async def test_a_warm_transfer_to_a_number_is_in_the_record_step_by_step(opened: Opening, recording: Recording) -> None:
    async with opened(
        people("alice", wrap_up_secs=WRAP_UP_SECS),
        None,
        {OUTSIDE: Phone("answer")},
        numbers={NUMBER: Number("support")},
    ) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        await day.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        colleague = await day.rung(OUTSIDE)
        await until(lambda: colleague.conference == anna.leg.conference, "they consult")
        await day.ask(i.CompleteTransfer("alice"))
        await day.becomes("alice", "available")
        assert anna.leg.alive
        anna.hangs_up()
        await until(lambda: not colleague.alive, "the colleague is let go")
    record = await record_of(recording, anna)
    (talk,) = record.conversations
    assert told(record) == of_a_caller(
        result="answered",
        ended_by="caller",
        goals=[goal("queue", "support")],
        stays=[stay("answered", answered_by="alice")],
        offers=[offer("#2")],
        conversations=[conversation("#2", holds=1, hold_ms=SOME)],
        deeds=[
            {"at_ms": SOME, "agent": "alice", "what": "consult", "value": f"number:{OUTSIDE}"},
            {"at_ms": SOME, "agent": "alice", "what": "complete-transfer", "value": ""},
        ],
    )
    assert talk.to_ms is not None
    assert record.ended_ms is not None
    assert talk.to_ms <= record.ended_ms
    assert talk.from_ms + talk.talk_ms + talk.hold_ms == talk.to_ms
