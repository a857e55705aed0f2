"""An aggregate whose code raises stops alone; what comes for it waits in order, until somebody releases it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingress.envelope import Address
from ingress.log import Partition
from worker.aggregates import machine
from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.decisions.decision import Quarantine, Send
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.intents import Release
from worker.events.outcomes import Outcome, Succeeded
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.testing.centre import NUMBER, small_tenant

P = Partition(0)
LEG, OTHER = Address("default", "call", "leg"), Address("default", "call", "other")
POLICY = Policy({"default": small_tenant()})
RINGS = w.CallInitiated("leg", direction="incoming", state="parked", to=NUMBER)


def event(at_ms: int, body: Body, address: Address = LEG) -> Event:
    return Event(f"{at_ms}-0", f"e{at_ms}", address, at_ms, at_ms, body)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[type]]:
    """Return the types of events upon which folding raises; what is taken out of it is mended."""
    bad: list[type] = [w.CallHold]
    fold = machine.fold

    def raising(state: machine.AggregateState, cause: Event) -> machine.AggregateState:
        if type(cause.body) in bad:
            raise ZeroDivisionError("of the test")
        return fold(state, cause)

    monkeypatch.setattr(machine, "fold", raising)
    yield bad


def test_the_event_waits_with_all_that_come_after_it_and_others_go_on(poison: list[type]) -> None:
    ledger = Ledger(P)
    (answer,) = ledger.decide(event(1, RINGS), POLICY).commands
    taken = ledger.decide(event(2, w.CallHold("leg")), POLICY)
    (act,) = taken.acts
    assert isinstance(act, Quarantine)
    assert act.error == "ZeroDivisionError: of the test"
    assert act.trace.splitlines()[0].startswith("worker/ledger/ledger.py:")
    assert "in raising: raise ZeroDivisionError" in act.trace.splitlines()[-1]
    assert isinstance(taken.error, ZeroDivisionError)
    before = ledger.aggregates[LEG]
    assert ledger.decide(event(3, w.CallAnswered("leg")), POLICY).acts == ()
    assert ledger.aggregates[LEG] is before
    assert [waits.id for waits in ledger.quarantined[LEG].held] == ["2-0", "3-0"]
    assert ledger.decide(event(4, RINGS, OTHER), POLICY).commands
    ledger.decide(event(5, Outcome(answer.command_id, answer.command, Succeeded())), POLICY)
    assert answer.command_id not in ledger.pending


def test_a_release_takes_in_what_waits_and_decides_once(poison: list[type]) -> None:
    ledger = Ledger(P)
    ledger.decide(event(1, RINGS), POLICY)
    ledger.decide(event(2, w.CallHold("leg")), POLICY)
    ledger.decide(event(3, w.CallAnswered("leg")), POLICY)
    again = ledger.decide(event(4, Release("test")), POLICY)
    assert [act.error for act in again.acts if isinstance(act, Quarantine)] == ["ZeroDivisionError: of the test"]
    assert [waits.id for waits in ledger.quarantined[LEG].held] == ["2-0", "3-0"]
    poison.clear()
    taken = ledger.decide(event(5, Release("test")), POLICY)
    assert any(isinstance(act, Send) and isinstance(act.command, c.Speak) for act in taken.acts)
    assert ledger.quarantined == {}
    state = ledger.aggregates[LEG]
    assert isinstance(state, Call)
    assert state.answered_ms == 3


def test_without_the_event_that_raised_the_rest_is_taken_in(poison: list[type]) -> None:
    ledger = Ledger(P)
    bodies: list[Body] = [RINGS, w.CallHold("leg"), w.CallAnswered("leg")]
    for number, body in enumerate(bodies, 1):
        ledger.decide(event(number, body), POLICY)
    assert ledger.decide(event(4, Release("test", without="2-0")), POLICY).commands
    assert ledger.quarantined == {}


def test_after_a_release_that_gets_further_the_event_that_raised_is_another(poison: list[type]) -> None:
    ledger = Ledger(P)
    bodies: list[Body] = [RINGS, w.CallHold("leg"), w.CallAnswered("leg"), w.CallUnhold("leg")]
    for number, body in enumerate(bodies, 1):
        ledger.decide(event(number, body), POLICY)
    poison[:] = [w.CallUnhold]
    (act,) = ledger.decide(event(5, Release("test")), POLICY).acts
    assert isinstance(act, Quarantine)
    assert act.at == "4-0"
    assert ledger.decide(event(6, Release("test", without=act.at)), POLICY).commands
    assert ledger.quarantined == {}


def test_a_replay_finds_the_same_even_when_the_code_has_been_mended(poison: list[type]) -> None:
    live, later = Ledger(P), Ledger(P)
    bodies: list[Body] = [RINGS, w.CallHold("leg"), w.CallAnswered("leg"), Release("a", without="2-0"), RINGS]
    decided = [(e, live.decide(e, POLICY).acts) for e in (event(n, body) for n, body in enumerate(bodies, 1))]
    poison.clear()
    for cause, acts in decided:
        later.follow(cause, acts)
    assert (later.aggregates, later.pending, later.timers) == (live.aggregates, live.pending, live.timers)


def test_what_is_decided_stands_when_newer_code_raises_upon_its_cause(poison: list[type]) -> None:
    poison.clear()
    live, later = Ledger(P), Ledger(P)
    causes = [event(1, RINGS), event(2, w.CallAnswered("leg"))]
    decided = [(cause, live.decide(cause, POLICY).acts) for cause in causes]
    poison.append(w.CallAnswered)
    for cause, acts in decided:
        later.follow(cause, acts)
    assert later.pending == live.pending
    assert set(later.quarantined) == {LEG}


def test_one_that_kills_is_set_aside_without_being_looked_at() -> None:
    ledger = Ledger(P)
    assert ledger.set_aside(event(1, RINGS), "killed").acts == (Quarantine("killed"),)
    assert LEG not in ledger.aggregates
