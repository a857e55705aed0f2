"""A caller's way through call, queue, agent and conference, and what breaks it."""

from __future__ import annotations

import pytest

from worker.aggregates.call.state import Call
from worker.aggregates.conference.state import Conference
from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.outcomes import CallSeen, ConferenceSeen, ParticipantsSeen
from worker.testing.centre import Centre


def joins(centre: Centre) -> list[tuple[str, str]]:
    """Return (caller, conference) of every join that was ever commanded."""
    return [(s.command.call, s.command.conference) for s in centre.sent if isinstance(s.command, c.JoinConference)]


def test_a_caller_is_joined_to_the_longest_idle_agent(centre: Centre) -> None:
    centre.agent_up("bob")
    centre.advance(1)
    centre.agent_up("alice")
    centre.ring("c1")
    assert joins(centre) == [("c1", "room-bob")]


def test_a_conversation_is_recorded_and_ends_in_wrap_up_and_the_next_caller(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.ring("c2")
    centre.join("c1")
    assert centre.agent("alice").duty == "busy"
    assert centre.queue().tally.answered == 1
    start = centre.last(c.RecordStart)
    centre.succeed(start)
    centre.hang_up("c1", "room-alice")
    assert centre.agent("alice").duty == "wrapping-up"
    centre.succeed(centre.last(c.RecordStop))
    centre.tell("conference", "room-alice", w.ConferenceRecordingSaved("room-alice", recording_id="r1"))
    room = centre.states[centre.address("conference", "room-alice")]
    assert isinstance(room, Conference)
    assert [(s.recording_id, s.call) for s in room.saved] == [("r1", "c1")]
    assert joins(centre) == [("c1", "room-alice")]
    centre.advance(5)
    assert joins(centre) == [("c1", "room-alice"), ("c2", "room-alice")]
    assert set(centre.queue().callers) == {"c2"}


def test_recording_starts_whichever_of_the_facts_comes_last(centre: Centre) -> None:
    centre.sign_in("alice")
    centre.succeed(centre.last(c.Dial), call="leg")
    centre.tell("agent", "alice", n.Told(centre.address("call", "leg"), n.LegAnswered("leg", 0)))
    centre.succeed(centre.last(c.CreateConference), conference="room")
    centre.ring("c1")
    centre.tell("conference", "room", w.ParticipantJoined("room", "c1"))
    assert centre.open(c.RecordStart)


def test_a_caller_who_hangs_up_while_waiting_is_abandoned(centre: Centre) -> None:
    centre.ring("c1")
    centre.advance(6)
    centre.hang_up("c1")
    assert not centre.queue().callers
    assert (centre.queue().tally.offered, centre.queue().tally.abandoned) == (1, 1)


def test_a_caller_who_hangs_up_while_offered_frees_the_agent(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    idle = centre.agent("alice").idle_since_ms
    centre.hang_up("c1")
    assert centre.agent("alice").duty == "available"
    assert centre.agent("alice").idle_since_ms == idle
    centre.ring("c2")
    assert joins(centre)[-1] == ("c2", "room-alice")


def test_a_late_webhook_does_not_bring_a_caller_back(centre: Centre) -> None:
    centre.ring("c1")
    centre.hang_up("c1")
    centre.tell("queue", "support", w.CallEnqueued("c1", "support"))
    assert not centre.queue().callers


def test_two_callers_at_once_get_two_agents_and_a_third_waits(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.agent_up("bob")
    for call in ("c1", "c2", "c3"):
        centre.ring(call)
    assert sorted(joins(centre)) == [("c1", "room-alice"), ("c2", "room-bob")]


def test_a_join_refused_because_the_conference_is_gone_gets_a_new_conference(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.refuse(centre.last(c.JoinConference), "90058", "gone", status=404)
    assert centre.agent("alice").duty == "delayed"
    centre.succeed(centre.last(c.CreateConference), conference="room-2")
    assert joins(centre)[-1] == ("c1", "room-2")


def test_a_join_refused_because_the_caller_is_gone_frees_the_agent(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.refuse(centre.last(c.JoinConference), "90018", "gone")
    assert centre.agent("alice").duty == "available"
    assert not centre.queue().callers


def test_a_join_that_keeps_failing_ends_in_an_apology_and_hang_up(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    for _ in range(3):
        centre.refuse(centre.last(c.JoinConference), "10015", "fatal")
    apology = centre.last(c.Speak)
    assert isinstance(apology.command, c.Speak)
    assert apology.command.client_state.speech == "apology"
    centre.advance(60)
    assert centre.open(c.Hangup)
    assert centre.agent("alice").duty == "available"


def test_a_join_of_which_nothing_is_heard_is_read_back_and_offered_again(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.lose(centre.last(c.JoinConference))
    centre.advance(10)
    centre.see(centre.last(c.ReadParticipants), ParticipantsSeen(("leg-alice",)))
    leaves = [s.command for s in centre.open(c.LeaveConference)]
    assert leaves == [c.LeaveConference("room-alice", "c1")]
    assert centre.agent("alice").duty == "reserved"
    centre.succeed(centre.last(c.LeaveConference))
    assert joins(centre) == [("c1", "room-alice"), ("c1", "room-alice")]


def test_an_agent_stays_reserved_while_nobody_knows_whether_the_join_was_taken_back(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.lose(centre.last(c.JoinConference))
    centre.advance(10)
    centre.see(centre.last(c.ReadParticipants), ParticipantsSeen(("leg-alice",)))
    centre.lose(centre.last(c.LeaveConference))
    assert joins(centre) == [("c1", "room-alice")]
    assert centre.agent("alice").duty == "reserved"
    centre.advance(1)
    centre.succeed(centre.last(c.LeaveConference))
    assert joins(centre) == [("c1", "room-alice"), ("c1", "room-alice")]


def test_a_lost_participant_joined_is_healed_by_the_read(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.succeed(centre.last(c.JoinConference))
    centre.advance(10)
    centre.see(centre.last(c.ReadParticipants), ParticipantsSeen(("leg-alice", "c1")))
    assert centre.agent("alice").duty == "busy"
    assert centre.open(c.RecordStart)


def test_a_lost_participant_left_is_healed_by_the_hangup(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.join("c1")
    centre.hang_up("c1")
    assert centre.agent("alice").duty == "wrapping-up"


def test_a_lost_hangup_after_the_conversation_is_healed_by_ending_the_leg(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.join("c1")
    centre.now_ms += 1
    centre.tell("conference", "room-alice", w.ParticipantLeft("room-alice", "c1"))
    centre.advance(6)
    hangup = centre.last(c.Hangup)
    assert hangup.address.id == "c1"
    centre.refuse(hangup, "90018", "gone")
    assert not centre.queue().callers


def test_an_agents_lost_leg_brings_the_caller_back_before_all_others(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.join("c1")
    centre.ring("c2")
    centre.tell("call", "leg-alice", w.CallHangup("leg-alice", hangup_cause="timeout"))
    assert centre.agent("alice").duty == "offline"
    assert c.LeaveConference("room-alice", "c1") in [s.command for s in centre.sent]
    assert [s.command.call for s in centre.sent if isinstance(s.command, c.Enqueue)] == ["c1", "c2", "c1"]
    centre.agent_up("bob")
    assert joins(centre)[-1] == ("c1", "room-bob")


def test_an_agents_lost_leg_is_dialled_again_after_the_redial_time(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.tell("call", "leg-alice", w.CallHangup("leg-alice"))
    centre.advance(29)
    assert not centre.open(c.Dial)
    centre.advance(1)
    assert centre.open(c.Dial)


def test_an_agent_who_does_not_answer_is_hung_up_and_dialled_again(centre: Centre) -> None:
    centre.sign_in("alice")
    centre.succeed(centre.last(c.Dial), call="leg")
    centre.advance(45)
    assert [s.command for s in centre.open(c.Hangup)] == [c.Hangup("leg")]
    centre.refuse(centre.last(c.Hangup), "90018", "gone")
    centre.advance(30)
    assert centre.open(c.Dial)


@pytest.mark.parametrize("code", ["90015", "90018"])
def test_a_leg_that_telnyx_no_longer_knows_is_dialled_again(centre: Centre, code: str) -> None:
    centre.agent_up("alice")
    room = centre.address("conference", "room-alice")
    centre.tell("agent", "alice", n.Told(room, n.ConferenceOver("room-alice")))
    centre.refuse(centre.last(c.CreateConference), code, "gone")
    assert (centre.agent("alice").line, centre.agent("alice").leg) == ("resting", None)
    centre.advance(30)
    assert centre.open(c.Dial)


def test_a_leg_that_is_gone_when_it_is_to_enter_is_dialled_again(centre: Centre) -> None:
    centre.sign_in("alice")
    centre.succeed(centre.last(c.Dial), call="leg")
    centre.tell("agent", "alice", n.Told(centre.address("call", "leg"), n.LegAnswered("leg", 0)))
    centre.lose(centre.last(c.CreateConference))
    centre.see(centre.last(c.FindConference), ConferenceSeen("room"))
    centre.refuse(centre.last(c.JoinConference), "90018", "gone")
    centre.advance(30)
    assert centre.open(c.Dial)


def test_a_second_leg_that_answers_is_hung_up(centre: Centre) -> None:
    centre.agent_up("alice")
    sender = centre.address("call", "leg-2")
    centre.tell("agent", "alice", n.Told(sender, n.LegAnswered("leg-2", 0)))
    assert [s.command for s in centre.open(c.Hangup)] == [c.Hangup("leg-2")]


def test_a_conference_whose_creation_is_unknown_is_found_by_its_name(centre: Centre) -> None:
    centre.sign_in("alice")
    centre.succeed(centre.last(c.Dial), call="leg")
    centre.tell("agent", "alice", n.Told(centre.address("call", "leg"), n.LegAnswered("leg", 0)))
    create = centre.last(c.CreateConference)
    centre.lose(create)
    find = centre.last(c.FindConference)
    assert isinstance(create.command, c.CreateConference)
    assert find.command == c.FindConference(create.command.name)
    centre.see(find, ConferenceSeen("room"))
    centre.succeed(centre.last(c.JoinConference))
    assert centre.agent("alice").duty == "available"


@pytest.mark.parametrize("lost", ["the look", "the join"])
def test_a_conference_in_which_an_agent_may_be_is_looked_for_again_before_another_is_made(
    centre: Centre, lost: str
) -> None:
    centre.sign_in("alice")
    centre.succeed(centre.last(c.Dial), call="leg")
    centre.tell("agent", "alice", n.Told(centre.address("call", "leg"), n.LegAnswered("leg", 0)))
    centre.lose(centre.last(c.CreateConference))
    looked_for = centre.last(c.FindConference).command
    if lost == "the look":
        centre.lose(centre.last(c.FindConference))
    else:
        centre.see(centre.last(c.FindConference), ConferenceSeen("room"))
        centre.lose(centre.last(c.JoinConference))
    assert not centre.open()
    centre.advance(1)
    assert [sent.command for sent in centre.open()] == [looked_for]
    centre.see(centre.last(c.FindConference), ConferenceSeen("room"))
    centre.succeed(centre.last(c.JoinConference))
    assert (centre.agent("alice").duty, centre.agent("alice").conference) == ("available", "room")


def test_the_maximum_wait_ends_in_an_apology_and_hang_up(centre: Centre) -> None:
    centre.ring("c1")
    centre.advance(60)
    apology = centre.last(c.Speak)
    assert isinstance(apology.command, c.Speak)
    assert apology.command.client_state.speech == "apology"
    assert centre.queue().tally.dismissed == 1
    centre.refuse(apology, "10015", "fatal")
    assert centre.open(c.Hangup)


def test_telnyxs_own_wait_limit_is_heard_too(centre: Centre) -> None:
    centre.ring("c1")
    centre.tell("queue", "support", w.CallDequeued("c1", "support", reason="timeout"))
    assert centre.queue().tally.dismissed == 1


def test_an_offer_that_no_agent_answers_expires_and_goes_to_another(centre: Centre) -> None:
    ghost = n.AgentFree("ghost", 1, 0, "nowhere")
    centre.tell("queue", "support", n.Told(centre.address("agent", "ghost"), ghost))
    centre.ring("c1")
    assert joins(centre) == []
    centre.agent_up("alice")
    centre.advance(10)
    assert joins(centre) == [("c1", "room-alice")]


def test_an_acceptance_after_the_offer_expired_is_withdrawn_and_joins_nobody(centre: Centre) -> None:
    ghost = n.AgentFree("ghost", 1, 0, "nowhere")
    sender = centre.address("agent", "ghost")
    centre.tell("queue", "support", n.Told(sender, ghost))
    centre.ring("c1")
    offer = next(told.notice.offer for _, told in centre.notices if isinstance(told.notice, n.OfferMade))
    centre.advance(10)
    centre.tell("queue", "support", n.Told(sender, n.OfferAccepted(offer, "ghost", "nowhere")))
    to, told = centre.notices[-1]
    assert to.id == "ghost"
    assert told.notice == n.OfferWithdrawn(offer, "unknown-offer")
    assert joins(centre) == []


def test_a_call_to_a_number_that_is_not_in_the_policy_is_hung_up(centre: Centre) -> None:
    centre.tell("call", "c1", w.CallInitiated("c1", direction="incoming", state="parked", to="+10000000000"))
    assert [s.command for s in centre.sent] == [c.Hangup("c1")]


def test_an_outgoing_leg_of_somebody_elses_is_left_alone(centre: Centre) -> None:
    centre.tell("call", "c1", w.CallInitiated("c1", direction="outgoing", state="bridging", to="+13125550131"))
    assert centre.sent == []


def test_a_lost_call_answered_is_healed_by_a_read(centre: Centre) -> None:
    centre.tell("call", "c1", w.CallInitiated("c1", direction="incoming", state="parked", to="+13125550131"))
    centre.succeed(centre.last(c.Answer))
    centre.advance(5)
    centre.see(centre.last(c.ReadCall), CallSeen(alive=True))
    assert centre.open(c.Speak)


def test_a_lost_speak_ended_is_healed_by_time(centre: Centre) -> None:
    centre.tell("call", "c1", w.CallInitiated("c1", direction="incoming", state="parked", to="+13125550131"))
    centre.tell("call", "c1", w.CallAnswered("c1"))
    centre.advance(10)
    assert centre.open(c.Enqueue)


def test_a_leg_that_was_hung_up_and_still_lives_is_hung_up_again(centre: Centre) -> None:
    centre.tell("call", "c1", w.CallInitiated("c1", direction="incoming", state="parked", to="+10000000000"))
    centre.succeed(centre.last(c.Hangup))
    centre.advance(10)
    centre.see(centre.last(c.ReadCall), CallSeen(alive=True))
    assert centre.open(c.Hangup)


@pytest.mark.parametrize("late", [0, 1, 2])
def test_webhooks_in_any_order_lead_to_one_answer_and_one_enqueue(centre: Centre, late: int) -> None:
    parked = w.CallInitiated("c1", direction="incoming", state="parked", to="+13125550131")
    facts = [parked, w.CallAnswered("c1"), w.CallEnqueued("c1", "support")]
    facts.append(facts.pop(late))
    for fact in facts * 2:
        kind, ident = ("queue", "support") if isinstance(fact, w.CallEnqueued) else ("call", "c1")
        centre.tell(kind, ident, fact)  # type: ignore[arg-type]
    centre.advance(20)
    assert [type(s.command) for s in centre.sent].count(c.Answer) == 1
    assert [type(s.command) for s in centre.sent].count(c.Enqueue) == 1
    assert isinstance(centre.states[centre.address("call", "c1")], Call)


def test_a_talk_whose_beginning_is_heard_after_its_end_counts_as_answered(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    (sent,) = centre.open(c.JoinConference)
    centre.succeed(sent)
    joined_ms = centre.now_ms + 100
    centre.now_ms += 1000
    centre.tell("conference", "room-alice", w.ParticipantLeft("room-alice", "c1"), occurred_ms=joined_ms + 500)
    assert centre.queue().tally.answered == 0
    centre.tell("conference", "room-alice", w.ParticipantJoined("room-alice", "c1"), occurred_ms=joined_ms)
    centre.hang_up("c1")
    assert (centre.queue().tally.answered, centre.queue().tally.abandoned) == (1, 0)
    assert centre.agent("alice").duty == "wrapping-up"
