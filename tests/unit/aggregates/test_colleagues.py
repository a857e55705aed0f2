"""A warm transfer to an agent, all of it on one stage: asked, talked about, completed, cancelled, broken."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from ingress.intents import model as i
from ingress.intents.model import Asked
from worker.aggregates.agent.state import Agent
from worker.aggregates.conference.state import Conference
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.decisions.decision import Accept, Refuse
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Queue, Recording, Tenant
from worker.testing.centre import Centre, small_tenant
from worker.testing.stage import Sent
from worker.views.agent import view_of_agent
from worker.views.conference import view_of_conference

ALICES = "room-alice"
WARM = i.Transfer("alice", i.Target(agent="bob"), "warm")
BOB = "sip:b@sip.telnyx.com"
PARTY = "room-alice/colleague:1"


def tenant(*, reach: str = "nailed-up", **rules: object) -> Tenant:
    """Return a policy in which bob serves another queue than alice's callers wait in."""
    small = small_tenant()
    queues = {"support": replace(small.queues["support"], recording=Recording("none")), "sales": Queue(wrap_up_secs=3)}
    bob = msgspec.convert({"address": BOB, "queues": ("sales",), "reach": reach, **rules}, AgentPolicy)
    return replace(small, queues=queues, agents={"alice": small.agents["alice"], "bob": bob})


class Office(Centre):
    """Alice talks with a caller, and bob is there."""

    def __init__(self, policy: Tenant) -> None:
        super().__init__(policy)
        self.legs: dict[str, str] = {}

    def begin(self) -> None:
        """Let it become so."""
        self.agent_up("alice")
        if self.policy.agents["bob"].reach == "nailed-up":
            self.agent_up("bob")
        else:
            self.sign_in("bob")
        self.ring("c1")
        self.join("c1")
        assert self.agent("alice").duty == "busy"

    def ask(self, agent: str, intent: i.AgentIntent) -> None:
        """Ask something in an agent's name."""
        self.tell("agent", agent, Asked(intent, "test"))

    def answers(self, agent: str, intent: i.AgentIntent) -> list[str | None]:
        """Ask, and return what was said by anybody: None is yes."""
        said: list[str | None] = []
        before = len(self.acts)
        self.ask(agent, intent)
        for act in self.acts[before:]:
            if isinstance(act, Refuse):
                said.append(act.reason)
            elif isinstance(act, Accept):
                said.append(None)
        return said

    @property
    def room(self) -> Conference:
        """Alice's first conference."""
        state = self.states[self.address("conference", ALICES)]
        assert isinstance(state, Conference)
        return state

    def commands(self) -> list[c.AnyCommand]:
        """Return the commands without an end."""
        return [sent.command for sent in self.open()]

    def carry_out(self, kind: type[c.AnyCommand], **result: str) -> Sent:
        """Telnyx carries out the newest open command of a kind, and tells who comes and goes."""
        sent = self.last(kind)
        self.succeed(sent, **result)
        self.now_ms += 1
        match sent.command:
            case c.JoinConference(conference=room, call=leg):
                self.tell("conference", room, w.ParticipantJoined(room, leg))
            case c.LeaveConference(conference=room, call=leg):
                self.tell("conference", room, w.ParticipantLeft(room, leg))
            case _:
                pass
        return sent

    def come(self) -> None:
        """Bob, who is nailed-up, leaves his conference and is put into alice's."""
        self.carry_out(c.LeaveConference)
        self.carry_out(c.JoinConference)

    def answer(self, leg: str = "leg-bob") -> None:
        """Bob, who is rung, answers."""
        dial = self.last(c.Dial)
        assert isinstance(dial.command, c.Dial)
        mark = encode_client_state(dial.command.client_state)
        self.succeed(dial, call=leg)
        self.tell("call", leg, w.CallInitiated(leg, client_state=mark, direction="outgoing", state="bridging"))
        self.tell("call", leg, w.CallAnswered(leg, client_state=mark))

    def end(self, leg: str, cause: str = "normal_clearing") -> None:
        """A leg that was dialled ends."""
        self.now_ms += 1
        self.tell("call", leg, w.CallHangup(leg, hangup_cause=cause, hangup_source="callee"))


