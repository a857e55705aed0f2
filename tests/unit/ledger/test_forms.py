"""What a trimmed log begins with is read by every later release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ingress.envelope import Address
from tests.states import ROOT, form_of, full_ledger, kept
from worker.aggregates.call.state import Call
from worker.events import webhooks as w
from worker.events.event import Event
from worker.ledger import forms, image
from worker.ledger.ledger import Ledger
from worker.policy.model import Policy
from worker.testing.centre import small_tenant

POLICY = Policy({"default": small_tenant()})
CHANGED = """
The form of what a log begins with has changed: none of tests/data/states has today's (of an aggregate's state, a
command, a timer, or the head of an image). What to do:
1. As long as CHANGELOG.md names no release, no log begins with the old form. Say `make states` (which is
   .venv/bin/python -m tests.states), and commit what it changes in tests/data/states. No step is to be written.
2. Once a release has been made, its logs begin with states of its form. Keep its file. Where
   test_what_was_kept_by_an_earlier_release_is_read_and_nothing_is_lost passes (fields were added, with defaults that
   are right for a state of before), `make states` adds today's file, and that is all. Where it fails (a field was
   renamed, removed, given another type or meaning, or has no default), append a step to STEPS in
   worker/ledger/forms.py that makes the new form of the old one, and then say `make states`.
"""
LOST = """
{path} was kept by an earlier release, and read today it has lost: {lost}.
As long as CHANGELOG.md names no release, say `make states` and commit what it changes. Afterwards append a step to
STEPS in worker/ledger/forms.py that says what becomes of it.
"""


def parts_of(raw: bytes) -> Iterator[object]:
    """Yield the parts of an image as plain things: its head, then its states."""
    while raw:
        end = image.LENGTH_BYTES + int.from_bytes(raw[: image.LENGTH_BYTES], "big")
        yield msgspec.msgpack.decode(raw[image.LENGTH_BYTES : end])
        raw = raw[end:]


def packed(*parts: object) -> bytes:
    """Return the image that has these parts."""
    encoded = [msgspec.msgpack.encode(part) for part in parts]
    return b"".join(len(part).to_bytes(image.LENGTH_BYTES, "big") + part for part in encoded)


def lost(before: object, after: object, where: str = "") -> Iterator[str]:
    """Yield the places at which *before* has what *after* has not; *after* may have more."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after[key], f"{where}.{key}") if key in after else (f"{where}.{key}",)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from lost(one, other, f"{where}[]")
    elif before != after:
        yield where


def written(ledger: Ledger, head: object) -> list[object]:
    """Return *ledger* as the plain parts of an image, with the fingerprint of another *head*."""
    assert isinstance(head, dict)
    raw = b"".join(image.encode(image.take(ledger, head["position"], head["at_ms"])))
    mine, *states = parts_of(raw)
    assert isinstance(mine, dict)
    return [mine | {"fingerprint": head["fingerprint"]}, *states]


def in_order(parts: list[object]) -> object:
    """Return plain parts with what came from sets in an order: lists of plain words."""

    def ordered(each: object) -> object:
        if isinstance(each, dict):
            return {key: ordered(value) for key, value in each.items()}
        if isinstance(each, list):
            return sorted(each) if all(isinstance(one, str) for one in each) else [ordered(one) for one in each]
        return each

    return ordered(parts)


def test_the_form_of_what_a_log_begins_with_is_one_that_is_kept() -> None:
    today = [path for path in kept() if image.decode_head(path.read_bytes()).fingerprint == image.fingerprint()]
    assert today, CHANGED


def test_each_form_that_there_has_been_is_kept() -> None:
    assert {form_of(path) for path in kept()} == set(range(1, forms.newest() + 1)), CHANGED


@pytest.mark.parametrize("path", kept(), ids=lambda path: path.stem)
def test_what_was_kept_by_an_earlier_release_is_read_and_nothing_is_lost(path: Path) -> None:
    raw = path.read_bytes()
    before = list(parts_of(raw))
    try:
        ledger = image.decode(raw, full_ledger()[1])
    except ValueError as exc:
        pytest.fail(LOST.format(path=path.relative_to(ROOT), lost=f"everything, for it cannot be read: {exc}"))
    if form_of(path) == forms.newest():
        gone = sorted(set(lost(in_order(before), in_order(written(ledger, before[0])))))
        assert not gone, LOST.format(path=path.relative_to(ROOT), lost=", ".join(gone))
    for number, address in enumerate([each for each in ledger.aggregates if each.kind == "call"]):
        at_ms = 1_800_000_100_000 + number
        ends = Event(f"{at_ms}-0", f"e{number}", address, at_ms, at_ms, w.CallHangup(address.id))
        assert ledger.decide(ends, POLICY).error is None


def of_form_1(states: list[dict[str, object]]) -> bytes:
    """Return an image as a first form had it in which calls were legs, with a field of another name and none of one."""
    ledger, _ = full_ledger()
    head, first = parts_of(b"".join(image.encode(image.take(ledger, "5-0", 5))))
    assert isinstance(head, dict)
    assert isinstance(first, list)
    for plain in first:
        if plain["type"] == "call":
            plain["type"], plain["picked_up_ms"] = "leg", plain.pop("answered_ms")
            del plain["retries"]
        states.append(plain)
    del head["form"]
    head["commands"] = head.pop("pending")
    return packed(head, states)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a second form: calls are calls, they are answered and not picked up, commands are pending."""

    def head(plain: forms.Plain) -> forms.Plain:
        return {**plain, "pending": plain["commands"]}

    def state(plain: forms.Plain) -> forms.Plain:
        return {**plain, "type": "call", "answered_ms": plain["picked_up_ms"]} if plain["type"] == "leg" else plain

    monkeypatch.setattr(forms, "STEPS", (forms.Step(head, state),))


@pytest.mark.usefixtures("second")
def test_an_image_of_an_earlier_form_is_led_to_todays_and_goes_on_alike() -> None:
    ledger, waiting = full_ledger()
    again = image.decode(of_form_1([]), waiting)
    assert image.digest(again) == image.digest(ledger)
    assert image.decode_head(of_form_1([])).pending == tuple(ledger.pending.values())
    leg = Address("default", "call", "c1")
    for each in (ledger, again):
        each.decide(Event("9-0", "e9", leg, 9, 9, w.CallHangup("c1")), POLICY)
    assert vars(again) == vars(ledger)
    assert isinstance(again.aggregates[leg], Call)


@pytest.mark.usefixtures("second")
def test_what_is_written_today_is_of_the_newest_form() -> None:
    ledger, waiting = full_ledger()
    raw = b"".join(image.encode(image.take(ledger, "5-0", 5)))
    assert image.decode_head(raw).form == 2
    assert image.digest(image.decode(raw, waiting)) == image.digest(ledger)


def test_without_the_step_and_for_a_later_form_it_is_said_what_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, waiting = full_ledger()
    with pytest.raises(ValueError, match="missing required field `pending`"):
        image.decode(of_form_1([]), waiting)
    head, *states = parts_of(b"".join(image.encode(image.take(ledger, "5-0", 5))))
    assert isinstance(head, dict)
    later = packed(head | {"form": 7}, *states)
    with pytest.raises(ValueError, match="it is of form 7, and this release knows the forms up to 1"):
        image.decode(later, waiting)
    monkeypatch.setattr(forms, "STEPS", (forms.Step(head=lambda plain: {"gone": plain["gone"]}),))
    with pytest.raises(ValueError, match="the step from form 1 to 2: KeyError: 'gone'"):
        image.decode(of_form_1([]), waiting)
