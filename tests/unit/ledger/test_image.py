"""A snapshot holds a ledger whole, or is not read."""

from __future__ import annotations

import pytest

from ingress.envelope import Address
from ingress.log import Partition
from worker.commands import command as c
from worker.decisions.decision import Quarantine, Send, SetTimer
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.testing.centre import NUMBER, small_tenant

P = Partition(3)
POLICY = Policy({"default": small_tenant()})


def event(at_ms: int, body: Body, call: str) -> Event:
    return Event(f"{at_ms}-0", f"e{at_ms}", Address("default", "call", call), at_ms, at_ms, body)


def full_ledger() -> Ledger:
    """Return a ledger with everything in it that one can hold."""
    ledger = Ledger(P)
    for number in range(2 * image.CHUNK):
        call = f"c{number}"
        rings = w.CallInitiated(call, direction="incoming", state="parked", to=NUMBER)
        ledger.decide(event(number, rings, call), POLICY)
    ledger.decide(event(300, w.CallHangup("done"), "done"), POLICY)
    ledger.follow(event(301, w.CallHold("x"), "x"), (Send(c.ReadCall("x")), SetTimer("t", 999)))
    ledger.follow(event(302, w.CallHold("bad"), "bad"), (Quarantine("of the test"),))
    ledger.follow(event(303, w.CallHold("bad"), "bad"), ())
    return ledger


def written(ledger: Ledger) -> bytes:
    return b"".join(image.encode(image.take(ledger, "303-0", 1)))


def test_a_ledger_comes_back_as_it_was_and_goes_on_alike() -> None:
    ledger = full_ledger()
    held = {waits.id: waits for aside in ledger.quarantined.values() for waits in aside.held}
    again = image.decode(written(ledger), held)
    assert vars(again) == vars(ledger)
    assert image.digest(again) == image.digest(ledger)
    for each in (ledger, again):
        each.decide(event(400, w.CallAnswered("c1"), "c1"), POLICY)
    assert vars(again) == vars(ledger)


def test_a_picture_is_of_one_moment_whatever_happens_while_it_is_written() -> None:
    ledger = full_ledger()
    parts = image.encode(image.take(ledger, "303-0", 1))
    begun = next(parts)
    ledger.decide(event(400, w.CallHangup("c1"), "c1"), POLICY)
    assert begun + b"".join(parts) == written(full_ledger())


def test_what_is_cut_short_or_something_else_is_not_read() -> None:
    raw = written(full_ledger())
    for damaged in (b"", raw[:3], raw[:100], raw[:-1], raw[: len(raw) // 2], b"\x00" * 50):
        with pytest.raises(ValueError):
            image.decode(damaged, {})


def test_without_an_event_that_waits_in_quarantine_it_is_not_read() -> None:
    with pytest.raises(ValueError, match="default/call:bad is in quarantine, and of the events that wait 303-0 cannot"):
        image.decode(written(full_ledger()), {"302-0": event(302, w.CallHold("bad"), "bad")})


def test_a_digest_tells_which_aggregate_differs() -> None:
    one, other = full_ledger(), full_ledger()
    other.decide(event(400, w.CallHangup("c1"), "c1"), POLICY)
    differing = {name for name, value in image.digest(one).items() if image.digest(other).get(name) != value}
    assert "default/call:c1" in differing
    assert len(differing) <= 2
