"""What a look at Telnyx is held against, what counts as a difference, and how each is healed."""

from __future__ import annotations

import pytest

from ingress.envelope import AggregateKind
from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.aggregates.differences import RINGS_AT_MOST_MS, differences, look_again, look_at
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.outcomes import CallSeen, Observed, ParticipantsSeen, Queued, QueueSeen, Seen, StatusSeen
from worker.testing.centre import NUMBER, Centre

MARK = encode_client_state(ClientState(owner="agent:alice"))


def look(centre: Centre, kind: AggregateKind, ident: str, seen: Seen, *, at_ms: int | None = None) -> tuple[str, ...]:
    """Have something looked at, take in what was seen if it differs, and return in what it did."""
    state = centre.states[centre.address(kind, ident)]
    read = look_at(state, centre.policy, centre.now_ms) or c.ReadConference(ident)
    observed = Observed("look", read, seen, centre.now_ms if at_ms is None else at_ms)
    found = differences(state, observed)
    if found:
        centre.tell(kind, ident, observed)
    return found


def connected(centre: Centre) -> None:
    """A caller talks with an agent."""
    centre.agent_up("alice")
    centre.ring("c1")
    centre.join("c1")
    centre.now_ms += 1_000


def waiting(*calls: str) -> QueueSeen:
    """Return what Telnyx shows of a queue with these callers in it."""
    return QueueSeen(tuple(Queued(call, "+15550100", NUMBER) for call in calls))


def test_what_agrees_is_no_difference(centre: Centre) -> None:
    connected(centre)
    centre.ring("c2")
    assert look(centre, "call", "c1", CallSeen(alive=True)) == ()
    assert look(centre, "conference", "room-alice", ParticipantsSeen(("leg-alice", "c1"))) == ()
    assert look(centre, "conference", "room-alice", StatusSeen(ended=False)) == ()
    assert look(centre, "queue", "support", waiting("c2")) == ()


def test_a_talking_caller_whose_leg_is_gone_frees_the_agent_and_leaves_the_conference(centre: Centre) -> None:
    connected(centre)
    assert look(centre, "call", "c1", CallSeen(alive=False)) == ("ended",)
    assert centre.agent("alice").duty == "wrapping-up"
    assert not centre.queue().callers
    room = centre.states[centre.address("conference", "room-alice")]
    assert isinstance(room, Conference)
    assert not room.inside("c1")


def test_a_talking_caller_who_is_not_in_the_conference_has_left(centre: Centre) -> None:
    connected(centre)
    assert look(centre, "conference", "room-alice", ParticipantsSeen(("leg-alice",))) == ("left",)
    assert centre.agent("alice").duty == "wrapping-up"
    centre.advance(5)
    assert [s.command for s in centre.open(c.Hangup)] == [c.Hangup("c1")]


