"""An agent who is rung for each caller: how he takes one, how he does not, and what follows."""

from __future__ import annotations

import pytest

from ingress.intents import model as i
from worker.aggregates.agent.line import MAX_HANGUPS
from worker.aggregates.agent.reach import DIAL_BACK_MS, HANG_UP_AGAIN_MS, RING_SLACK_MS, SCREEN_MS
from worker.commands import command as c
from worker.decisions.decision import Accept
from worker.events import notices as n
from worker.events.intents import Enrol
from worker.events.outcomes import Succeeded
from worker.testing.agents import AgentStage, agent_tenant

DELAYS = {"reject_delay_secs": 11, "busy_delay_secs": 22, "no_answer_delay_secs": 33}


@pytest.fixture
def alice() -> AgentStage:
    """Return an agent on demand who is logged in."""
    return logged_in(max_no_answer=2)


def logged_in(**rules: object) -> AgentStage:
    """Return an agent on demand with these rules who is logged in."""
    stage = AgentStage(agent_tenant(reach="on-demand", **DELAYS, **rules))
    stage.tell_agent(Enrol("policy", reach="on-demand"))
    return stage


def rung(alice: AgentStage, offer: str = "o1", leg: str = "leg-1") -> AgentStage:
    """A caller is offered, and the agent's phone rings."""
    alice.offer(offer)
    alice.succeed(alice.last(c.Dial), call=leg)
    return alice


def talking(alice: AgentStage) -> AgentStage:
    """The agent has answered, and talks."""
    rung(alice)
    alice.answer("leg-1", alice.dialled())
    alice.succeed(alice.last(c.CreateConference), conference="room-1")
    alice.connect("o1")
    assert alice.agent().duty == "busy"
    return alice


def declined(alice: AgentStage) -> list[tuple[str, str]]:
    """Return the offers that were declined, and why."""
    return [(x.offer, x.reason) for _, x in alice.told(n.OfferDeclined)]


def test_he_is_free_without_a_leg_as_soon_as_he_is_logged_in(alice: AgentStage) -> None:
    assert [(to, x.conference) for to, x in alice.told(n.AgentFree)] == [("sales", ""), ("support", "")]
    assert not alice.sent


def test_an_offer_rings_his_phone_with_the_callers_number_and_no_longer_than_it_stands(alice: AgentStage) -> None:
    alice.offer("o1", within_ms=12_000)
    dial = alice.dialled().command
    assert isinstance(dial, c.Dial)
    assert (dial.timeout_secs, dial.shown, dial.detect_machine) == (12, "+15550100", False)
    assert (alice.agent().duty, alice.told(n.OfferAccepted)) == ("reserved", [])


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+15550100", "+15550100"), ("sip:jo@example.com:5060;x=1", "jo example.com 5060 x 1"), ("ü" * 200, ""), ("", "")],
)
def test_his_phone_shows_the_caller_in_characters_that_telnyx_takes(alice: AgentStage, number: str, shown: str) -> None:
    alice.tell_agent_of("queue", "support", n.OfferMade("o1", "c1", "support", number))
    dial = alice.dialled().command
    assert isinstance(dial, c.Dial)
    assert dial.shown == shown


def test_he_accepts_only_when_his_leg_is_in_its_conference(alice: AgentStage) -> None:
    rung(alice).answer("leg-1", alice.dialled())
    assert not alice.told(n.OfferAccepted)
    alice.succeed(alice.last(c.CreateConference), conference="room-1")
    assert alice.told(n.OfferAccepted) == [("support", n.OfferAccepted("o1", "alice", "room-1"))]
    assert [to for to, _ in alice.told(n.ConferenceReady)] == ["room-1"]


def test_an_answer_that_is_heard_of_before_the_dialling_has_ended_counts(alice: AgentStage) -> None:
    alice.offer("o1")
    alice.answer("leg-1", alice.dialled())
    alice.succeed(alice.last(c.CreateConference), conference="room-1")
    alice.succeed(alice.dialled(), call="leg-1")
    assert [x.conference for _, x in alice.told(n.OfferAccepted)] == ["room-1"]
    assert not alice.open(c.Hangup)


