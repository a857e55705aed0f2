"""What an agent asks to be, what he does, and what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ingress.intents import model as i
from worker.aggregates.agent.line import MAX_HANGUPS
from worker.aggregates.agent.reach import LEG_AGE_MS, ROOM_AGE_MS
from worker.aggregates.agent.state import MOST_IN_VAIN
from worker.commands import command as c
from worker.decisions.decision import Accept, Refuse
from worker.events import notices as n
from worker.events.intents import Enrol, Strike
from worker.events.outcomes import Succeeded
from worker.testing.agents import AgentStage, agent_tenant


@pytest.fixture
def alice() -> AgentStage:
    """Return a nailed-up agent of the queues `sales` and `support`, who has not been enrolled."""
    return AgentStage(agent_tenant())


def available(alice: AgentStage) -> AgentStage:
    """Return the agent, reached and free; what he told before that is forgotten."""
    alice.tell_agent(Enrol("policy"))
    alice.forget()
    alice.reach()
    assert alice.agent().duty == "available"
    return alice


def busy(alice: AgentStage, offer: str = "o1", queue: str = "support") -> AgentStage:
    """Return the agent with a caller."""
    available(alice).offer(offer, queue=queue)
    alice.connect(offer)
    assert alice.agent().duty == "busy"
    return alice


def test_who_is_enrolled_by_the_policy_is_dialled_and_free_when_he_is_in_his_conference(alice: AgentStage) -> None:
    available(alice)
    free = alice.told(n.AgentFree)
    assert [(to, x.conference) for to, x in free] == [("sales", "room-1"), ("support", "room-1")]


def test_who_logs_in_himself_is_not_dialled_before_he_does(alice: AgentStage) -> None:
    alice.tell_agent(Enrol("policy", log_in=False))
    assert not alice.open(c.Dial)
    assert alice.ask(i.SetAgentState("alice", "available")) == Accept()
    alice.reach()
    assert alice.agent().duty == "available"


def test_who_has_logged_out_is_not_logged_in_by_the_next_reading_of_the_policy(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "offline", "lunch"))
    alice.tell_agent(Enrol("policy"))
    assert (alice.agent().standing, alice.agent().duty) == ("offline", "offline")


def test_who_is_struck_from_the_policy_is_hung_up_and_his_queues_are_told(alice: AgentStage) -> None:
    available(alice).tell_agent(Strike("policy"))
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    assert {(to, x.state) for to, x in alice.told(n.AgentGone)} == {("sales", "offline"), ("support", "offline")}


def test_who_is_struck_while_busy_ends_the_conversation_first(alice: AgentStage) -> None:
    busy(alice).tell_agent(Strike("policy"))
    assert (alice.agent().duty, alice.agent().pending) == ("busy", "offline")
    alice.caller_leaves("o1")
    alice.advance(10)
    assert alice.agent().duty == "offline"
    assert alice.open(c.Hangup)


def test_queues_taken_from_an_agent_are_told_and_new_ones_too(alice: AgentStage) -> None:
    available(alice)
    rules = alice.policy.agents["alice"]
    alice.policy = replace(alice.policy, agents={"alice": replace(rules, queues=("sales", "billing"))})
    alice.forget()
    alice.tell_agent(Enrol("policy"))
    assert [to for to, _ in alice.told(n.AgentFree)] == ["sales", "billing"]
    assert [(to, x.state) for to, x in alice.told(n.AgentGone)] == [("support", "offline")]


def test_a_pause_takes_effect_at_once_when_free_and_its_reason_is_kept(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "paused", "coffee"))
    assert (alice.agent().duty, alice.agent().reason, alice.agent().pending) == ("paused", "coffee", None)
    assert {x.state for _, x in alice.told(n.AgentGone)} == {"paused"}
    alice.offer("o1")
    assert [x.reason for _, x in alice.told(n.OfferDeclined)] == ["paused"]


@pytest.mark.parametrize("state", ["paused", "offline"])
def test_a_change_asked_for_while_busy_is_pending_until_the_wrap_up_is_over(alice: AgentStage, state: str) -> None:
    busy(alice).ask(i.SetAgentState("alice", state))  # type: ignore[arg-type]
    assert (alice.agent().duty, alice.agent().pending) == ("busy", state)
    alice.caller_leaves("o1")
    assert (alice.agent().duty, alice.agent().pending) == ("wrapping-up", state)
    alice.advance(10)
    assert (alice.agent().duty, alice.agent().pending) == (state, None)


def test_a_pending_change_can_be_taken_back(alice: AgentStage) -> None:
    busy(alice).ask(i.SetAgentState("alice", "paused"))
    alice.ask(i.SetAgentState("alice", "available"))
    alice.caller_leaves("o1")
    alice.advance(10)
    assert alice.agent().duty == "available"


def test_a_pause_asked_for_while_reserved_takes_effect_when_the_caller_is_gone(alice: AgentStage) -> None:
    available(alice).offer("o1")
    alice.ask(i.SetAgentState("alice", "paused"))
    assert (alice.agent().duty, alice.agent().pending) == ("reserved", "paused")
    alice.withdraw("o1", "caller-gone")
    assert alice.agent().duty == "paused"


def test_a_paused_agent_whose_leg_is_lost_is_paused_again_when_he_is_back(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "paused", "coffee"))
    alice.leg_ends("leg-1")
    assert (alice.agent().duty, alice.agent().pending) == ("offline", "paused")
    alice.advance(30)
    alice.reach("leg-2", "room-2")
    assert (alice.agent().duty, alice.agent().reason) == ("paused", "coffee")


def test_to_be_available_again_dials_a_lost_leg_at_once(alice: AgentStage) -> None:
    available(alice).leg_ends("leg-1")
    assert alice.agent().trouble == "the leg ended (normal_clearing)"
    assert not alice.open(c.Dial)
    alice.ask(i.SetAgentState("alice", "available"))
    assert alice.open(c.Dial)


def test_to_ask_twice_for_the_same_changes_nothing_more(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "paused"))
    before = alice.agent()
    assert alice.ask(i.SetAgentState("alice", "paused")) == Accept()
    assert alice.agent() == before


def test_who_is_not_in_the_policy_is_refused_whatever_is_asked(alice: AgentStage) -> None:
    refused = Refuse("There is no agent alice in the policy.")
    assert alice.ask(i.SetAgentState("alice", "available")) == refused
    assert alice.ask(i.Hold("alice")) == refused
    assert not alice.sent


def test_the_wrap_up_is_the_queues_or_else_the_agents(alice: AgentStage) -> None:
    busy(alice, queue="sales")
    alice.caller_leaves("o1")
    alice.advance(2)
    assert alice.agent().duty == "wrapping-up"
    alice.advance(1)
    assert alice.agent().duty == "available"
    alice.offer("o2")
    alice.connect("o2")
    alice.caller_leaves("o2")
    alice.advance(9)
    assert alice.agent().duty == "wrapping-up"


def test_a_wrap_up_is_extended_and_ended_by_intent(alice: AgentStage) -> None:
    busy(alice).caller_leaves("o1")
    alice.advance(9)
    assert alice.ask(i.WrapUp("alice", 60)) == Accept()
    alice.advance(59)
    assert alice.agent().duty == "wrapping-up"
    alice.ask(i.WrapUp("alice", 0))
    alice.advance(0)
    assert alice.agent().duty == "available"
    assert alice.ask(i.WrapUp("alice", 5)) == Refuse("alice is not wrapping up, but available.")


def test_idle_time_counts_from_the_end_of_the_wrap_up(alice: AgentStage) -> None:
    busy(alice).caller_leaves("o1")
    alice.advance(10)
    ended = alice.now_ms
    alice.advance(5)
    alice.offer("o2")
    alice.withdraw("o2", "caller-gone")
    assert alice.told(n.AgentFree)[-1][1].idle_since_ms == ended


def test_conversations_and_talk_time_are_told_and_begin_anew_with_the_log_in(alice: AgentStage) -> None:
    busy(alice)
    alice.advance(7)
    alice.caller_leaves("o1")
    alice.advance(10)
    _, free = alice.told(n.AgentFree)[-1]
    assert (free.answered, free.talk_ms) == (1, 7_000)
    alice.ask(i.SetAgentState("alice", "offline"))
    alice.succeed(alice.last(c.Hangup))
    alice.leg_ends("leg-1")
    alice.ask(i.SetAgentState("alice", "available"))
    alice.reach("leg-2", "room-2")
    _, free = alice.told(n.AgentFree)[-1]
    assert (free.answered, free.talk_ms, free.idle_since_ms) == (0, 0, alice.now_ms)


def test_queues_are_told_tier_position_and_the_skills_that_they_ask_for(alice: AgentStage) -> None:
    available(alice)
    sales, support = (free for _, free in alice.told(n.AgentFree))
    assert (sales.tier, sales.position, sales.skills) == (1, 1, {})
    assert (support.tier, support.position, support.skills) == (2, 7, {"french": 80})


def test_other_queues_learn_of_a_conversation_and_of_its_end(alice: AgentStage) -> None:
    busy(alice)
    assert [(to, x.state) for to, x in alice.told(n.AgentGone)] == [("sales", "busy")]
    alice.forget()
    alice.caller_leaves("o1")
    alice.advance(10)
    assert [to for to, _ in alice.told(n.AgentFree)] == ["sales", "support"]


def test_a_second_offer_is_declined_and_the_first_one_accepted_again_when_repeated(alice: AgentStage) -> None:
    available(alice)
    alice.offer("o1")
    alice.offer("o2", queue="sales")
    alice.offer("o1")
    assert [x.offer for _, x in alice.told(n.OfferAccepted)] == ["o1", "o1"]
    assert [(x.offer, x.reason) for _, x in alice.told(n.OfferDeclined)] == [("o2", "reserved")]


def test_an_offer_that_is_over_is_not_taken_up_when_it_comes_again(alice: AgentStage) -> None:
    available(alice).offer("o1")
    alice.withdraw("o1", "caller-gone")
    alice.forget()
    alice.offer("o1")
    assert alice.agent().duty == "available"
    assert not alice.told(n.OfferAccepted)


def test_a_reservation_of_which_nothing_is_heard_is_accepted_again(alice: AgentStage) -> None:
    available(alice).offer("o1")
    alice.forget()
    alice.advance(75)
    assert [x.offer for _, x in alice.told(n.OfferAccepted)] == ["o1"]
    alice.withdraw("o1", "unknown-offer")
    assert alice.agent().duty == "available"


def test_an_accepted_caller_cannot_be_declined(alice: AgentStage) -> None:
    available(alice)
    assert alice.ask(i.Decline("alice")) == Refuse("No caller is being offered to alice, who is available.")
    alice.offer("o1")
    assert alice.ask(i.Decline("alice")) == Refuse("alice has the caller already: he is on the way.")
    assert alice.agent().duty == "reserved"


def test_what_concerns_the_conversation_is_passed_on_to_the_conference(alice: AgentStage) -> None:
    busy(alice)
    assert alice.ask(i.Hold("alice")) is None
    ((to, care),) = alice.told(n.Care)
    assert (to, care.intent, care.ask) == ("room-1", i.Hold("alice"), alice.last_event)


def test_nothing_of_a_conversation_can_be_asked_without_one(alice: AgentStage) -> None:
    available(alice)
    assert alice.ask(i.Mute("alice")) == Refuse("alice is not in a conversation, but available.")
    assert not alice.told(n.Care)


def test_an_old_conference_is_left_for_a_new_one_and_nothing_is_offered_meanwhile(alice: AgentStage) -> None:
    available(alice)
    alice.forget()
    alice.advance(ROOM_AGE_MS / 1000)
    assert alice.agent().duty == "delayed"
    assert {x.state for _, x in alice.told(n.AgentGone)} == {"delayed"}
    assert [s.command for s in alice.open(c.LeaveConference)] == [c.LeaveConference("room-1", "leg-1")]
    alice.succeed(alice.last(c.LeaveConference))
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    assert alice.agent().duty == "available"
    assert {x.conference for _, x in alice.told(n.AgentFree)} == {"room-2"}


def test_who_is_busy_moves_to_a_new_conference_after_the_caller(alice: AgentStage) -> None:
    available(alice)
    alice.advance(ROOM_AGE_MS / 1000 - 10)
    alice.offer("o1")
    alice.connect("o1")
    alice.advance(20)
    assert alice.agent().duty == "busy"
    alice.caller_leaves("o1")
    assert not alice.open(c.CreateConference)
    alice.advance(10)
    assert alice.agent().duty == "delayed"
    alice.lose(alice.last(c.LeaveConference))
    # As long as nobody knows whether the leg is out, it is put nowhere else.
    assert not alice.open(c.CreateConference)
    alice.advance(1)
    alice.succeed(alice.last(c.LeaveConference))
    assert alice.open(c.CreateConference)


@pytest.mark.parametrize(
    "intent",
    [
        i.Supervise("alice", "boss"),
        i.AddParty("alice", "+13125550177"),
        i.Transfer("alice", i.Target(number="+13125550177"), "warm"),
    ],
    ids=lambda intent: type(intent).__name__,
)
def test_whoever_was_asked_into_a_conversation_is_not_there_for_the_next_caller(
    alice: AgentStage, intent: i.CareIntent
) -> None:
    busy(alice)
    alice.ask(intent)
    alice.caller_leaves("o1")
    alice.advance(10)
    assert alice.agent().duty == "delayed"
    assert [s.command for s in alice.open(c.LeaveConference)] == [c.LeaveConference("room-1", "leg-1")]
    alice.succeed(alice.last(c.LeaveConference))
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    assert (alice.agent().duty, alice.agent().conference) == ("available", "room-2")


def test_an_old_leg_is_replaced_before_telnyx_ends_it(alice: AgentStage) -> None:
    available(alice)
    alice.advance(ROOM_AGE_MS / 1000)
    alice.succeed(alice.last(c.LeaveConference))
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    alice.advance((LEG_AGE_MS - ROOM_AGE_MS) / 1000)
    assert alice.agent().duty == "delayed"
    assert not alice.open(c.Dial)
    alice.succeed(alice.last(c.Hangup))
    alice.leg_ends("leg-1")
    alice.reach("leg-2", "room-3")
    assert (alice.agent().duty, alice.agent().leg) == ("available", "leg-2")


def test_an_old_leg_whose_successor_is_not_answered_leaves_the_agent_offline_until_he_is(alice: AgentStage) -> None:
    available(alice)
    alice.advance(LEG_AGE_MS / 1000)
    alice.succeed(alice.last(c.LeaveConference))
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    alice.succeed(alice.last(c.Hangup))
    assert not alice.open(c.Dial), "his phone is not free yet"
    alice.leg_ends("leg-1")
    alice.succeed(alice.last(c.Dial), call="leg-2")
    alice.leg_ends("leg-2", cause="timeout", answered=False)
    assert alice.agent().duty == "offline"
    alice.advance(30)
    alice.reach("leg-3", "room-3")
    assert alice.agent().duty == "available"


def states(alice: AgentStage) -> list[n.NotFree]:
    """Return what the queue `sales` was told of an agent who is not free, and forget it."""
    told = [x.state for to, x in alice.told(n.AgentGone) if to == "sales"]
    alice.forget()
    return told


def test_one_whose_line_is_lost_is_not_logged_out_until_he_says_so(alice: AgentStage) -> None:
    available(alice).leg_ends("leg-1", cause="unspecified")
    assert (alice.agent().duty, states(alice)) == ("offline", ["unreached"])
    alice.ask(i.SetAgentState("alice", "offline"))
    assert (alice.agent().duty, states(alice)) == ("offline", ["offline"])
    alice.ask(i.SetAgentState("alice", "available"))
    assert (alice.agent().duty, states(alice)) == ("offline", ["unreached"])


def test_who_logs_in_counts_before_his_phone_is_answered(alice: AgentStage) -> None:
    alice.tell_agent(Enrol("policy", log_in=False))
    assert states(alice) == []
    alice.ask(i.SetAgentState("alice", "available"))
    assert states(alice) == ["unreached"]


def test_who_is_dialled_in_vain_too_often_counts_as_logged_out_until_he_is_reached(alice: AgentStage) -> None:
    available(alice).leg_ends("leg-1", cause="unspecified")
    assert states(alice) == ["unreached"]
    for number in range(2, 2 + MOST_IN_VAIN):
        assert states(alice) == []
        alice.advance(30)
        alice.succeed(alice.last(c.Dial), call=f"leg-{number}")
        alice.leg_ends(f"leg-{number}", cause="user_busy", answered=False)
    assert states(alice) == ["offline"]
    alice.advance(30)
    alice.reach("leg-9", "room-9")
    assert (alice.agent().duty, len(alice.told(n.AgentFree))) == ("available", 2)
    alice.forget()
    alice.leg_ends("leg-9", cause="unspecified")
    assert states(alice) == ["unreached"]


def test_one_who_is_not_to_be_dialled_again_is_logged_out_when_his_line_is_lost() -> None:
    alice = available(AgentStage(agent_tenant(redial_secs=0)))
    alice.leg_ends("leg-1", cause="unspecified")
    assert states(alice) == ["offline"]


def test_who_leaves_others_behind_gets_a_new_conference_while_he_wraps_up(alice: AgentStage) -> None:
    busy(alice).caller_leaves("o1")
    alice.tell_agent_of("conference", "room-1", n.ConferenceOver("room-1"))
    assert alice.agent().duty == "wrapping-up"
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    alice.advance(10)
    assert {x.conference for _, x in alice.told(n.AgentFree)[-2:]} == {"room-2"}


def test_a_conference_that_ends_under_a_conversation_gives_the_caller_back(alice: AgentStage) -> None:
    busy(alice).tell_agent_of("conference", "room-1", n.ConferenceOver("room-1"))
    assert [(to, x.offer) for to, x in alice.told(n.AgentGone) if x.offer] == [("support", "o1")]
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    assert alice.agent().duty == "available"


def test_a_leg_lost_in_a_conversation_gives_the_caller_back_and_is_dialled_again(alice: AgentStage) -> None:
    busy(alice).leg_ends("leg-1", cause="unspecified")
    assert [(to, x.offer) for to, x in alice.told(n.AgentGone) if x.offer] == [("support", "o1")]
    assert alice.agent().duty == "offline"
    alice.advance(30)
    assert alice.open(c.Dial)


def test_who_logs_out_is_hung_up_until_it_is_known_that_he_is(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "offline"))
    alice.lose(alice.last(c.Hangup))
    assert not alice.open(c.Hangup)
    alice.advance(10)
    alice.succeed(alice.last(c.Hangup))
    alice.leg_ends("leg-1")
    alice.advance(60)
    assert not alice.open(c.Hangup)


def test_a_hang_up_that_was_accepted_and_not_told_to_have_happened_is_asked_for_again(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "offline"))
    alice.succeed(alice.last(c.Hangup))
    assert not alice.open(c.Hangup)
    alice.advance(10)
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    alice.refuse(alice.last(c.Hangup), "90018", "gone")
    alice.advance(60)
    assert not alice.open(c.Hangup)


def test_a_hang_up_that_is_accepted_each_time_is_not_asked_for_for_ever(alice: AgentStage) -> None:
    available(alice).ask(i.SetAgentState("alice", "offline"))
    asked = 0
    while alice.open(c.Hangup) and asked <= MAX_HANGUPS:
        asked += 1
        alice.succeed(alice.last(c.Hangup))
        alice.advance(60)
    assert asked == MAX_HANGUPS


def test_who_logs_out_while_he_is_dialled_is_hung_up_as_soon_as_his_leg_is_known(alice: AgentStage) -> None:
    alice.tell_agent(Enrol("policy"))
    alice.ask(i.SetAgentState("alice", "offline"))
    assert not alice.open(c.Hangup)
    alice.succeed(alice.last(c.Dial), call="leg-1")
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]


def test_a_login_by_phone_is_answered_and_the_line_dialled_when_the_phone_is_free(alice: AgentStage) -> None:
    alice.tell_agent(Enrol("policy", log_in=False))
    for _ in range(2):
        alice.tell_agent_of("call", "c9", n.PhoneLogin("c9", alice.now_ms))
    assert alice.told(n.PhoneLoggedIn) == [("c9", n.PhoneLoggedIn("on"))]
    assert not alice.open(c.Dial)
    alice.advance(10)
    alice.reach()
    assert alice.agent().duty == "available"
    alice.tell_agent_of("call", "c10", n.PhoneLogin("c10", alice.now_ms))
    assert alice.told(n.PhoneLoggedIn)[-1] == ("c10", n.PhoneLoggedIn("off"))
    assert alice.agent().duty == "offline"


def test_a_login_by_phone_of_somebody_who_is_not_in_the_policy_is_refused(alice: AgentStage) -> None:
    alice.tell_agent_of("call", "c9", n.PhoneLogin("c9", alice.now_ms))
    assert alice.told(n.PhoneLoggedIn) == [("c9", n.PhoneLoggedIn("refused"))]


def test_a_timer_that_was_replaced_changes_nothing(alice: AgentStage) -> None:
    busy(alice).caller_leaves("o1")
    due_ms = alice.agent().timers["wrap-up"]
    alice.ask(i.WrapUp("alice", 60))
    alice.fire("wrap-up", due_ms)
    assert alice.agent().duty == "wrapping-up"


def test_the_late_end_of_an_older_dialling_changes_nothing(alice: AgentStage) -> None:
    available(alice)
    old = next(s for s in alice.sent if isinstance(s.command, c.Dial))
    alice.leg_ends("leg-1")
    alice.advance(30)
    alice.outcome(old, Succeeded(call="leg-1"))
    assert alice.agent().line == "dialling"
