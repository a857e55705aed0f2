"""Who is asked into a conversation is dialled, put in, and goes when it is over; the caller is never left alone."""

from __future__ import annotations

import pytest

from ingress.intents import model as i
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Goal
from worker.testing.conversation import LEG, Conversation, care_tenant
from worker.views.conference import view_of_conference

NUMBER = "+13125550177"
WARM = i.Transfer("alice", i.Target(number=NUMBER), "warm")


@pytest.fixture
def talk() -> Conversation:
    """A caller talks with alice, and nothing is recorded."""
    talk = Conversation(care_tenant(record="none"))
    talk.begin()
    return talk


def test_who_is_consulted_is_dialled_in_while_the_caller_is_held(talk: Conversation) -> None:
    assert talk.ask(WARM) is None
    state = ClientState(owner="conference:room", purpose="consult:1")
    assert c.Dial(NUMBER, "+13125550100", "1", 30, state) in talk.open()
    assert [type(each) for each in talk.open()] == [c.Hold, c.Dial]
    talk.succeed(c.Hold)
    talk.answered("leg-third")
    assert talk.open() == []
    assert talk.ask(WARM) == "Somebody has been asked in already: complete or cancel that first."


def test_a_warm_transfer_that_is_completed_lets_the_agent_out_and_frees_him(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.answered("leg-third")
    assert talk.ask(i.CompleteTransfer("alice")) is None
    assert talk.open() == [c.Unhold("room", "c1"), c.LeaveConference("room", LEG)]
    assert talk.notices(n.CallerLeft) == []
    talk.settle()
    assert [kind for kind, _ in talk.notices(n.CallerLeft)] == ["agent"]
    assert talk.notices(n.ConferenceOver) == [("agent", n.ConferenceOver("room"))]
    [(kind, gone)] = talk.notices(n.CallerGone)
    assert (kind, gone.call, gone.moved) == ("queue", "c1", True)
    # What his old queue makes of it does not end the call.
    talk.hear(n.LegGone("c1", talk.now_ms))
    assert talk.open() == []


def test_a_caller_who_was_handed_over_is_seen_as_such_with_the_third_party_and_his_queue(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.answered("leg-third")
    assert "consult" in [each.role for each in view_of_conference(talk.state).participants]
    talk.ask(i.CompleteTransfer("alice"))
    talk.settle()
    talk.see(w.ParticipantLeft("room", LEG))
    view = view_of_conference(talk.state)
    assert [(each.role, each.whom, each.leg) for each in view.participants] == [
        ("caller", "", "c1"), ("third", NUMBER, "leg-third"),
    ]  # fmt: skip
    assert (view.agent, view.call, view.queue, view.held, view.handed_over) == (None, "c1", "support", False, True)


@pytest.mark.parametrize(
    ("cause", "why"),
    [("user_busy", "busy"), ("timeout", "no answer"), ("not_found", "unknown number or address"), ("odd", "odd")],
)
def test_who_was_asked_in_and_does_not_come_is_named_with_the_reason(talk: Conversation, cause: str, why: str) -> None:
    talk.ask(WARM)
    talk.settle()
    talk.succeed(c.Dial, call="leg-third")
    talk.hear(n.LegEnded("leg-third", talk.now_ms, cause, "consult:1"))
    assert view_of_conference(talk.state).trouble == f"{NUMBER}: {why}"
    talk.ask(i.Supervise("alice", "boss"))
    talk.settle()
    talk.succeed(c.Dial, call="leg-boss")
    assert view_of_conference(talk.state).trouble == ""


def test_who_cannot_be_dialled_or_never_answers_is_named_too(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss"))
    talk.refuse(c.Dial, "10015", "fatal")
    assert view_of_conference(talk.state).trouble == "boss: not dialled (refused by the test)"
    talk.ask(i.Supervise("alice", "boss"))
    talk.succeed(c.Dial, call="leg-boss")
    talk.advance(120)
    assert view_of_conference(talk.state).trouble == "boss: no answer"


def test_nothing_is_told_of_who_came_and_went_or_was_called_off(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss"))
    talk.answered("leg-boss")
    talk.ended("leg-boss")
    assert view_of_conference(talk.state).trouble == ""
    talk.ask(WARM)
    talk.succeed(c.Dial, call="leg-third")
    talk.ask(i.CancelTransfer("alice"))
    talk.hear(n.LegEnded("leg-third", talk.now_ms, "originator_cancel", "consult:2"))
    assert view_of_conference(talk.state).trouble == ""


def test_an_agent_of_whom_nobody_knows_whether_he_is_out_is_let_out_again(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.answered("leg-third")
    talk.ask(i.CompleteTransfer("alice"))
    talk.lose(c.LeaveConference)
    assert talk.notices(n.ConferenceOver) == []
    talk.advance(1)
    talk.succeed(c.LeaveConference)
    assert talk.notices(n.ConferenceOver) == [("agent", n.ConferenceOver("room"))]


@pytest.mark.parametrize("first", ["c1", "leg-third"])
def test_when_one_of_the_two_has_left_the_other_is_let_go(talk: Conversation, first: str) -> None:
    talk.ask(WARM)
    talk.answered("leg-third")
    talk.ask(i.CompleteTransfer("alice"))
    talk.see(w.ParticipantLeft("room", LEG))
    talk.settle()
    talk.see(w.ParticipantLeft("room", first))
    assert c.EndConference("room") in talk.open()
    assert ("hangup" in talk.commands()) or first == "leg-third"
    assert talk.commands().count("end-conference") == 1


def test_two_who_cannot_be_parted_at_once_are_parted_one_by_one(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.answered("leg-third")
    talk.ask(i.CompleteTransfer("alice"))
    talk.settle()
    talk.ended("leg-third")
    talk.lose(c.EndConference)
    assert talk.notices(n.Move) == [("call", n.Move(Goal()))]


def test_a_transfer_that_is_cancelled_sends_the_third_party_away_and_takes_the_caller_back(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.answered("leg-third")
    assert talk.ask(i.CancelTransfer("alice")) is None
    assert talk.open() == [c.Unhold("room", "c1"), c.Hangup("leg-third")]
    talk.settle()
    talk.ended("leg-third")
    assert talk.state.parties == {}
    talk.advance(60)
    assert talk.open() == []


def test_a_transfer_that_is_cancelled_before_the_leg_is_known_hangs_it_up_when_it_is(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.ask(i.CancelTransfer("alice"))
    assert c.Hangup("leg-third") not in talk.open()
    talk.succeed(c.Dial, call="leg-third")
    assert c.Hangup("leg-third") in talk.open()


def test_a_number_that_does_not_answer_gives_the_caller_back(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.succeed(c.Dial, call="leg-third")
    talk.hear(n.LegEnded("leg-third", talk.now_ms, "no_answer", "consult:1"))
    assert talk.open() == [c.Unhold("room", "c1")]
    assert talk.state.parties == {}


def test_a_dial_that_is_refused_gives_the_caller_back(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.refuse(c.Dial, "10015", "fatal")
    assert talk.open() == [c.Unhold("room", "c1")]


def test_a_dial_of_which_nothing_is_heard_is_given_up_and_who_answers_late_is_hung_up(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.lose(c.Dial)
    talk.advance(45)
    assert talk.open() == [c.Unhold("room", "c1")]
    talk.hear(n.LegAnswered("leg-late", talk.now_ms, "consult:1"))
    assert c.Hangup("leg-late") in talk.open()
    assert "join-conference" not in talk.commands()


def test_an_answer_that_is_heard_before_the_dials_own_is_enough(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.hear(n.LegAnswered("leg-third", talk.now_ms, "consult:1"))
    talk.succeed(c.Dial, call="leg-third")
    assert [x for x in talk.open() if isinstance(x, c.JoinConference)] == [c.JoinConference("room", "leg-third")]


def test_a_join_of_which_nothing_is_seen_is_read_back(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.succeed(c.Dial, call="leg-third")
    talk.hear(n.LegAnswered("leg-third", talk.now_ms, "consult:1"))
    talk.succeed(c.JoinConference)
    talk.advance(10)
    talk.refuse(c.ReadParticipants, "10007", "wait")
    talk.advance(10)
    talk.show(LEG, "c1")
    assert talk.open() == [c.Unhold("room", "c1"), c.Hangup("leg-third")]


def test_a_join_that_was_carried_out_without_a_word_is_seen_by_the_read(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Dial, call="leg-third")
    talk.hear(n.LegAnswered("leg-third", talk.now_ms, "consult:1"))
    talk.lose(c.JoinConference)
    talk.show(LEG, "c1", "leg-third")
    assert talk.ask(i.CompleteTransfer("alice")) is None


def test_a_join_that_is_refused_gives_the_caller_back(talk: Conversation) -> None:
    talk.ask(WARM)
    talk.succeed(c.Hold)
    talk.succeed(c.Dial, call="leg-third")
    talk.hear(n.LegAnswered("leg-third", talk.now_ms, "consult:1"))
    talk.refuse(c.JoinConference, "90032", "overflow")
    assert talk.open() == [c.Unhold("room", "c1"), c.Hangup("leg-third")]


def test_a_leg_of_whose_end_nothing_is_heard_is_hung_up_again(talk: Conversation) -> None:
    talk.ask(i.AddParty("alice", NUMBER))
    talk.answered("leg-third")
    talk.ask(i.CancelTransfer("alice"))
    talk.lose(c.Hangup)
    talk.advance(5)
    talk.refuse(c.Hangup, "90018", "gone")
    assert talk.state.parties == {}


def test_a_third_party_is_added_and_the_caller_is_not_held(talk: Conversation) -> None:
    assert talk.ask(i.AddParty("alice", NUMBER)) is None
    assert [type(each) for each in talk.open()] == [c.Dial]
    talk.answered("leg-third")
    assert talk.ask(i.Say("alice", "all", text="Hello")) is None
    assert talk.command(c.ConferenceSpeak).calls == ("c1", LEG, "leg-third")


def test_who_was_asked_in_goes_with_the_caller(talk: Conversation) -> None:
    talk.ask(i.AddParty("alice", NUMBER))
    talk.answered("leg-third")
    talk.ask(i.Supervise("alice", "boss"))
    talk.answered("leg-boss")
    talk.see(w.ParticipantLeft("room", "c1"))
    assert talk.open() == [c.Hangup("leg-third"), c.Hangup("leg-boss")]


def test_who_is_still_being_dialled_goes_with_the_caller_too(talk: Conversation) -> None:
    talk.ask(i.AddParty("alice", NUMBER))
    talk.see(w.ParticipantLeft("room", "c1"))
    talk.succeed(c.Dial, call="leg-third")
    assert talk.open() == [c.Hangup("leg-third")]


def test_no_more_are_asked_in_than_a_conversation_bears(talk: Conversation) -> None:
    for _ in range(10):
        assert talk.ask(i.AddParty("alice", NUMBER)) is None
    assert talk.ask(i.AddParty("alice", NUMBER)) == "There are 10 others in the conversation already."


@pytest.mark.parametrize(("role", "whispers"), [("monitor", ()), ("whisper", (LEG,)), ("barge", ())])
def test_a_supervisor_joins_in_the_role_that_was_asked_for(
    talk: Conversation, role: i.Role, whispers: tuple[str, ...]
) -> None:
    assert talk.ask(i.Supervise("alice", "boss", role)) is None
    assert talk.command(c.Dial).to == "sip:boss@sip.telnyx.com"
    talk.succeed(c.Dial, call="leg-boss")
    talk.hear(n.LegAnswered("leg-boss", talk.now_ms, "supervisor:1"))
    assert talk.open() == [c.JoinConference("room", "leg-boss", role, whispers)]


def test_a_supervisor_changes_the_role_and_goes(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss"))
    talk.answered("leg-boss")
    assert talk.ask(i.Supervise("alice", "boss", "whisper")) is None
    assert talk.open() == [c.ChangeRole("room", "leg-boss", "whisper", (LEG,))]
    talk.settle()
    assert talk.ask(i.Supervise("alice", "boss", "barge")) is None
    assert talk.open() == [c.ChangeRole("room", "leg-boss", "barge")]
    talk.settle()
    assert talk.ask(i.StopSupervising("alice", "boss")) is None
    assert talk.open() == [c.Hangup("leg-boss")]
    assert talk.ask(i.StopSupervising("alice", "boss")) == "boss does not supervise the conversation."


def test_a_role_that_changes_while_the_supervisor_is_dialled_is_the_one_that_counts(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss"))
    talk.ask(i.Supervise("alice", "boss", "barge"))
    talk.succeed(c.Dial, call="leg-boss")
    talk.hear(n.LegAnswered("leg-boss", talk.now_ms, "supervisor:1"))
    assert talk.open() == [c.JoinConference("room", "leg-boss", "barge")]
    assert talk.commands().count("dial") == 1


def test_a_supervisor_goes_when_the_agent_leaves_the_caller_with_a_third_party(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss"))
    talk.answered("leg-boss")
    talk.ask(i.AddParty("alice", NUMBER))
    talk.answered("leg-third")
    talk.ask(i.CompleteTransfer("alice"))
    assert talk.open() == [c.Hangup("leg-boss"), c.LeaveConference("room", LEG)]


def test_a_conference_that_has_ended_hangs_up_whoever_was_dialled(talk: Conversation) -> None:
    talk.ask(i.AddParty("alice", NUMBER))
    talk.answered("leg-third")
    talk.see(w.ConferenceEnded("room", reason="time_exceeded"))
    assert c.Hangup("leg-third") in talk.open()
    assert talk.notices(n.ConferenceOver) == [("agent", n.ConferenceOver("room"))]