@pytest.mark.parametrize(
    ("cause", "answered", "reason", "secs"),
    [
        ("call_rejected", False, "rejected", 11),
        ("user_busy", False, "line-busy", 22),
        ("timeout", False, "no-answer", 33),
        ("no_answer", False, "no-answer", 33),
        ("originator_cancel", False, "no-answer", 33),
        ("not_found", False, "unreachable", 33),
        ("unspecified", False, "unreachable", 33),
        ("normal_clearing", True, "rejected", 11),
    ],
)
def test_how_the_ringing_ends_says_why_he_declines_and_how_long_he_is_left_alone(
    alice: AgentStage, cause: str, answered: bool, reason: str, secs: int
) -> None:
    rung(alice).leg_ends("leg-1", cause=cause, answered=answered)
    assert declined(alice) == [("o1", reason)]
    assert {x.state for _, x in alice.told(n.AgentGone)} == {"delayed"}
    alice.offer("o2")
    assert declined(alice)[-1] == ("o2", "delayed")
    alice.forget()
    alice.advance(secs - 1)
    assert alice.agent().duty == "delayed"
    alice.advance(1)
    assert alice.agent().duty == "available"
    assert len(alice.told(n.AgentFree)) == 2


def test_a_dialling_that_telnyx_refuses_is_unreachable(alice: AgentStage) -> None:
    alice.offer("o1")
    alice.refuse(alice.dialled(), "10015", "fatal")
    assert declined(alice) == [("o1", "unreachable")]


def test_a_ringing_of_which_nothing_is_heard_any_more_is_no_answer(alice: AgentStage) -> None:
    rung(alice)
    alice.advance(10 + RING_SLACK_MS / 1000)
    assert declined(alice) == [("o1", "no-answer")]
    assert alice.open(c.Hangup)


def test_an_offer_that_expires_while_he_is_rung_is_no_answer(alice: AgentStage) -> None:
    rung(alice).withdraw("o1", "expired")
    assert (alice.agent().duty, alice.agent().delay, alice.agent().misses) == ("delayed", "no-answer", 1)
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]


def test_too_many_offers_in_a_row_that_he_does_not_answer_pause_him(alice: AgentStage) -> None:
    rung(alice).leg_ends("leg-1", cause="timeout", answered=False)
    alice.advance(33)
    alice.forget()
    rung(alice, "o2", "leg-2").leg_ends("leg-2", cause="timeout", answered=False)
    assert (alice.agent().duty, alice.agent().standing, alice.agent().reason) == ("paused", "paused", "no-answer")
    assert {x.state for _, x in alice.told(n.AgentGone)} == {"paused"}
    alice.advance(100)
    assert alice.agent().duty == "paused"
    alice.ask(i.SetAgentState("alice", "available"))
    assert (alice.agent().duty, alice.agent().misses) == ("available", 0)


def test_one_who_answers_in_between_is_not_paused(alice: AgentStage) -> None:
    rung(alice).leg_ends("leg-1", cause="timeout", answered=False)
    alice.advance(33)
    rung(alice, "o2", "leg-2").answer("leg-2", alice.dialled())
    alice.succeed(alice.last(c.CreateConference), conference="room-2")
    alice.connect("o2")
    assert alice.agent().misses == 0


def test_he_can_decline_by_intent_while_his_phone_rings(alice: AgentStage) -> None:
    assert rung(alice).ask(i.Decline("alice")) == Accept()
    assert declined(alice) == [("o1", "rejected")]
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]


def test_to_be_available_again_ends_the_time_that_he_is_left_alone(alice: AgentStage) -> None:
    rung(alice).leg_ends("leg-1", cause="call_rejected", answered=False)
    alice.ask(i.SetAgentState("alice", "available"))
    assert alice.agent().duty == "available"
    alice.advance(60)
    assert alice.agent().duty == "available"


def test_a_pause_asked_for_while_he_is_rung_comes_before_the_delay(alice: AgentStage) -> None:
    rung(alice).ask(i.SetAgentState("alice", "paused", "tired"))
    alice.leg_ends("leg-1", cause="timeout", answered=False)
    assert (alice.agent().duty, alice.agent().reason) == ("paused", "tired")


@pytest.mark.parametrize("reason", ["caller-gone", "taken", "moved"])
def test_a_caller_who_is_gone_stops_the_ringing_and_keeps_the_idle_time(alice: AgentStage, reason: str) -> None:
    since = alice.agent().idle_since_ms
    rung(alice).withdraw("o1", reason)
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    alice.leg_ends("leg-1", cause="originator_cancel", answered=False)
    assert (alice.agent().duty, alice.agent().idle_since_ms) == ("available", since)


