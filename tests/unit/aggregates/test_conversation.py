"""What is asked of a conversation is done for those whom it concerns, or refused; nothing is left for the next one."""

from __future__ import annotations

import msgspec
import pytest

from ingress.intents import model as i
from worker.aggregates.conference.manner import MAX_FAILURES
from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.outcomes import Outcome, Refused, Succeeded
from worker.policy.model import Goal
from worker.testing.conversation import LEG, Conversation, care_tenant

AUDIO = "https://example.com/a.mp3"
EVERY: list[i.CareIntent] = [
    i.Hold("alice"), i.Mute("alice"), i.SendDtmf("alice", "1"), i.Say("alice", text="Hello"), i.Hush("alice"),
    i.Collect("alice", AUDIO), i.Transfer("alice", i.Target(queue="sales")), i.CompleteTransfer("alice"),
    i.CancelTransfer("alice"), i.AddParty("alice", "+13125550177"), i.PauseRecording("alice"), i.Record("alice"),
    i.EndConversation("alice"), i.Supervise("alice", "boss"), i.StopSupervising("alice", "boss"),
]  # fmt: skip


@pytest.fixture
def talk() -> Conversation:
    """A caller talks with alice, and nothing is recorded."""
    talk = Conversation(care_tenant(record="asked"))
    talk.begin()
    return talk


@pytest.mark.parametrize("intent", EVERY, ids=lambda intent: type(intent).__name__)
def test_nothing_can_be_asked_of_a_conversation_that_there_is_not(intent: i.CareIntent) -> None:
    talk = Conversation()
    talk.begin()
    talk.leave()
    before = talk.commands()
    assert talk.ask(intent) == "alice does not talk with a caller."
    assert talk.commands() == before


def test_a_caller_is_held_with_music_and_taken_back(talk: Conversation) -> None:
    assert talk.ask(i.Hold("alice")) is None
    assert talk.open() == [c.Hold("room", "c1", "https://example.com/hold.mp3")]
    talk.settle()
    assert talk.ask(i.Hold("alice", on=False)) is None
    assert talk.open() == [c.Unhold("room", "c1")]