@pytest.fixture
def office() -> Office:
    """Bob is nailed-up."""
    there = Office(tenant())
    there.begin()
    return there


@pytest.fixture
def phone() -> Office:
    """Bob is rung on demand."""
    there = Office(tenant(reach="on-demand", reject_delay_secs=0, wrap_up_secs=3))
    there.begin()
    return there


def test_a_colleague_leaves_his_own_conference_before_he_is_put_into_the_others(office: Office) -> None:
    assert office.answers("alice", WARM) == [None]
    assert office.agent("bob").duty == "reserved"
    assert office.commands() == [c.Hold(ALICES, "c1", None, None), c.LeaveConference("room-bob", "leg-bob")]
    office.carry_out(c.LeaveConference)
    assert c.JoinConference(ALICES, "leg-bob") in office.commands()
    office.carry_out(c.JoinConference)
    assert office.room.inside("leg-bob")
    office.succeed(office.last(c.Hold))
    assert office.commands() == []


def test_a_transfer_that_is_completed_gives_the_colleague_the_caller_and_frees_the_agent(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    assert office.answers("alice", i.CompleteTransfer("alice")) == [None]
    assert office.commands() == [c.Unhold(ALICES, "c1"), c.LeaveConference(ALICES, "leg-alice")]
    # She is not free before she is out.
    assert (office.agent("alice").duty, office.agent("bob").duty) == ("busy", "busy")
    assert office.agent("bob").conference == ALICES
    office.carry_out(c.LeaveConference)
    assert office.agent("alice").duty == "wrapping-up"
    office.advance(5)
    office.succeed(office.last(c.CreateConference), conference="room-alice-2")
    assert (office.agent("alice").duty, office.agent("alice").conference) == ("available", "room-alice-2")
    (caller,) = office.queue().callers.values()
    assert caller.offer is not None
    assert (caller.offer.id, caller.offer.agent, caller.offer.step) == (PARTY, "bob", "connected")
    assert (office.room.agent, office.room.agent_leg, office.room.partings) == ("bob", "leg-bob", ())
    assert office.queue().tally.answered == 1


def given(office: Office) -> None:
    """Bob has been given the caller, and alice is out."""
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    office.ask("alice", i.CompleteTransfer("alice"))
    office.succeed(office.last(c.Unhold))
    office.carry_out(c.LeaveConference)


def test_the_colleague_wraps_up_when_the_caller_leaves_and_gets_a_conference_of_his_own(office: Office) -> None:
    given(office)
    office.hang_up("c1", ALICES)
    assert office.agent("bob").duty == "wrapping-up"
    assert not office.queue().callers
    office.advance(60)
    assert c.LeaveConference(ALICES, "leg-bob") in office.commands()
    assert office.agent("bob").duty == "delayed"
    office.carry_out(c.LeaveConference)
    office.succeed(office.last(c.CreateConference), conference="room-bob-2")
    assert (office.agent("bob").duty, office.agent("bob").conference) == ("available", "room-bob-2")
    assert office.agent("bob").answered == 1


def test_the_colleague_does_with_the_caller_whatever_an_agent_does_and_the_first_one_nothing(office: Office) -> None:
    given(office)
    assert office.answers("bob", i.Hold("bob")) == [None]
    assert c.Hold(ALICES, "c1", None, None) in office.commands()
    office.succeed(office.last(c.Hold))
    assert office.answers("alice", i.Hold("alice", on=False)) == ["alice is not in a conversation, but wrapping up."]
    assert office.answers("bob", i.Transfer("bob", i.Target(queue="sales"))) == [None]
    assert c.LeaveConference(ALICES, "c1") in office.commands()


def test_what_the_first_one_asks_while_she_is_let_out_is_refused(office: Office) -> None:
    office.ask("alice", WARM)
    office.come()
    office.ask("alice", i.CompleteTransfer("alice"))
    assert office.agent("alice").duty == "busy"
    assert office.answers("alice", i.EndConversation("alice")) == ["alice does not talk with a caller."]


def test_the_end_for_all_is_the_colleagues_to_ask_for(office: Office) -> None:
    given(office)
    assert office.answers("bob", i.EndConversation("bob")) == [None]
    office.carry_out(c.LeaveConference)
    office.carry_out(c.Hangup)
    office.hang_up("c1")
    assert office.agent("bob").duty == "wrapping-up"
    assert not office.queue().callers


def test_a_colleague_who_consults_in_his_turn_can_have_the_first_one_back(office: Office) -> None:
    given(office)
    office.advance(6)
    office.succeed(office.last(c.CreateConference), conference="room-alice-2")
    assert office.answers("bob", i.Transfer("bob", i.Target(agent="alice"), "warm")) == [None]
    office.succeed(office.last(c.Hold))
    office.carry_out(c.LeaveConference)
    # That she was here before is no reason to take her for one who has left.
    assert c.JoinConference(ALICES, "leg-alice") in office.commands()
    assert office.answers("bob", i.CompleteTransfer("bob")) == ["No third party is in the conversation."]
    office.carry_out(c.JoinConference)
    assert office.answers("bob", i.CompleteTransfer("bob")) == [None]
    assert (office.agent("alice").duty, office.room.agent) == ("busy", "alice")


def test_a_transfer_that_is_cancelled_lets_the_colleague_out_before_he_is_anybodys(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    assert office.answers("alice", i.CancelTransfer("alice")) == [None]
    assert office.commands() == [c.Unhold(ALICES, "c1"), c.LeaveConference(ALICES, "leg-bob")]
    assert office.agent("bob").duty == "reserved"
    office.carry_out(c.LeaveConference)
    assert office.agent("bob").duty == "delayed"
    office.succeed(office.last(c.CreateConference), conference="room-bob-2")
    assert office.agent("bob").duty == "available"
    assert (office.agent("bob").answered, office.agent("alice").duty) == (0, "busy")


def test_of_letting_out_of_which_nobody_knows_the_colleague_hears_only_when_it_is_certain(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    office.ask("alice", i.CancelTransfer("alice"))
    office.lose(office.last(c.LeaveConference))
    assert office.agent("bob").duty == "reserved"
    office.advance(5)
    office.carry_out(c.LeaveConference)
    assert office.agent("bob").duty == "delayed"


def test_a_transfer_that_is_cancelled_while_the_colleague_leaves_lets_him_make_another_conference(
    office: Office,
) -> None:
    office.ask("alice", WARM)
    office.ask("alice", i.CancelTransfer("alice"))
    assert office.agent("bob").duty == "delayed"
    assert c.JoinConference(ALICES, "leg-bob") not in office.commands()
    office.carry_out(c.LeaveConference)
    office.succeed(office.last(c.CreateConference), conference="room-bob-2")
    assert office.agent("bob").duty == "available"
    assert not [
        sent for sent in office.sent if isinstance(sent.command, c.JoinConference) and sent.command.call != "c1"
    ]


def test_leaving_of_which_nobody_knows_is_done_again_and_nobody_is_put_in_meanwhile(office: Office) -> None:
    office.ask("alice", WARM)
    office.lose(office.last(c.LeaveConference))
    assert not office.open(c.JoinConference)
    office.advance(1)
    office.carry_out(c.LeaveConference)
    assert c.JoinConference(ALICES, "leg-bob") in office.commands()


def test_what_the_colleague_is_is_why_the_transfer_is_refused_and_the_caller_is_taken_back(office: Office) -> None:
    office.ask("bob", i.SetAgentState("bob", "paused", "lunch"))
    assert office.answers("alice", WARM) == ["bob is not available, but paused."]
    office.succeed(office.last(c.Hold))
    assert office.commands() == [c.Unhold(ALICES, "c1")]
    assert office.room.parties == {}
    assert office.room.talk is not None
    assert office.room.talk.absent == "bob: paused"
    office.succeed(office.last(c.Unhold))
    assert office.answers("alice", i.CompleteTransfer("alice")) == ["No third party is in the conversation."]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (i.Target(agent="nobody"), "There is no agent nobody."),
        (i.Target(agent="alice"), "alice has the caller."),
        (i.Target(queue="sales"), "A warm transfer is to a number or an agent; to a queue or a voicemail it is cold."),
    ],
)
def test_a_warm_transfer_to_who_is_not_there_is_refused_at_once(office: Office, target: i.Target, why: str) -> None:
    assert office.answers("alice", i.Transfer("alice", target, "warm")) == [why]
    assert office.commands() == []


def test_both_are_seen_as_they_are(office: Office) -> None:
    office.ask("alice", WARM)
    bob = view_of_agent(office.agent("bob"))
    assert bob.caller is not None
    assert (bob.state, bob.caller.call, bob.caller.queue, bob.caller.by) == ("reserved", "c1", "support", "alice")
    office.come()
    there = view_of_conference(office.room).participants
    assert [(each.role, each.whom) for each in there] == [("agent", "alice"), ("caller", ""), ("colleague", "bob")]
    office.ask("alice", i.CompleteTransfer("alice"))
    office.carry_out(c.LeaveConference)
    there = view_of_conference(office.room).participants
    assert [(each.role, each.whom) for each in there] == [("agent", "bob"), ("caller", "")]
    bob = view_of_agent(office.agent("bob"))
    assert bob.caller is not None
    assert (bob.state, bob.caller.step, bob.caller.by) == ("busy", "connected", "")


def test_to_hear_twice_that_a_caller_was_handed_on_changes_nothing(office: Office) -> None:
    given(office)
    (caller,) = office.queue().callers.values()
    for to, told in list(office.notices):
        if isinstance(told.notice, n.HandedOn | n.CallerHanded | n.ConsultAsked | n.ConsultReady):
            office.tell(to.kind, to.id, told)
    assert list(office.queue().callers.values()) == [caller]
    assert (office.agent("bob").duty, office.agent("bob").conference) == ("busy", ALICES)
    assert office.room.parties == {}


def test_two_ask_for_one_colleague_and_one_has_him(office: Office) -> None:
    office.ask("alice", WARM)
    again = n.ConsultAsked("room-x/colleague:1", "ask", "room-x", "xavier", "c9", "support")
    office.tell("agent", "bob", n.Told(office.address("conference", "room-x"), again))
    assert office.acts[-1] != Accept("ask")
    assert n.ConsultDeclined("room-x/colleague:1", "bob", "reserved") in [told.notice for _, told in office.notices]


def test_no_queue_has_him_who_is_being_consulted(office: Office) -> None:
    office.ask("alice", WARM)
    offer = n.OfferMade("sales/1", "c2", "sales")
    office.tell("agent", "bob", n.Told(office.address("queue", "sales"), offer))
    assert n.OfferDeclined("sales/1", "bob", "reserved") in [told.notice for _, told in office.notices]


def test_a_caller_who_hangs_up_while_they_consult_frees_both(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    office.hang_up("c1", ALICES)
    assert office.agent("alice").duty == "wrapping-up"
    office.carry_out(c.LeaveConference)
    assert office.agent("bob").duty == "delayed"
    office.succeed(office.last(c.CreateConference), conference="room-bob-2")
    assert office.agent("bob").duty == "available"


def test_an_agent_whose_leg_is_lost_while_they_consult_leaves_the_caller_to_the_queue(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    office.end("leg-alice", "unspecified")
    assert office.agent("alice").duty == "offline"
    office.carry_out(c.LeaveConference)
    (caller,) = office.queue().callers.values()
    assert caller.waits
    assert caller.priority > 0
    office.carry_out(c.LeaveConference)
    assert office.agent("bob").duty == "delayed"


def test_a_colleague_whose_leg_is_lost_while_they_consult_gives_the_caller_back(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    office.end("leg-bob", "unspecified")
    assert office.agent("bob").duty == "offline"
    assert office.commands() == [c.Unhold(ALICES, "c1")]
    assert office.room.parties == {}


def test_a_colleague_whose_leg_is_lost_with_the_caller_leaves_him_to_the_queue(office: Office) -> None:
    given(office)
    office.end("leg-bob", "unspecified")
    assert c.LeaveConference(ALICES, "c1") in office.commands()
    office.carry_out(c.LeaveConference)
    (caller,) = office.queue().callers.values()
    assert caller.waits
    assert caller.priority > 0
    # He does not serve that queue, and is none of its staff.
    assert office.queue().agents.get("bob") is None or office.queue().agents["bob"].state == "offline"


def test_a_colleague_who_is_lost_just_before_he_is_given_the_caller_leaves_him_to_the_queue(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    agent = office.states[office.address("agent", "bob")]
    assert isinstance(agent, Agent)
    # The conference has not heard of it yet.
    office.states[office.address("agent", "bob")] = replace(agent, duty="offline", offer=None, past_offers=(PARTY,))
    office.ask("alice", i.CompleteTransfer("alice"))
    assert c.LeaveConference(ALICES, "c1") in office.commands()


def test_an_agent_who_hangs_up_just_after_completing_does_not_end_the_call() -> None:
    office = Office(replace(tenant(), agents={**tenant().agents}))
    office.begin()
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    # Her hanging up is heard by the queue before her word is heard by the conference.
    offer = office.agent("alice").offer
    assert offer is not None
    left = n.CallerLeft(offer.id, "c1", office.now_ms)
    office.tell("queue", "support", n.Told(office.address("agent", "alice"), left))
    office.ask("alice", i.CompleteTransfer("alice"))
    office.advance(60)
    (caller,) = office.queue().callers.values()
    assert caller.offer is not None
    assert (caller.ending, caller.offer.agent, office.agent("bob").duty) == (None, "bob", "busy")
    assert not office.open(c.Hangup)


def test_a_caller_whom_the_queue_has_lost_meanwhile_is_withdrawn_from_the_colleague(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.come()
    offer = office.agent("alice").offer
    assert offer is not None
    broken = n.AgentGone("alice", 99, offer.id, "offline")
    office.tell("queue", "support", n.Told(office.address("agent", "alice"), broken))
    office.ask("alice", i.CompleteTransfer("alice"))
    assert office.agent("bob").duty == "wrapping-up"
    assert not [caller for caller in office.queue().callers.values() if caller.offers]


def test_a_withdrawal_that_comes_before_the_caller_is_handed_takes_the_colleague_out_himself(office: Office) -> None:
    office.ask("alice", WARM)
    office.come()
    withdrawn = n.OfferWithdrawn(PARTY, "caller-gone")
    office.tell("agent", "bob", n.Told(office.address("queue", "support"), withdrawn))
    assert c.LeaveConference(ALICES, "leg-bob") in office.commands()
    assert office.agent("bob").duty == "delayed"


def test_a_colleague_who_does_not_come_is_not_waited_for(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.last(c.LeaveConference).ended = True
    office.advance(65)
    assert c.Unhold(ALICES, "c1") in office.commands()
    assert office.room.parties == {}
    assert office.agent("bob").duty == "delayed"


def test_a_colleague_who_is_ready_too_late_is_told_so(office: Office) -> None:
    late = n.ConsultReady("room-alice/colleague:9", "bob", "leg-bob")
    office.tell("conference", ALICES, n.Told(office.address("agent", "bob"), late))
    assert (office.address("agent", "bob"), n.ConsultOver("room-alice/colleague:9")) in [
        (to, told.notice) for to, told in office.notices
    ]
    assert office.room.parties == {}


def test_a_join_that_is_refused_gives_both_back(office: Office) -> None:
    office.ask("alice", WARM)
    office.succeed(office.last(c.Hold))
    office.carry_out(c.LeaveConference)
    office.refuse(office.last(c.JoinConference), "90032", "overflow")
    office.refuse(office.last(c.LeaveConference), "90015", "gone")
    assert c.Unhold(ALICES, "c1") in office.commands()
    assert office.agent("bob").duty == "delayed"


def test_a_supervisor_and_the_keys_go_with_whose_conversation_it_is(office: Office) -> None:
    given(office)
    assert office.answers("bob", i.Mute("bob")) == [None]
    assert c.Mute(ALICES, "leg-bob") in office.commands()


def test_a_colleague_on_demand_is_rung_for_it_and_accepts_by_answering(phone: Office) -> None:
    assert phone.answers("alice", WARM) == [None]
    dial = phone.last(c.Dial).command
    assert isinstance(dial, c.Dial)
    assert (dial.client_state, dial.shown) == (ClientState(owner="agent:bob", purpose="offer:0"), "alice")
    phone.answer()
    assert not phone.open(c.CreateConference)
    phone.carry_out(c.JoinConference)
    phone.succeed(phone.last(c.Hold))
    phone.ask("alice", i.CompleteTransfer("alice"))
    phone.carry_out(c.LeaveConference)
    assert phone.agent("bob").duty == "busy"
    phone.hang_up("c1", ALICES)
    assert phone.agent("bob").duty == "wrapping-up"
    assert c.Hangup("leg-bob") in phone.commands()


@pytest.mark.parametrize(
    ("cause", "misses", "delay"),
    [("timeout", 1, "no-answer"), ("user_busy", 0, "line-busy"), ("call_rejected", 0, "rejected")],
)
def test_a_colleague_who_does_not_answer_is_left_alone_as_after_an_offer(
    phone: Office, cause: str, misses: int, delay: str
) -> None:
    phone.ask("alice", WARM)
    phone.succeed(phone.last(c.Hold))
    dial = phone.last(c.Dial)
    assert isinstance(dial.command, c.Dial)
    phone.succeed(dial, call="leg-bob")
    mark = encode_client_state(dial.command.client_state)
    phone.tell("call", "leg-bob", w.CallInitiated("leg-bob", client_state=mark, direction="outgoing"))
    phone.end("leg-bob", cause)
    bob = phone.agent("bob")
    assert (bob.duty, bob.delay, bob.misses) == ("delayed", delay, misses)
    assert phone.commands() == [c.Unhold(ALICES, "c1")]
    phone.advance(60)
    assert phone.agent("bob").duty == "available"


def test_a_colleague_may_decline_while_he_is_rung(phone: Office) -> None:
    phone.ask("alice", WARM)
    phone.succeed(phone.last(c.Dial), call="leg-bob")
    assert phone.answers("bob", i.Decline("bob")) == [None]
    assert phone.room.parties == {}
    assert c.Hangup("leg-bob") in phone.commands()


def test_a_colleague_who_is_with_the_other_declines_no_more(phone: Office) -> None:
    phone.ask("alice", WARM)
    phone.answer()
    assert phone.answers("bob", i.Decline("bob")) == ["bob is with alice, who consults him, already."]


def test_a_colleague_on_demand_who_hangs_up_while_they_consult_is_free_at_once(phone: Office) -> None:
    phone.ask("alice", WARM)
    phone.succeed(phone.last(c.Hold))
    phone.answer()
    phone.carry_out(c.JoinConference)
    phone.end("leg-bob")
    assert phone.agent("bob").duty == "available"
    assert phone.commands() == [c.Unhold(ALICES, "c1")]


def test_a_colleague_on_demand_who_hangs_up_with_the_caller_ends_the_conversation(phone: Office) -> None:
    phone.ask("alice", WARM)
    phone.succeed(phone.last(c.Hold))
    phone.answer()
    phone.carry_out(c.JoinConference)
    phone.ask("alice", i.CompleteTransfer("alice"))
    phone.carry_out(c.LeaveConference)
    phone.end("leg-bob")
    assert phone.agent("bob").duty == "wrapping-up"
    phone.advance(5)
    assert c.Hangup("c1") in phone.commands()


def test_a_colleague_who_is_rung_when_it_is_cancelled_is_hung_up(phone: Office) -> None:
    phone.ask("alice", WARM)
    phone.succeed(phone.last(c.Hold))
    phone.succeed(phone.last(c.Dial), call="leg-bob")
    phone.ask("alice", i.CancelTransfer("alice"))
    assert phone.agent("bob").duty == "delayed"
    assert phone.commands() == [c.Unhold(ALICES, "c1"), c.Hangup("leg-bob")]
    hangup = phone.last(c.Hangup)
    phone.succeed(hangup)
    dial = next(sent.command for sent in phone.sent if isinstance(sent.command, c.Dial) and sent.command.to == BOB)
    mark = encode_client_state(dial.client_state)
    phone.tell("call", "leg-bob", w.CallInitiated("leg-bob", client_state=mark, direction="outgoing"))
    phone.end("leg-bob", "originator_cancel")
    assert phone.agent("bob").duty == "available"


def test_a_pause_that_is_asked_for_meanwhile_comes_after_it(office: Office) -> None:
    office.ask("alice", WARM)
    office.come()
    office.ask("bob", i.SetAgentState("bob", "paused"))
    assert office.agent("bob").duty == "reserved"
    office.ask("alice", i.CancelTransfer("alice"))
    office.carry_out(c.LeaveConference)
    office.succeed(office.last(c.CreateConference), conference="room-bob-2")
    assert office.agent("bob").duty == "paused"