def test_an_offer_taken_back_before_the_leg_is_known_hangs_it_up_when_it_is(alice: AgentStage) -> None:
    alice.offer("o1")
    alice.withdraw("o1", "taken")
    assert not alice.open(c.Hangup)
    alice.succeed(alice.dialled(), call="leg-1")
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]


@pytest.mark.parametrize("heard", ["ended", "gone", "already"])
def test_the_next_caller_is_offered_only_when_the_leg_of_the_last_one_has_ended(alice: AgentStage, heard: str) -> None:
    rung(alice).withdraw("o1", "caller-gone")
    assert (alice.agent().duty, alice.agent().delay) == ("delayed", "moving")
    assert {x.state for _, x in alice.told(n.AgentGone)} == {"delayed"}
    alice.forget()
    alice.offer("o2")
    assert declined(alice) == [("o2", "delayed")]
    alice.succeed(alice.last(c.Hangup))
    assert alice.agent().duty == "delayed", "accepted is not done"
    if heard == "ended":
        alice.leg_ends("leg-1", cause="originator_cancel", answered=False)
    else:
        alice.advance(HANG_UP_AGAIN_MS / 1000)
        again = alice.last(c.Hangup)
        if heard == "gone":
            alice.refuse(again, "90018", "gone")
        else:
            alice.outcome(again, Succeeded(already="90018"))
    assert alice.agent().duty == "available"
    assert len(alice.told(n.AgentFree)) == 2
    assert rung(alice, "o3", "leg-3").agent().line == "ringing"


@pytest.mark.parametrize("answer", ["accepted", "refused"])
def test_he_is_free_when_hanging_up_his_leg_is_given_up(alice: AgentStage, answer: str) -> None:
    rung(alice).withdraw("o1", "caller-gone")
    for _ in range(MAX_HANGUPS):
        assert alice.agent().duty == "delayed"
        hangup = alice.last(c.Hangup)
        if answer == "accepted":
            alice.succeed(hangup)
        else:
            alice.refuse(hangup, "10015", "fatal")
        alice.advance(HANG_UP_AGAIN_MS / 1000)
    assert (alice.agent().duty, alice.open(c.Hangup)) == ("available", [])


def test_a_leg_of_his_that_is_found_late_keeps_him_from_callers_until_it_has_ended(alice: AgentStage) -> None:
    alice.offer("o1")
    first = alice.dialled()
    alice.lose(first)
    alice.withdraw("o1", "caller-gone")
    assert alice.agent().duty == "available"
    alice.answer("leg-1", first)
    assert alice.agent().duty == "delayed"
    alice.tell_agent_of("call", "leg-1", n.LegEnded("leg-1", alice.now_ms, "normal_clearing", "offer:0", answered=True))
    assert alice.agent().duty == "available"


def test_one_who_is_paused_for_not_answering_is_so_when_his_leg_has_ended(alice: AgentStage) -> None:
    rung(alice).leg_ends("leg-1", cause="timeout", answered=False)
    alice.advance(33)
    rung(alice, "o2", "leg-2").withdraw("o2", "expired")
    assert (alice.agent().duty, alice.agent().standing) == ("delayed", "paused")
    assert alice.told(n.AgentGone)[-1][1].state == "paused"
    alice.leg_ends("leg-2", cause="timeout", answered=False)
    assert (alice.agent().duty, alice.agent().standing) == ("paused", "paused")


def test_a_leg_of_an_offer_that_is_over_does_not_take_the_next_caller(alice: AgentStage) -> None:
    alice.offer("o1")
    first = alice.dialled()
    alice.lose(first)
    alice.withdraw("o1", "caller-gone")
    alice.offer("o2")
    alice.answer("leg-1", first)
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    assert not alice.open(c.CreateConference)


def test_the_leg_is_hung_up_when_the_conversation_is_over(alice: AgentStage) -> None:
    talking(alice).caller_leaves("o1")
    assert alice.agent().duty == "wrapping-up"
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    alice.succeed(alice.last(c.Hangup))
    alice.leg_ends("leg-1")
    alice.advance(10)
    assert alice.agent().duty == "available"


