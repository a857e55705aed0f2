"""An intent is read out of a body; what is wrong is said with its place."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.intents import model as m
from ingress.intents.reading import BodyError, read_intent

MOVE = b'{"intent": "move_caller", "queue": "q", "call": "c", "to": {"queue": "a", "agent": "b"}}'
WARM = b'{"intent": "transfer", "agent": "a", "to": {"queue": "q"}, "how": "warm"}'
ABROAD = b'{"intent": "transfer", "agent": "a", "to": {"number": "x"}}'
SLEEPING = b'{"intent": "set_agent_state", "agent": "a", "state": "sleeping"}'


def test_an_intent_is_read() -> None:
    body = b'{"intent": "transfer", "agent": "alice", "to": {"queue": "sales"}}'
    assert read_intent(body) == m.Transfer("alice", m.Target(queue="sales"))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "not JSON"),
        (b"\xff", 400, "not JSON"),
        (b"[]", 422, "not a JSON object"),
        (b"{}", 422, "`intent` is missing: it is one of set_agent_state,"),
        (b'{"intent": "hodl", "agent": "a"}', 422, "there is no intent 'hodl'; is hold meant?"),
        (b'{"intent": 5}', 422, "there is no intent 5; there are set_agent_state"),
        (b'{"intent": "hold"}', 422, "hold: object missing required field `agent`"),
        (b'{"intent": "hold", "agent": "a", "of": 1}', 422, "hold: object contains unknown field `of`"),
        (b'{"intent": "hold", "agent": "a", "on": 1}', 422, "hold: on: expected `bool`, got `int`"),
        (ABROAD, 422, "transfer: to.number: it must be a number with + and country code"),
        (b'{"intent": "mute", "agent": 1}', 422, "mute: agent: expected `str`, got `int`"),
        (SLEEPING, 422, "set_agent_state: state: 'sleeping' is not one of available, offline, paused"),
        (b'{"intent": "transfer", "agent": "a", "to": {}}', 422, "of queue, agent, number, voicemail; there is none"),
        (MOVE, 422, "there are queue, agent"),
        (WARM, 422, "to: a warm transfer is to a number or an agent; to a queue or a voicemail it is cold"),
        (WARM.replace(b"queue", b"voicemail"), 422, "to: a warm transfer is to a number"),
        (b'{"intent": "say", "agent": "a"}', 422, "exactly one of text and audio"),
        (b'{"intent": "update_participant", "conference": "c", "participant": "p"}', 422, "at least one right"),
    ],
)  # fmt: skip
def test_what_is_no_intent_is_refused_with_its_reason(body: bytes, status: int, told: str) -> None:
    with pytest.raises(BodyError) as raised:
        read_intent(body)
    assert raised.value.status == status
    assert told in str(raised.value)


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"x": %b, "intent": "hold", "agent": "a"}',
        b'{"intent": "hold", "agent": "a", "x": %b}',
        b'{"intent": "hold", "agent": 1, "x": %b}',
        b'{"intent": "hodl", "x": %b}',
    ],
)
def test_what_is_nested_too_deeply_to_be_read_is_refused_wherever_it_stands(body: bytes) -> None:
    with pytest.raises(BodyError, match="not JSON") as raised:
        read_intent(body % DEEP)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"intent": "add_party", "agent": "a", "number": "+13125550131\\n"}', "number: it must be a number with +"),
        (b'{"intent": "send_dtmf", "agent": "a", "digits": "1\\n"}', "digits: it must be 1 to 100 of the keys"),
        (b'{"intent": "say", "agent": "a", "audio": "file:///etc/passwd"}', "audio: it must be the address of a file"),
        (b'{"intent": "collect", "agent": "a", "audio": ""}', "audio: it must be the address of a file"),
        (b'{"intent": "hold", "agent": ""}', "agent: it must be a name of 1 to 255 characters"),
        (
            b'{"intent": "set_agent_state", "agent": "a", "state": "paused", "reason": "%b"}' % (b"x" * 256),
            "reason: it must be a text of at most 255 characters",
        ),
    ],
)
def test_what_telnyx_or_a_wallboard_could_not_use_is_refused_at_the_door(body: bytes, told: str) -> None:
    with pytest.raises(BodyError) as raised:
        read_intent(body)
    assert told in str(raised.value)


@pytest.mark.parametrize("body", [b'{"intent": "%b"}', b'{"intent": "set_agent_state", "agent": "a", "state": "%b"}'])
def test_of_what_somebody_has_sent_little_is_repeated(body: bytes) -> None:
    with pytest.raises(BodyError) as raised:
        read_intent(body % (b"x" * 60_000))
    assert len(str(raised.value)) < 600


@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(msgspec.json.encode))
def test_no_body_raises_anything_else(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_intent(body)
