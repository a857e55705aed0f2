"""Menus, messages, log-in by phone and numbers outside: what a caller meets on his way."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from ingress.envelope import Address
from ingress.intents.model import Asked, EndCall
from worker.aggregates.call.state import Message
from worker.commands import command as c
from worker.commands.client_state import encode_client_state
from worker.decisions.decision import Accept, GoTo, Refuse
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Agent, Goal, Menu, Number, Queue, Sound, Tenant, Voicemail
from worker.policy.model.pin import pin_hash
from worker.policy.model.queues import DEFAULT_APOLOGY
from worker.testing.centre import NUMBER, small_tenant
from worker.testing.leg import CALLER, OneLeg

SALT = "00112233445566aa"


def tenant(goal: Goal, **more: object) -> Tenant:
    number = Number(goal.queue, goal.menu, goal.voicemail, goal.number, goal.login, goal.say)
    policy = replace(small_tenant(), numbers={NUMBER: number}, queues={"support": Queue(), "sales": Queue()})
    return replace(policy, **more)


MENU = Menu(
    "Press 1 or 2.",
    {"1": Goal("support", priority=5), "2": Goal(menu="more"), "9": Goal(say="Goodbye.")},
    otherwise=Goal("sales"),
    invalid="That is no choice.",
    retries=1,
)
MORE = Menu("Press hash.", {"#": Goal("sales")}, retries=0)


def in_menu(**more: object) -> OneLeg:
    leg = OneLeg(tenant(Goal(menu="main"), menus={"main": replace(MENU, **more), "more": MORE}))
    leg.answer(NUMBER)
    return leg


def queue_of(leg: OneLeg) -> str:
    (enqueued,) = leg.open(c.Enqueue)
    assert isinstance(enqueued, c.Enqueue)
    return enqueued.queue


def test_a_key_leads_where_the_menu_says_with_its_priority() -> None:
    leg = in_menu()
    assert leg.said() == ["Press 1 or 2."]
    leg.key("1")
    assert queue_of(leg) == "support"
    assert leg.state.priority == 5


def test_a_menu_leads_to_another_one_whose_choices_hold_the_key_that_ends_input() -> None:
    leg = in_menu()
    leg.key("2")
    (asked,) = leg.open(c.Gather)
    assert isinstance(asked, c.Gather)
    assert (asked.text, asked.terminating, asked.max_digits) == ("Press hash.", "*", 1)
    leg.key("#")
    assert queue_of(leg) == "sales"


def test_a_wrong_key_is_said_to_be_and_asked_again() -> None:
    leg = in_menu()
    leg.key("7")
    assert leg.said()[-1] == "That is no choice."
    assert not leg.open(c.Gather)
    leg.heard()
    assert leg.said()[-1] == "Press 1 or 2."
    leg.key("1")
    assert queue_of(leg) == "support"


def test_no_key_is_asked_for_again_without_a_word_about_it() -> None:
    leg = in_menu()
    leg.key("", "timeout")
    assert leg.said() == ["Press 1 or 2.", "Press 1 or 2."]


def test_whoever_does_not_choose_goes_where_the_menu_sends_him() -> None:
    leg = in_menu()
    leg.key("", "timeout")
    leg.key("", "timeout")
    assert queue_of(leg) == "sales"


def test_an_asking_of_which_nothing_is_heard_again_ends_by_its_deadline() -> None:
    leg = in_menu()
    leg.carry_out()
    leg.advance(20)
    assert leg.said() == ["Press 1 or 2.", "Press 1 or 2."]
    leg.carry_out()
    leg.advance(20)
    assert queue_of(leg) == "sales"


def test_a_key_that_comes_after_the_deadline_counts_no_more() -> None:
    leg = in_menu()
    leg.carry_out()
    (first,) = (x for x in leg.sent if isinstance(x, c.Gather))
    leg.advance(20)
    state = encode_client_state(first.client_state)
    leg.tell(w.GatherEnded("c1", digits="1", status="valid", client_state=state))
    assert not leg.open(c.Enqueue)


def test_the_same_key_twice_leads_on_once() -> None:
    leg = in_menu()
    leg.key("2")
    sent = list(leg.sent)
    first = next(x for x in sent if isinstance(x, c.Gather))
    leg.tell(w.GatherEnded("c1", digits="2", status="valid", client_state=encode_client_state(first.client_state)))
    assert leg.sent == sent


def test_a_refused_asking_counts_as_no_key() -> None:
    leg = in_menu(retries=0)
    leg.refuse(leg.open(c.Gather)[0], "10015", "fatal")
    assert queue_of(leg) == "sales"


def test_an_audio_prompt_is_played() -> None:
    leg = in_menu(prompt=Sound(audio="https://a.example.com/a.mp3"))
    (asked,) = leg.open(c.Gather)
    assert isinstance(asked, c.Gather)
    assert (asked.text, asked.audio) == (None, "https://a.example.com/a.mp3")


def test_a_menu_that_leads_to_itself_ends_some_time() -> None:
    leg = OneLeg(tenant(Goal(menu="main"), menus={"main": Menu("Again.", {"1": Goal(menu="main")})}))
    leg.answer(NUMBER)
    for _ in range(200):
        if leg.open(c.Gather):
            leg.key("1")
    assert leg.said()[-1] == DEFAULT_APOLOGY
    leg.heard()
    assert leg.open(c.Hangup)


def test_a_goal_that_the_policy_has_no_more_is_apologised_for() -> None:
    leg = in_menu()
    leg.policy = replace(leg.policy, menus={})
    leg.key("1")
    assert leg.said()[-1] == DEFAULT_APOLOGY


def test_where_a_caller_is_led_stays_so_when_the_policy_changes() -> None:
    leg = OneLeg(tenant(Goal(menu="main"), menus={"main": Menu("Which?", {"1": Goal("support", say="One moment.")})}))
    leg.answer(NUMBER)
    leg.key("1")
    leg.policy = replace(leg.policy, menus={"main": Menu("Which?", {"1": Goal("sales")})})
    leg.heard()
    assert queue_of(leg) == "support"


BOX = Voicemail("Speak.", max_secs=60, silence_secs=4)


def recording(**more: object) -> OneLeg:
    leg = OneLeg(tenant(Goal(voicemail="box"), voicemails={"box": replace(BOX, **more)}))
    leg.answer(NUMBER)
    leg.heard()
    return leg


SAVED = w.CallRecordingSaved(
    call_leg_id="l", call_session_id="s", call_control_id="c1", recording_id="r1", recording_started_at="a",
    recording_ended_at="b",
)  # fmt: skip
MESSAGE = Message("box", "r1", "a", "b")


def test_a_message_is_recorded_after_the_prompt_kept_and_thanked_for() -> None:
    leg = recording()
    assert leg.open() == [c.RecordLeg("c1", 60, 4)]
    leg.carry_out()
    leg.tell(SAVED)
    assert leg.state.messages == (MESSAGE,)
    assert leg.said() == ["Speak.", "Thank you. Goodbye."]
    leg.heard()
    assert leg.open(c.Hangup)


def test_a_message_is_kept_whose_caller_hangs_up() -> None:
    leg = recording()
    leg.carry_out()
    leg.hang_up()
    leg.tell(SAVED)
    leg.tell(SAVED)
    assert leg.state.messages == (MESSAGE,)
    assert leg.state.over
    assert not leg.open()


def test_the_hash_key_ends_a_message() -> None:
    leg = recording()
    leg.carry_out()
    leg.press("5")
    assert not leg.open()
    leg.press("#")
    assert leg.open() == [c.RecordLegStop("c1")]


def test_a_recording_of_which_nothing_is_heard_again_ends_by_its_deadline() -> None:
    leg = recording(thanks=None)
    leg.carry_out()
    leg.advance(74)
    assert not leg.open(c.Hangup)
    leg.advance(1)
    assert leg.open(c.Hangup)


def test_a_recording_that_is_refused_is_apologised_for() -> None:
    leg = recording()
    leg.refuse(leg.open(c.RecordLeg)[0], "10015", "fatal")
    assert leg.said()[-1] == DEFAULT_APOLOGY


def test_a_recording_that_is_lost_at_telnyx_is_thanked_for_and_not_kept() -> None:
    leg = recording()
    leg.carry_out()
    leg.tell(w.CallRecordingFailed("c1"))
    assert leg.state.messages == ()
    assert leg.said()[-1] == "Thank you. Goodbye."


def agents(**more: Agent) -> dict[str, Agent]:
    alice = Agent("sip:alice@x.com", ("support",), pin=pin_hash("4711", SALT), extension="12", log_in="self")
    return {"alice": alice, "bob": replace(alice, pin=None, extension="13"), **more}


def logging_in(**more: Agent) -> OneLeg:
    leg = OneLeg(tenant(Goal(login=True), agents=agents(**more)))
    leg.answer(NUMBER)
    return leg


ALICE = Address("default", "agent", "alice")


def told_login(leg: OneLeg) -> list[Address]:
    return [to for to, notice in leg.told if isinstance(notice, n.PhoneLogin)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (n.PhoneLoggedIn("on"), "You are logged in. Goodbye."),
        (n.PhoneLoggedIn("off"), "You are logged out. Goodbye."),
        (n.PhoneLoggedIn("refused"), "You cannot log in now. Goodbye."),
        (n.PhoneLoggedIn("locked"), "There were too many wrong PINs. Please try again later. Goodbye."),
    ],
)
def test_an_agent_logs_in_or_out_by_extension_and_pin_and_hears_what_became_of_it(
    answer: n.PhoneLoggedIn, words: str
) -> None:
    leg = logging_in()
    leg.key("12")
    leg.key("4711")
    assert told_login(leg) == [ALICE]
    assert len(leg.said()) == 2
    leg.hear("agent", "alice", answer)
    assert leg.said()[-1] == words
    leg.heard()
    assert leg.open(c.Hangup)


def test_an_agent_who_rings_from_his_own_number_is_asked_for_the_pin_alone() -> None:
    leg = logging_in(carol=Agent(CALLER, ("support",), pin=pin_hash("99", SALT)))
    assert leg.said() == ["Please enter your PIN, and then the hash key."]
    leg.key("99")
    assert told_login(leg) == [Address("default", "agent", "carol")]


@pytest.mark.parametrize(("extension", "pin"), [("12", ""), ("13", "4711"), ("13", ""), ("77", "4711"), ("", "")])
def test_three_tries_that_fit_nobody_are_the_end_and_nobodys_guesses(extension: str, pin: str) -> None:
    leg = logging_in()
    for number in range(3):
        if number:
            assert leg.said()[-1] == "That is not right."
            leg.heard()
        leg.key(extension)
        leg.key(pin)
    assert leg.said()[-1] == "You cannot log in now. Goodbye."
    leg.heard()
    assert leg.open(c.Hangup)
    assert told_login(leg) == []


def entered(leg: OneLeg) -> list[tuple[bool, int]]:
    """Return which PINs the agent was told of: whether right, and which attempt."""
    return [(notice.right, notice.attempt) for _, notice in leg.told if isinstance(notice, n.PhoneLogin)]


def test_each_wrong_pin_is_told_to_the_agent_and_three_are_the_end() -> None:
    leg = logging_in()
    for number in range(1, 4):
        leg.key("12")
        leg.key("4712")
        assert entered(leg)[-1] == (False, number)
        leg.hear("agent", "alice", n.PhoneLoggedIn("wrong", number))
        leg.heard()
    assert (len(entered(leg)), leg.said()[-1]) == (3, "You cannot log in now. Goodbye.")
    assert leg.open(c.Hangup)


def test_an_answer_to_an_earlier_attempt_answers_no_later_one() -> None:
    leg = logging_in()
    leg.key("12")
    leg.key("4712")
    leg.hear("agent", "alice", n.PhoneLoggedIn("wrong", 1))
    leg.heard()
    leg.key("12")
    leg.key("4711")
    leg.hear("agent", "alice", n.PhoneLoggedIn("wrong", 1))
    assert leg.state.visit.login == "asked"
    leg.hear("agent", "alice", n.PhoneLoggedIn("on", 2))
    assert leg.said()[-1] == "You are logged in. Goodbye."


def test_the_right_pin_at_the_second_try_will_do() -> None:
    leg = logging_in()
    leg.key("12")
    leg.key("0000")
    leg.hear("agent", "alice", n.PhoneLoggedIn("wrong", 1))
    leg.heard()
    leg.key("12")
    leg.key("4711")
    assert told_login(leg) == [ALICE, ALICE]
    assert entered(leg) == [(False, 1), (True, 2)]


def test_an_agent_of_whom_nothing_is_heard_does_not_keep_the_caller() -> None:
    leg = logging_in()
    leg.key("12")
    leg.key("4711")
    leg.advance(15)
    assert leg.said()[-1] == "You cannot log in now. Goodbye."


def test_the_pin_is_in_no_state_and_in_no_decision() -> None:
    leg = logging_in()
    leg.key("12")
    leg.key("4711")
    assert b"4711" not in msgspec.json.encode(leg.state)
    assert b"4711" not in msgspec.json.encode(leg.acts)


def outside() -> OneLeg:
    leg = OneLeg(tenant(Goal(number="+13125559999", say="One moment.")))
    leg.answer(NUMBER)
    leg.heard()
    return leg


def transferred(leg: OneLeg) -> c.Transfer:
    (transfer,) = (x for x in leg.sent if isinstance(x, c.Transfer))
    return transfer


def test_a_caller_is_transferred_to_a_number_outside_which_sees_ours() -> None:
    leg = outside()
    transfer = transferred(leg)
    assert (transfer.to, transfer.from_, transfer.new_leg.owner) == ("+13125559999", NUMBER, "call:c1")
    leg.carry_out()
    leg.hear("call", "b", n.LegAnswered("b", leg.now_ms, transfer.new_leg.purpose or ""))
    leg.advance(3_600)
    assert not leg.open()
    leg.hear("call", "b", n.LegEnded("b", leg.now_ms, "normal_clearing", transfer.new_leg.purpose or "", answered=True))
    assert leg.open() == [c.Hangup("c1")]


@pytest.mark.parametrize("way", ["refused", "unanswered", "silent"])
def test_a_transfer_of_which_nothing_comes_is_apologised_for(way: str) -> None:
    leg = outside()
    purpose = transferred(leg).new_leg.purpose or ""
    if way == "refused":
        leg.refuse(leg.open(c.Transfer)[0], "10015", "fatal")
    else:
        leg.carry_out()
    if way == "unanswered":
        leg.hear("call", "b", n.LegEnded("b", leg.now_ms, "user_busy", purpose))
    if way == "silent":
        leg.advance(45)
    assert leg.said()[-1] == DEFAULT_APOLOGY
    leg.heard()
    assert leg.open(c.Hangup)


@pytest.mark.parametrize("evidence", ["answered", "bridged"])
def test_a_transfer_that_is_known_to_have_come_about_is_not_apologised_for(evidence: str) -> None:
    leg = outside()
    leg.carry_out()
    if evidence == "answered":
        leg.hear("call", "b", n.LegAnswered("b", leg.now_ms, transferred(leg).new_leg.purpose or ""))
    else:
        leg.tell(w.CallBridged("c1"))
    leg.advance(100)
    assert leg.said() == ["One moment."]


def test_a_leg_that_a_transfer_has_made_tells_the_caller_of_its_end() -> None:
    leg = OneLeg(tenant(Goal()), call="b")
    leg.dialled_for("call:c1", "1:transfer")
    leg.hang_up()
    assert leg.told == [
        (Address("default", "call", "c1"), n.LegEnded("b", leg.now_ms, "normal_clearing", "1:transfer"))
    ]


@pytest.mark.parametrize(("result", "machine"), [("machine", True), ("human", False), ("not_sure", False)])
def test_what_detection_has_found_is_told_to_who_had_the_leg_dialled(result: str, machine: bool) -> None:
    leg = OneLeg(tenant(Goal()), call="b")
    leg.dialled_for("agent:alice", "offer:1")
    leg.tell(w.CallAnswered("b"))
    leg.tell(w.MachineDetectionEnded("b", result=result))
    leg.tell(w.MachineDetectionEnded("b", result=result))
    assert leg.notices(n.MachineDetected) == [n.MachineDetected("b", "offer:1", machine)]


def test_an_intent_ends_a_call() -> None:
    leg = in_menu()
    leg.carry_out()
    acts = leg.tell(Asked(EndCall("c1"), "boss"))
    assert acts[0] == Accept()
    assert leg.open() == [c.Hangup("c1")]


def test_an_intent_is_refused_for_a_call_that_is_over_or_unknown() -> None:
    leg = in_menu()
    leg.hang_up()
    assert leg.tell(Asked(EndCall("c1"), "boss")) == (Refuse("this call has ended already"),)
    nobody = OneLeg(tenant(Goal()))
    assert nobody.tell(Asked(EndCall("c1"), "boss")) == (Refuse("there is no such call"),)
    assert not nobody.state.known


def test_the_goal_is_kept_in_the_journal() -> None:
    leg = in_menu()
    leg.key("1")
    assert GoTo(Goal("support", priority=5), "1") in leg.acts