def test_he_ends_the_conversation_by_hanging_up(alice: AgentStage) -> None:
    talking(alice).leg_ends("leg-1")
    assert alice.agent().duty == "wrapping-up"
    assert [(to, x.offer) for to, x in alice.told(n.CallerLeft)] == [("support", "o1")]
    assert not [x for _, x in alice.told(n.AgentGone) if x.offer]


def test_a_leg_that_is_lost_in_a_conversation_gives_the_caller_back(alice: AgentStage) -> None:
    talking(alice).leg_ends("leg-1", cause="unspecified")
    assert [(to, x.offer) for to, x in alice.told(n.AgentGone) if x.offer] == [("support", "o1")]
    assert alice.agent().duty == "delayed"


def test_what_breaks_an_offer_is_older_than_that_he_is_free_again(alice: AgentStage) -> None:
    talking(alice).leg_ends("leg-1", cause="unspecified")
    gone = [x.turn for _, x in alice.told(n.AgentGone) if x.offer]
    alice.advance(60)
    assert gone[0] < alice.told(n.AgentFree)[-1][1].turn


def test_who_is_logged_out_in_a_conversation_ends_it_first(alice: AgentStage) -> None:
    talking(alice).ask(i.SetAgentState("alice", "offline"))
    assert not alice.open(c.Hangup)
    alice.caller_leaves("o1")
    alice.advance(10)
    assert alice.agent().duty == "offline"


def test_a_machine_that_answers_is_hung_up_and_counts_as_not_answered() -> None:
    alice = rung(logged_in(detect_machine=True))
    dial = alice.dialled().command
    assert isinstance(dial, c.Dial)
    assert dial.detect_machine
    alice.answer("leg-1", alice.dialled())
    assert not alice.open(c.CreateConference)
    alice.tell_agent_of("call", "leg-1", n.MachineDetected("leg-1"))
    assert declined(alice) == [("o1", "machine")]
    assert alice.agent().misses == 1
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]


@pytest.mark.parametrize("told", [True, False])
def test_a_person_who_answers_is_put_through_once_it_is_known_or_never_will_be(told: bool) -> None:
    alice = rung(logged_in(detect_machine=True))
    alice.answer("leg-1", alice.dialled())
    if told:
        alice.tell_agent_of("call", "leg-1", n.MachineDetected("leg-1", machine=False))
    else:
        alice.advance(SCREEN_MS / 1000)
    alice.succeed(alice.last(c.CreateConference), conference="room-1")
    assert alice.told(n.OfferAccepted)


def test_who_is_made_nailed_up_by_the_policy_is_dialled_for_good_and_back(alice: AgentStage) -> None:
    alice.tell_agent(Enrol("policy", reach="nailed-up"))
    alice.reach()
    assert alice.told(n.AgentFree)[-1][1].conference == "room-1"
    alice.tell_agent(Enrol("policy", reach="on-demand"))
    assert [s.command for s in alice.open(c.Hangup)] == [c.Hangup("leg-1")]
    alice.leg_ends("leg-1")
    assert alice.told(n.AgentFree)[-1][1].conference == ""


def test_who_logs_in_by_phone_is_offered_nobody_before_his_phone_is_free() -> None:
    alice = AgentStage(agent_tenant(reach="on-demand"))
    alice.tell_agent(Enrol("policy", log_in=False, reach="on-demand"))
    alice.tell_agent_of("call", "c9", n.PhoneLogin("c9", alice.now_ms))
    assert alice.told(n.PhoneLoggedIn) == [("c9", n.PhoneLoggedIn("on"))]
    assert (alice.agent().duty, alice.told(n.AgentFree)) == ("offline", [])
    alice.advance(DIAL_BACK_MS / 1000 - 1)
    assert alice.agent().duty == "offline"
    alice.advance(1)
    assert (alice.agent().duty, len(alice.told(n.AgentFree))) == ("available", 2)
    assert rung(alice).agent().line == "ringing"


def test_who_has_logged_in_by_phone_and_says_that_he_is_available_is_so_at_once() -> None:
    alice = AgentStage(agent_tenant(reach="on-demand"))
    alice.tell_agent(Enrol("policy", log_in=False, reach="on-demand"))
    alice.tell_agent_of("call", "c9", n.PhoneLogin("c9", alice.now_ms))
    alice.ask(i.SetAgentState("alice", "available"))
    assert alice.agent().duty == "available"
    alice.advance(DIAL_BACK_MS / 1000)
    assert (alice.agent().duty, alice.agent().line) == ("available", "down")
