"""A step of a history is said in the words of the field, with what changed and what was decided."""

from __future__ import annotations

import pytest

from ingress.envelope import Address
from worker.aggregates import machine
from worker.commands import command as c
from worker.decisions.decision import Decision
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Outcome, Refused
from worker.replay.render import lines_of, without_keys
from worker.replay.source import Step
from worker.testing.centre import NUMBER, small_tenant

CALL = Address("default", "call", "c1")
NOON_MS = 1_779_278_400_000


def step(body: w.Delivered | Outcome) -> list[str]:
    event = Event("1-0", "e", CALL, NOON_MS, NOON_MS, body)
    before = machine.new(CALL)
    after = machine.fold(before, event)
    acts = machine.decide(after, event, small_tenant())
    return list(lines_of(Step(event, before, machine.adopt(after, acts), Decision(CALL, acts))))


def test_a_webhook_is_shown_with_its_effects() -> None:
    lines = step(w.CallInitiated("c1", direction="incoming", state="parked", to=NUMBER))
    assert lines[0].startswith("2026-05-20 12:00:00.000  webhook  call initiated call_control_id=c1")
    assert f"    dialled: none → {NUMBER}" in lines
    assert "    initiated_ms: none → 2026-05-20 12:00:00.000" in lines
    assert "    → send answer call=c1" in lines
    assert "    → set timer answered for 2026-05-20 12:00:05.000" in lines


def test_an_outcome_says_why_it_was_refused() -> None:
    refused = Refused(422, "90018", "Call has already ended", "gone")
    (first, *_) = step(Outcome("k", c.Answer("c1"), refused))
    assert first.endswith("outcome  answer: refused 422 90018 (gone): Call has already ended")


def test_an_event_that_nothing_acts_upon_is_shown_as_such() -> None:
    (first, *_) = step(w.Other("call.something.new"))
    assert first.endswith("webhook  call.something.new (an event type that is not known here; nothing acts upon it)")


def test_a_known_event_that_nothing_acts_upon_is_shown_with_its_fields() -> None:
    lines = step(w.CallHold("c1", connection_id="1"))
    assert lines[0].endswith("webhook  call hold call_control_id=c1 connection_id=1")
    assert "    others: [] → ['call.hold']" in lines


def test_what_is_not_documented_is_pointed_out() -> None:
    (first, *_) = step(w.CallHangup("c1", hangup_cause="weird", misread=("tags",)))
    assert first.endswith(
        "call hangup call_control_id=c1 hangup_cause=weird"
        ' (tags is not of its documented type) (hangup_cause "weird" is not documented)'
    )


def test_what_lacks_its_ids_is_shown_with_the_reason() -> None:
    (first, *_) = step(w.decode_webhook("call.answered", b'{"payload":{}}'))
    assert first.endswith("webhook  call.answered (not as documented: Object missing required field `call_control_id`)")


def test_a_body_is_shown_without_the_keys_that_were_pressed() -> None:
    raw = '{"data":{"payload":{"digits": "4711","from":"+1555"}}}'
    assert without_keys(raw) == '{"data":{"payload":{"digits": "•","from":"+1555"}}}'
    assert without_keys('{"digit":"7"}') == '{"digit":"•"}'


@pytest.mark.parametrize("body", [w.GatherEnded("c1", digits="4711", status="valid"), w.DtmfReceived("c1", digit="7")])
def test_keys_that_were_pressed_are_never_shown(body: w.Delivered) -> None:
    text = "\n".join(step(body))
    assert "7" not in text.partition("webhook")[2]
    assert "•" in text