def test_what_is_so_already_is_not_asked_of_telnyx_again(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    talk.settle()
    assert talk.ask(i.Hold("alice")) is None
    assert talk.commands().count("hold") == 1


def test_an_ask_that_comes_twice_is_answered_once(talk: Conversation) -> None:
    talk.ask(i.SendDtmf("alice", "42"), "the-same")
    assert talk.hear(n.Care("the-same", i.SendDtmf("alice", "42"))) == ()
    assert talk.open() == [c.ConferenceDtmf("room", ("c1",), "42")]


def test_a_hold_of_which_nobody_knows_is_said_again_until_it_is_accepted(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    for _ in range(3):
        talk.lose(c.Hold)
        assert talk.open() == []
        talk.advance(1)
    talk.succeed(c.Hold)
    talk.advance(60)
    assert talk.commands().count("hold") == 4


def test_a_hold_that_fails_while_he_is_taken_back_ends_in_what_was_asked_last(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    talk.ask(i.Hold("alice", on=False))
    first, second = talk.open()
    assert (type(first), type(second)) == (c.Hold, c.Unhold)
    talk.lose(c.Hold)
    talk.succeed(c.Unhold)
    talk.advance(2)
    assert talk.open() == [c.Unhold("room", "c1")]


@pytest.mark.parametrize("kind", [c.Hold, c.Mute])
def test_what_telnyx_refuses_is_not_so_and_is_sent_again_when_it_is_asked_for_again(
    talk: Conversation, kind: type[c.AnyCommand]
) -> None:
    intent = i.Hold("alice") if kind is c.Hold else i.Mute("alice")
    talk.ask(intent)
    talk.refuse(kind, "10015", "fatal")
    assert talk.state.talk is not None
    assert (talk.state.talk.held, talk.state.talk.muted) == (False, False)
    assert talk.open() == []
    talk.ask(intent)
    assert [type(each) for each in talk.open()] == [kind]
    talk.settle()
    assert (talk.state.talk.held, talk.state.talk.muted) == (kind is c.Hold, kind is c.Mute)


def test_who_cannot_be_taken_back_is_held_until_that_is_asked_for_again(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    talk.settle()
    talk.ask(i.Hold("alice", on=False))
    talk.refuse(c.Unhold, "10015", "fatal")
    assert talk.state.talk is not None
    assert talk.state.talk.held
    talk.ask(i.Hold("alice", on=False))
    assert talk.open() == [c.Unhold("room", "c1")]


def test_a_late_refusal_does_not_undo_what_was_asked_for_since(talk: Conversation) -> None:
    for on in (True, False, True):
        talk.ask(i.Hold("alice", on=on))
    for result in ("refused", "accepted", "accepted"):
        sent = next(each for each in talk.sent if not each.ended)
        sent.ended = True
        refused = Refused(422, "10015", "refused by the test", "fatal")
        talk.see(Outcome(sent.id, sent.command, refused if result == "refused" else Succeeded()))
    assert talk.state.talk is not None
    assert talk.state.talk.held
    assert talk.open() == []
    assert (talk.state.made, talk.state.unanswered) == ({"hold:c1": "on"}, {})


def test_a_supervisor_whose_change_is_refused_has_the_role_that_he_had(talk: Conversation) -> None:
    talk.ask(i.Supervise("alice", "boss", "monitor"))
    talk.answered("leg-boss")
    talk.ask(i.Supervise("alice", "boss", "barge"))
    talk.refuse(c.ChangeRole, "10015", "fatal")
    assert [party.role for party in talk.state.parties.values()] == ["monitor"]
    talk.ask(i.Supervise("alice", "boss", "barge"))
    assert [type(each) for each in talk.open()] == [c.ChangeRole]


def test_what_fails_too_often_is_given_up_and_can_be_asked_for_again(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    for _ in range(MAX_FAILURES + 1):
        talk.lose(c.Hold)
        talk.advance(1)
    assert talk.state.talk is not None
    assert not talk.state.talk.held
    assert talk.open() == []
    talk.ask(i.Hold("alice"))
    assert talk.open(c.Hold)


def test_an_agent_is_muted_and_is_not_any_more_when_the_caller_has_left(talk: Conversation) -> None:
    talk.ask(i.Mute("alice"))
    assert talk.open() == [c.Mute("room", LEG)]
    talk.succeed(c.Mute)
    talk.see(w.ParticipantLeft("room", "c1"))
    assert talk.open() == [c.Unmute("room", LEG)]


def test_what_is_said_is_heard_by_whom_it_is_meant_for_and_ends_with_the_conversation(talk: Conversation) -> None:
    assert talk.ask(i.Say("alice", "caller", text="Hello")) is None
    assert talk.command(c.ConferenceSpeak).calls == ("c1",)
    assert talk.ask(i.Say("alice", "all", audio=AUDIO)) is None
    assert talk.command(c.ConferencePlay).calls == ("c1", LEG)
    assert talk.ask(i.Hush("alice")) is None
    assert talk.command(c.ConferenceStop).calls == ("c1", LEG)
    talk.settle()
    talk.see(w.ParticipantLeft("room", "c1"))
    assert talk.command(c.ConferenceStop).calls == (LEG,)


@pytest.mark.parametrize("say", [i.Say("alice"), i.Say("alice", text="x", audio=AUDIO)])
def test_what_is_to_be_said_is_a_text_or_an_audio_file(talk: Conversation, say: i.Say) -> None:
    assert talk.ask(say) == "Say exactly one of a text and the address of an audio file."


def test_keys_are_asked_of_the_caller_by_the_name_of_who_asked(talk: Conversation) -> None:
    assert talk.ask(i.Collect("alice", AUDIO, 4), "ask-7") is None
    assert talk.open() == [c.ConferenceGather("room", "c1", AUDIO, 4, "ask-7")]


@pytest.mark.parametrize(
    ("to", "goal", "agent"),
    [
        (i.Target(queue="sales"), Goal(queue="sales"), None),
        (i.Target(agent="bob"), Goal(queue="sales"), "bob"),
        (i.Target(number="+13125550177"), Goal(number="+13125550177"), None),
        (i.Target(voicemail="box"), Goal(voicemail="box"), None),
    ],
)
def test_a_cold_transfer_sends_the_callers_leg_on(
    talk: Conversation, to: i.Target, goal: Goal, agent: str | None
) -> None:
    assert talk.ask(i.Transfer("alice", to)) is None
    assert talk.notices(n.Move) == [("call", n.Move(goal, agent))]
    assert talk.ask(i.Hold("alice")) == "The caller is being sent elsewhere, or the conversation ended."
    talk.leave()
    # His leg tells the queue, which must not take the conversation for finished.
    assert [kind for kind, _ in talk.notices(n.CallerLeft)] == ["agent"]


@pytest.mark.parametrize(
    ("transfer", "reason"),
    [
        (i.Transfer("alice", i.Target()), "Name exactly one of a queue, an agent, a number and a voicemail."),
        (i.Transfer("alice", i.Target(queue="q", agent="bob")), "Name exactly one of a queue, an agent, a number"),
        (i.Transfer("alice", i.Target(queue="nowhere")), "There is no queue nowhere."),
        (i.Transfer("alice", i.Target(agent="nobody")), "There is no agent nobody."),
        (i.Transfer("alice", i.Target(agent="alice")), "alice has the caller."),
        (i.Transfer("alice", i.Target(voicemail="x")), "There is no voicemail x."),
        (i.Transfer("alice", i.Target(queue="sales"), "warm"), "A warm transfer is to a number or an agent;"),
        (i.CompleteTransfer("alice"), "No third party is in the conversation."),
        (i.CancelTransfer("alice"), "Nobody has been asked in."),
        (i.Supervise("alice", "nobody"), "There is no supervisor nobody."),
        (i.Supervise("alice", "sam"), "sam may not supervise callers of support."),
        (i.StopSupervising("alice", "boss"), "boss does not supervise the conversation."),
        (i.PauseRecording("alice"), "Nothing is being recorded."),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason_and_changes_nothing(
    talk: Conversation, transfer: i.CareIntent, reason: str
) -> None:
    before = talk.state
    refusal = talk.ask(transfer)
    assert refusal is not None
    assert refusal.startswith(reason)
    assert talk.open() == []
    unlike = ("asking", "asks")
    assert msgspec.structs.replace(talk.state, **{k: getattr(before, k) for k in unlike}) == before


def test_a_caller_who_was_to_go_and_is_still_there_is_the_agents_again(talk: Conversation) -> None:
    talk.ask(i.Transfer("alice", i.Target(queue="sales")))
    talk.advance(30)
    talk.show(LEG, "c1")
    assert talk.ask(i.Hold("alice")) is None


def test_a_caller_who_went_without_a_word_is_found_to_have_left(talk: Conversation) -> None:
    talk.ask(i.Transfer("alice", i.Target(queue="sales")))
    talk.advance(30)
    talk.show(LEG)
    assert [kind for kind, _ in talk.notices(n.CallerLeft)] == ["queue", "agent"]


def test_ending_a_conversation_ends_the_caller_and_leaves_the_agents_leg(talk: Conversation) -> None:
    assert talk.ask(i.EndConversation("alice")) is None
    assert talk.notices(n.Move) == [("call", n.Move(Goal()))]
    assert talk.open() == []


def test_a_conversation_whose_agent_has_hung_up_can_be_ended(talk: Conversation) -> None:
    talk.see(w.ParticipantLeft("room", LEG))
    assert talk.ask(i.EndConversation("alice")) is None
    assert talk.notices(n.Move) == [("call", n.Move(Goal()))]


def test_a_participants_rights_are_changed_for_who_asks_the_conference(talk: Conversation) -> None:
    assert talk.ask_itself(i.UpdateParticipant("room", "p1", end_conference_on_exit=True)) is None
    assert talk.open() == [c.ChangeRights("room", "p1", end_conference_on_exit=True)]
    assert talk.ask_itself(i.UpdateParticipant("room", "p1")) == "Nothing is to be changed."
    talk.see(w.ParticipantJoined("room", "gone"))
    talk.leave("gone")
    left = i.UpdateParticipant("room", "gone", end_conference_on_exit=True)
    assert talk.ask_itself(left) == "The leg gone has left the conference."
    unknown = Conversation()
    rights = i.UpdateParticipant("room", "p1", beep_enabled="never")
    assert unknown.ask_itself(rights) == "There is no such conference, or it has ended."


def test_the_next_conversation_begins_as_if_there_had_been_none(talk: Conversation) -> None:
    for intent in (i.Hold("alice"), i.Mute("alice"), i.Record("alice"), i.Supervise("alice", "boss", "whisper")):
        assert talk.ask(intent) is None
    talk.answered("leg-boss")
    assert talk.ask(i.PauseRecording("alice")) is None
    talk.settle()
    talk.leave()
    talk.ended("leg-boss")
    talk.begin("c2")
    assert talk.state.made == {}
    assert talk.state.parties == {}
    assert talk.state.recording == "off"
    assert talk.state.talk is not None
    assert (talk.state.talk.held, talk.state.talk.muted, talk.state.talk.paused) == (False, False, False)


def test_the_same_caller_who_comes_back_is_heard_and_not_held(talk: Conversation) -> None:
    talk.ask(i.Hold("alice"))
    talk.settle()
    talk.leave()
    talk.begin("c1")
    assert talk.ask(i.Hold("alice")) is None
    assert talk.commands().count("hold") == 2
