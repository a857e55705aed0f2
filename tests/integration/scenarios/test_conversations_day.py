"""What people see of conversations: what is so, and not what somebody has asked for and did not get."""

from __future__ import annotations

import msgspec
import pytest
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.scenarios.day import Day, Opening, people, queue, until
from tests.integration.scenarios.test_supervisors_day import OUTSIDE, at_the_door
from worker.aggregates.conference.state import Conference
from worker.policy.model import Recording, Supervisor
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.settings import Phone
from worker.views.conference import view_of_conference
from worker.views.model import ConferenceView


def seen(day: Day) -> ConferenceView:
    """Return the view of the conference that there is."""
    (room,) = [each for each in day.states(Conference) if each.ended_ms is None]
    return view_of_conference(room)


@pytest.mark.parametrize("operation", ["record_pause", "hold", "mute"])
async def test_what_telnyx_refuses_is_not_shown_and_is_done_when_it_is_asked_for_again(
    opened: Opening, redis: Redis, keys: Keys, operation: str
) -> None:
    intents: dict[str, i.AnyIntent] = {
        "record_pause": i.PauseRecording("alice"),
        "hold": i.Hold("alice"),
        "mute": i.Mute("alice"),
    }
    asked = intents[operation]
    queues = {"support": queue(recording=Recording("all"))}
    async with opened(people("alice"), queues) as day, at_the_door(redis, keys, "alice") as alice:

        def is_so() -> bool:
            view = seen(day)
            return {"record_pause": view.recording == "paused", "hold": view.held, "mute": view.muted}[operation]

        await day.log_in("alice")
        await day.rings().talks_with("alice")
        await until(lambda: seen(day).recording == "on", "it is recorded")
        day.centre.emulator.api.faults.add(Fault(f"conferences {operation}", "refuse", status=422, code="10015"))
        assert (await alice.asks(asked)).state == "failed"
        assert not is_so()
        assert (await alice.asks(asked)).state == "done"
        await until(is_so, "it is so")
        there = [
            each.manner for each in day.centre.emulator.telephony.conferences.by_id[seen(day).conference].participants
        ]
        recordings = day.centre.emulator.telephony.recordings.all
        assert {
            "record_pause": any(each.paused for each in recordings),
            "hold": any(each.on_hold for each in there),
            "mute": any(each.muted for each in there),
        }[operation]


async def test_a_caller_who_was_handed_over_is_seen_with_the_third_party_until_the_end(opened: Opening) -> None:
    phones = {OUTSIDE: Phone("answer")}
    async with opened(people("alice"), None, phones) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        await day.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: "consult" in [each.role for each in seen(day).participants], "they consult")
        room = seen(day).conference
        await day.ask(i.CompleteTransfer("alice"))
        await day.becomes("alice", "available")
        there = next(view_of_conference(each) for each in day.states(Conference) if each.id == room)
        assert [(each.role, each.whom) for each in there.participants] == [("caller", ""), ("third", OUTSIDE)]
        assert (there.call, there.queue, there.handed_over) == (anna.leg.id, "support", True)


async def test_a_participants_rights_are_changed_by_the_leg_that_the_views_show(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    async with opened(people("alice")) as day, at_the_door(redis, keys, "ops") as ops:
        await day.log_in("alice")
        await day.rings().talks_with("alice")
        there = seen(day)
        caller = next(each.leg for each in there.participants if each.role == "caller")
        past = await ops.asks(i.UpdateParticipant(there.conference, caller, end_conference_on_exit=True))
        assert (past.state, past.reason) == ("done", None)
        part = day.centre.emulator.telephony.conferences.by_id[there.conference].participant(caller)
        assert part is not None
        assert part.manner.end_conference_on_exit


@pytest.mark.parametrize(("does", "why"), [("busy", "busy"), ("unknown", "unknown number or address")])
async def test_who_is_asked_in_and_does_not_come_is_told(opened: Opening, does: str, why: str) -> None:
    boss = "sip:boss@sip.telnyx.com"
    phones = {OUTSIDE: msgspec.convert({"does": does}, Phone), boss: msgspec.convert({"does": does}, Phone)}
    async with opened(people("alice"), None, phones, supervisors={"boss": Supervisor(boss)}) as day:
        await day.log_in("alice")
        await day.rings().talks_with("alice")
        await day.ask(i.Supervise("alice", "boss"))
        await until(lambda: seen(day).trouble == f"boss: {why}", lambda: f"the boss does not come: {seen(day)}")
        await day.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        await until(lambda: seen(day).trouble == f"{OUTSIDE}: {why}", lambda: f"nobody comes: {seen(day)}")
        assert not seen(day).held
