"""What is finished leaves memory after ten minutes of the log's own time, and answers late events until then."""

from __future__ import annotations

import pytest

from ingress.envelope import Address
from ingress.ids import command_id
from ingress.intents import model as i
from ingress.log import Partition
from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.decisions.decision import Refuse, Send, SetTimer
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.outcomes import Outcome, Succeeded
from worker.events.timers import TimerFired
from worker.ledger.ledger import TOMBSTONE_MS, Ledger
from worker.policy.model import Policy
from worker.testing.centre import small_tenant
from worker.views.views import view_of

P = Partition(0)
LEG, OTHER = Address("default", "call", "leg"), Address("default", "call", "other")
POLICY = Policy({"default": small_tenant()})


def event(at_ms: int, body: Body, address: Address = LEG) -> Event:
    return Event(f"{at_ms}-0", f"e{at_ms}", address, at_ms, at_ms, body)


def ended() -> Ledger:
    ledger = Ledger(P)
    ledger.decide(event(1, w.CallInitiated("leg", direction="outgoing", state="bridging")), POLICY)
    ledger.decide(event(2, w.CallHangup("leg")), POLICY)
    return ledger


def test_a_finished_aggregate_leaves_after_its_time_whatever_event_tells_the_time() -> None:
    ledger = ended()
    ledger.decide(event(1 + TOMBSTONE_MS, w.CallHold("other"), OTHER), POLICY)
    assert LEG in ledger.aggregates
    ledger.decide(event(2 + TOMBSTONE_MS, w.CallHold("other"), OTHER), POLICY)
    assert set(ledger.aggregates) == {OTHER}
    assert ledger.finished == {}


def test_a_late_event_finds_the_aggregate_as_it_ended_and_keeps_it_for_its_time_again() -> None:
    ledger = ended()
    ledger.decide(event(500, w.CallInitiated("leg", direction="incoming", state="parked")), POLICY)
    state = ledger.aggregates[LEG]
    assert isinstance(state, Call)
    assert state.over
    assert ledger.pending == {}
    assert ledger.finished == {LEG: 500}


def test_one_that_waits_for_a_command_or_a_timer_is_not_finished() -> None:
    ledger = ended()
    ledger.follow(event(3, w.CallHold("leg")), (Send(c.ReadCall("leg")), SetTimer("x", 10)))
    assert ledger.finished == {}
    name = command_id("default", P, "3-0", 0)
    ledger.follow(event(4, Outcome(name, c.ReadCall("leg"), Succeeded())), ())
    assert ledger.finished == {}
    ledger.follow(event(5, TimerFired("x", 10)), ())
    assert ledger.finished == {LEG: 5}


def test_the_longest_finished_leave_first() -> None:
    ledger = ended()
    ledger.decide(event(50, w.CallHangup("other"), OTHER), POLICY)
    ledger.decide(event(60, w.CallHold("leg")), POLICY)
    assert list(ledger.finished) == [OTHER, LEG]
    ledger.decide(event(50 + TOMBSTONE_MS, w.CallHold("leg")), POLICY)
    assert set(ledger.aggregates) == {LEG}


@pytest.mark.parametrize(
    "intent",
    [
        i.Hold("nobody"),
        i.SetAgentState("nobody", "available"),
        i.CloseQueue("nowhere"),
        i.SetPriority("nowhere", "c", 1),
        i.EndCall("gone"),
        i.UpdateParticipant("gone", "p", end_conference_on_exit=True),
    ],
)
def test_a_refused_intent_for_a_name_that_there_is_not_leaves_nothing(intent: i.AnyIntent) -> None:
    ledger, address = Ledger(P), i.to_of("default", intent)
    taken = ledger.decide(event(1, i.Asked(intent, "desk"), address), POLICY)
    assert [type(act) for act in taken.acts] == [Refuse]
    assert view_of(ledger.aggregates[address]) is None
    ledger.decide(event(2 + TOMBSTONE_MS, w.CallHold("other"), OTHER), POLICY)
    assert address not in ledger.aggregates
