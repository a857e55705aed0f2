"""An aggregate whose code raises stops alone; what comes for it waits in order, until somebody releases it."""

from __future__ import annotations

import pytest

from ingress.envelope import Address
from ingress.log import Partition
from worker.aggregates.call.state import Call
from worker.commands import command as c
from worker.decisions.decision import Act, Quarantine, Send
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.intents import Release
from worker.events.outcomes import Outcome, Succeeded
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.testing.centre import NUMBER, small_tenant

P = Partition(0)
LEG, OTHER = Address("default", "call", "leg"), Address("default", "call", "other")
POLICY = Policy({"default": small_tenant()})
RINGS = w.CallInitiated("leg", direction="incoming", state="parked", to=NUMBER)


def event(at_ms: int, body: Body, address: Address = LEG) -> Event:
    return Event(f"{at_ms}-0", f"e{at_ms}", address, at_ms, at_ms, body)


def followed(journal: list[tuple[Event, tuple[Act, ...]]]) -> Ledger:
    """Return what the events come to with what was decided upon them."""
    ledger = Ledger(P)
    for cause, acts in journal:
        ledger.follow(cause, acts)
    return ledger


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


def test_what_newer_code_could_not_bear_is_journaled_with_the_next_event(poison: list[type]) -> None:
    bad, good = poison.copy(), list[type]()
    poison[:] = good
    first = Ledger(P)
    journal = [(e, first.decide(e, POLICY).acts) for e in (event(1, RINGS), event(2, w.CallHold("leg")))]
    # A release comes that raises upon the second one.
    poison[:] = bad
    live = followed(journal)
    assert not live.faithful
    waits = event(3, w.CallAnswered("leg"))
    (said,) = live.decide(waits, POLICY).acts
    assert isinstance(said, Quarantine)
    assert (said.error, said.at) == ("ZeroDivisionError: of the test", "2-0")
    journal.append((waits, (said,)))
    also = event(4, w.CallUnhold("leg"))
    assert live.decide(also, POLICY).acts == ()
    journal.append((also, ()))
    assert image.digest(followed(journal)) == image.digest(live)
    assert followed(journal).decide(event(5, w.CallHold("leg")), POLICY).acts == ()
    # And one that is mended: it takes in what the first release did, and holds what the second one held.
    poison[:] = good
    mended = followed(journal)
    assert mended.faithful
    assert [each.id for each in mended.quarantined[LEG].held] == ["3-0", "4-0"]
    release = event(6, Release("test"))
    journal.append((release, mended.decide(release, POLICY).acts))
    assert image.digest(followed(journal)) == image.digest(mended)
    state = mended.aggregates[LEG]
    assert isinstance(state, Call)
    assert state.answered_ms == 3


def test_what_was_decided_upon_events_after_the_one_that_newer_code_cannot_bear_stands_too(poison: list[type]) -> None:
    poison.clear()
    live = Ledger(P)
    causes = [event(1, RINGS), event(2, w.CallHold("leg")), event(3, w.CallAnswered("leg"))]
    journal = [(cause, live.decide(cause, POLICY).acts) for cause in causes]
    assert journal[-1][1]
    poison.append(w.CallHold)
    assert followed(journal).pending == live.pending


def test_a_ledger_with_a_bound_holds_the_first_events_alone_and_comes_to_the_same(poison: list[type]) -> None:
    whole, bound = Ledger(P), Ledger(P, most_held=2)
    bodies: list[Body] = [RINGS, w.CallHold("leg"), w.CallUnhold("leg"), w.CallUnhold("leg"), w.CallAnswered("leg")]
    causes = [event(number, body) for number, body in enumerate(bodies, 1)]
    for cause in causes:
        assert whole.decide(cause, POLICY).acts == bound.decide(cause, POLICY).acts
    aside = bound.quarantined[LEG]
    assert ([each.id for each in aside.held], aside.later) == (["2-0", "3-0"], ["4-0", "5-0"])
    assert image.digest(bound) == image.digest(whole)
    raw = b"".join(image.encode(image.take(bound, "5-0", 5)))
    again = image.decode(raw, {cause.id: cause for cause in causes[1:3]}, most_held=2)
    assert vars(again) == vars(bound)
    release = event(6, Release("test", without="4-0"))
    assert again.lacking(release) == ["5-0"]
    assert again.lacking(causes[0]) == []
    with pytest.raises(LookupError, match="wait for 6-0 were not supplied"):
        bound.decide(release, POLICY)
    for _ in range(2):
        # It raises again, and then it does not.
        taken = whole.decide(release, POLICY)
        assert again.decide(release, POLICY, causes[4:]).acts == taken.acts
        assert image.digest(again) == image.digest(whole)
        poison.clear()
    assert again.quarantined == {}
    assert taken.commands


def test_one_that_kills_is_set_aside_without_being_looked_at() -> None:
    ledger = Ledger(P)
    assert ledger.set_aside(event(1, RINGS), "killed").acts == (Quarantine("killed"),)
    assert LEG not in ledger.aggregates