def test_a_caller_who_has_come_in_unheard_is_connected(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.now_ms += 1_000
    assert look(centre, "conference", "room-alice", ParticipantsSeen(("leg-alice", "c1"))) == ("joined",)
    assert centre.agent("alice").duty == "busy"


def test_a_look_of_before_a_caller_was_expected_connects_nobody(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    old = ParticipantsSeen(("leg-alice", "c1"))
    assert look(centre, "conference", "room-alice", old, at_ms=centre.now_ms) == ()
    assert centre.agent("alice").duty == "reserved"


def test_what_is_younger_than_a_look_is_not_undone_by_it(centre: Centre) -> None:
    asked_ms = centre.now_ms
    centre.now_ms += 1
    connected(centre)
    assert look(centre, "conference", "room-alice", ParticipantsSeen(()), at_ms=asked_ms) == ()
    assert centre.agent("alice").duty == "busy"


def test_a_conference_that_has_ended_is_replaced(centre: Centre) -> None:
    centre.agent_up("alice")
    assert look(centre, "conference", "room-alice", StatusSeen(ended=True)) == ("ended",)
    assert centre.agent("alice").duty == "delayed"
    assert centre.open(c.CreateConference)


def test_an_agents_leg_that_is_gone_is_dialled_again(centre: Centre) -> None:
    centre.agent_up("alice")
    assert look(centre, "call", "leg-alice", CallSeen(alive=False)) == ("ended",)
    centre.advance(30)
    assert centre.open(c.Dial)


def test_a_leg_of_which_nothing_is_known_is_a_stranger_in_a_conference_and_is_left_alone(centre: Centre) -> None:
    centre.agent_up("bob")
    centre.now_ms += 1_000
    assert look(centre, "conference", "room-bob", ParticipantsSeen(("leg-bob", "other"))) == ("joined", "stranger")
    assert not centre.open(c.LeaveConference)


def test_a_caller_who_waits_and_sits_in_a_conference_is_a_stranger_there_and_leaves_it(centre: Centre) -> None:
    centre.ring("c1")
    centre.tell("conference", "room", n.Told(centre.address("agent", "eve"), n.ConferenceReady("eve", "leg", 0)))
    assert "stranger" in look(centre, "conference", "room", ParticipantsSeen(("leg", "c1")))
    assert [s.command for s in centre.open(c.LeaveConference)] == [c.LeaveConference("room", "c1")]


def test_an_unexpected_caller_who_waits_is_taken_out_and_enqueued_again(centre: Centre) -> None:
    centre.ring("c1")
    sender = centre.address("conference", "room-x")
    for _ in range(2):
        centre.tell("call", "c1", n.Told(sender, n.Unexpected("room-x")))
    assert [s.command for s in centre.open(c.LeaveConference)] == [c.LeaveConference("room-x", "c1")]
    centre.succeed(centre.last(c.LeaveConference))
    centre.succeed(centre.last(c.Enqueue))
    assert set(centre.queue().callers) == {"c1"}
    centre.agent_up("alice")
    assert [s.command for s in centre.open(c.JoinConference)] == [c.JoinConference("room-alice", "c1")]


def test_an_expected_caller_does_not_leave_for_a_look_that_is_late(centre: Centre) -> None:
    connected(centre)
    centre.tell("call", "c1", n.Told(centre.address("conference", "room-alice"), n.Unexpected("room-alice")))
    assert not centre.open(c.LeaveConference)


def test_a_caller_whom_telnyx_let_go_of_the_queue_enters_it_again(centre: Centre) -> None:
    centre.ring("c1")
    centre.now_ms += 1_000
    entered = len([s for s in centre.sent if isinstance(s.command, c.Enqueue)])
    assert look(centre, "queue", "support", waiting()) == ("missing",)
    assert len([s for s in centre.sent if isinstance(s.command, c.Enqueue)]) == entered + 1
    centre.succeed(centre.last(c.Enqueue))
    assert set(centre.queue().callers) == {"c1"}
    assert centre.queue().tally.offered == 1


def test_a_caller_of_whom_only_telnyx_knows_is_offered_to_an_agent(centre: Centre) -> None:
    centre.ring("c0")
    centre.hang_up("c0")
    centre.now_ms += 1_000
    assert look(centre, "queue", "support", waiting("c1")) == ("unknown",)
    centre.agent_up("alice")
    assert [s.command for s in centre.open(c.JoinConference)] == [c.JoinConference("room-alice", "c1")]
    assert not centre.open(c.Answer, c.Speak, c.Enqueue, c.Hangup)


def test_a_caller_who_has_ended_is_not_brought_back_by_an_old_look(centre: Centre) -> None:
    centre.ring("c1")
    centre.hang_up("c1")
    assert look(centre, "queue", "support", waiting("c1")) == ()
    assert not centre.queue().callers


def test_a_leg_that_rings_is_not_asked_for_until_it_cannot_ring_any_more(centre: Centre) -> None:
    dialled = w.CallInitiated("leg", client_state=MARK, direction="outgoing", state="bridging")
    centre.tell("call", "leg", dialled)
    leg = centre.states[centre.address("call", "leg")]
    assert isinstance(leg, Call)
    assert look_at(leg, centre.policy, centre.now_ms) is None
    assert look_at(leg, centre.policy, centre.now_ms + RINGS_AT_MOST_MS + 1) == c.ReadCall("leg")
    centre.tell("call", "leg", w.CallAnswered("leg", client_state=MARK))
    assert look_at(centre.states[leg.address], centre.policy, centre.now_ms) == c.ReadCall("leg")


def test_what_is_over_and_an_agent_himself_are_not_asked_for(centre: Centre) -> None:
    connected(centre)
    centre.hang_up("c1", "room-alice")
    assert look_at(centre.states[centre.address("call", "c1")], centre.policy, centre.now_ms) is None
    assert look_at(centre.agent("alice"), centre.policy, centre.now_ms) is None


@pytest.mark.parametrize(("inside", "again"), [((), c.ReadConference("room")), (("leg",), None)])
def test_only_of_an_empty_conference_it_is_asked_whether_it_has_ended(
    inside: tuple[str, ...], again: c.Read | None
) -> None:
    assert look_again(c.ReadParticipants("room"), ParticipantsSeen(inside)) == again
