"""What a partition's log and journal amount to: unfinished commands and timers."""

from __future__ import annotations

from ingress.envelope import Address
from ingress.ids import command_id
from ingress.log import Partition
from worker.commands import command as c
from worker.decisions.decision import CancelTimer, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Body, Event
from worker.events.intents import Enrol
from worker.events.outcomes import CallSeen, Observed, Outcome, Succeeded
from worker.events.timers import TimerFired
from worker.ledger.ledger import Ledger, tellings

P3 = Partition(3)
LEG = Address("default", "call", "leg")


def event(number: int, body: Body) -> Event:
    return Event(f"{number}-0", f"e{number}", LEG, number, number, body)


def ledger_with(*acts: Send | SetTimer | CancelTimer) -> Ledger:
    """Return a ledger in which the event 1-0 led to *acts*."""
    ledger = Ledger(P3)
    cause = event(1, Enrol("test"))
    ledger.follow(cause, acts)
    return ledger


def test_a_command_is_pending_until_its_own_outcome_comes() -> None:
    ledger = ledger_with(Send(c.Answer("leg")), Send(c.ReadCall("leg")))
    answer, read = (command_id("default", P3, "1-0", index) for index in (0, 1))
    assert list(ledger.pending) == [answer, read]
    ledger.follow(event(2, Outcome("another", c.Answer("leg"), Succeeded())), ())
    assert list(ledger.pending) == [answer, read]
    ledger.follow(event(3, Outcome(answer, c.Answer("leg"), Succeeded())), ())
    assert list(ledger.pending) == [read]
    ledger.follow(event(4, Observed(read, c.ReadCall("leg"), CallSeen(alive=True))), ())
    assert ledger.pending == {}


def test_a_timer_that_was_set_again_outlives_the_firing_of_the_one_before() -> None:
    ledger = ledger_with(SetTimer("x", 100), SetTimer("x", 200))
    assert [timer.due_ms for timer in ledger.timers.values()] == [200]
    ledger.follow(event(2, TimerFired("x", 100)), ())
    assert [timer.due_ms for timer in ledger.timers.values()] == [200]
    ledger.follow(event(3, TimerFired("x", 200)), ())
    assert ledger.timers == {}


def test_a_cancelled_timer_is_forgotten_and_cancelling_none_is_harmless() -> None:
    assert ledger_with(SetTimer("x", 100), CancelTimer("x"), CancelTimer("y")).timers == {}


def test_a_firing_and_a_notice_are_named_by_the_act_that_led_to_them() -> None:
    ledger = ledger_with(Send(c.Answer("leg")), SetTimer("x", 100))
    assert [timer.event_id for timer in ledger.timers.values()] == ["t:3:1-0:1"]
    tell = Tell(Address("default", "queue", "support"), n.CallerGone("leg", 0))
    (told,) = tellings(P3, "1-0", LEG, (CancelTimer("x"), tell))
    assert told == ("n:3:1-0:1", tell.to, n.Told(LEG, tell.notice))
