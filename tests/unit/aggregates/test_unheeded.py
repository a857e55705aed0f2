"""A hold or a mute that Telnyx accepts and does not do: seen in a look at the participants, and commanded anew."""

from __future__ import annotations

import pytest

from ingress.intents import model as i
from worker.aggregates.conference.manner import MAX_UNHEEDED
from worker.aggregates.differences import differences
from worker.commands import command as c
from worker.events.outcomes import Observed, ParticipantsSeen
from worker.testing.conversation import LEG, Conversation


@pytest.fixture
def talk() -> Conversation:
    """Return a conversation of alice with c1."""
    conversation = Conversation()
    conversation.begin()
    return conversation


def look(
    talk: Conversation, *, held: tuple[str, ...] | None = (), muted: tuple[str, ...] | None = (), at_ms: int = 0
) -> tuple[str, ...]:
    """Look at the participants, now or then; return what differs: if nothing does, the log does not have the look."""
    talk.now_ms += 10
    seen = Observed(
        "look", c.ReadParticipants("room"), ParticipantsSeen((LEG, "c1"), held, muted), at_ms or talk.now_ms
    )
    found = differences(talk.state, seen)
    if found:
        talk.see(seen)
    return found


@pytest.mark.parametrize(
    ("ask", "undo", "command", "other"),
    [
        (i.Hold("alice"), i.Hold("alice", on=False), c.Hold, c.Unhold),
        (i.Mute("alice"), i.Mute("alice", on=False), c.Mute, c.Unmute),
    ],
)
def test_what_was_accepted_and_not_done_is_commanded_anew(
    talk: Conversation, ask: i.CareIntent, undo: i.CareIntent, command: type[c.AnyCommand], other: type[c.AnyCommand]
) -> None:
    held, muted = (("c1",), ()) if command is c.Hold else ((), (LEG,))
    talk.ask(ask)
    talk.succeed(command)
    assert look(talk, held=held, muted=muted) == ()
    assert look(talk) == ("unheeded",)
    assert [type(x) for x in talk.open()] == [command]
    talk.succeed(command)
    assert look(talk, held=held, muted=muted) == ()
    talk.ask(undo)
    talk.succeed(other)
    assert look(talk) == ()
    assert look(talk, held=held, muted=muted) == ("unheeded",)
    assert [type(x) for x in talk.open()] == [other]


def test_nothing_is_made_of_a_look_that_is_older_than_what_was_accepted(talk: Conversation) -> None:
    before_ms = talk.now_ms
    talk.ask(i.Hold("alice"))
    assert look(talk) == (), "it is under way"
    talk.succeed(c.Hold)
    assert look(talk, at_ms=before_ms) == ()


def test_a_telnyx_that_is_not_to_be_moved_is_left_alone(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    for _ in range(MAX_UNHEEDED):
        talk.succeed(c.Hold)
        assert look(talk) == ("unheeded",)
    talk.succeed(c.Hold)
    assert look(talk) == ()
    talk.leave("c1")
    talk.begin("c2")
    assert talk.state.unheeded == {}


def test_nothing_is_made_of_a_look_that_did_not_tell_or_of_what_was_never_commanded(talk: Conversation) -> None:
    assert look(talk, held=("c1",), muted=(LEG,)) == ()
    talk.ask(i.Hold("alice"))
    talk.succeed(c.Hold)
    assert look(talk, held=None, muted=None) == ()
