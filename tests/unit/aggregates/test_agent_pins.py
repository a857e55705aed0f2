"""Guessing an agent's PIN: so many wrong ones in all calls together, and it is locked for a while."""

from __future__ import annotations

import pytest

from ingress.intents import model as i
from worker.aggregates.agent.pins import LOCKED_MS, MOST_WRONG, WITHIN_MS
from worker.events import notices as n
from worker.events.intents import Enrol
from worker.testing.agents import AgentStage, agent_tenant
from worker.views.agent import view_of_agent


@pytest.fixture
def alice() -> AgentStage:
    """Return an agent who logs in himself."""
    stage = AgentStage(agent_tenant())
    stage.tell_agent(Enrol("policy", log_in=False))
    return stage


def enter(alice: AgentStage, call: str, *, right: bool = False, attempt: int = 1) -> n.LoginAnswer:
    """Somebody enters a PIN; return what he is told."""
    alice.forget()
    alice.tell_agent_of("call", call, n.PhoneLogin(call, alice.now_ms, right, attempt))
    ((to, answer),) = alice.told(n.PhoneLoggedIn)
    assert (to, answer.attempt) == (call, attempt)
    return answer.answer


def guess(alice: AgentStage, times: int) -> list[n.LoginAnswer]:
    """Somebody guesses so often, three times a call."""
    return [enter(alice, f"g{number // 3}", attempt=number % 3 + 1) for number in range(times)]


def test_wrong_pins_of_several_calls_lock_the_log_in_also_for_the_right_one(alice: AgentStage) -> None:
    assert guess(alice, MOST_WRONG) == ["wrong"] * (MOST_WRONG - 1) + ["locked"]
    assert enter(alice, "c9", right=True) == "locked"
    assert enter(alice, "c9", attempt=2) == "locked"
    assert (alice.agent().standing, alice.agent().duty) == ("offline", "offline")
    assert view_of_agent(alice.agent()).locked_until_ms == alice.now_ms + LOCKED_MS


def test_the_lock_ends_by_itself_and_is_not_made_longer_by_who_goes_on(alice: AgentStage) -> None:
    guess(alice, MOST_WRONG)
    alice.advance(LOCKED_MS / 1000 - 1)
    assert enter(alice, "c8") == "locked"
    alice.advance(1)
    assert enter(alice, "c9", right=True) == "on"
    assert alice.agent().standing == "available"


def test_wrong_pins_of_long_ago_do_not_count(alice: AgentStage) -> None:
    guess(alice, MOST_WRONG - 1)
    alice.advance(WITHIN_MS / 1000)
    assert enter(alice, "c9") == "wrong"


def test_the_right_pin_forgets_the_wrong_ones(alice: AgentStage) -> None:
    guess(alice, MOST_WRONG - 1)
    assert enter(alice, "c8", right=True) == "on"
    assert enter(alice, "c9") == "wrong"


def test_what_is_said_twice_is_one_guess(alice: AgentStage) -> None:
    wrong = n.PhoneLogin("c1", alice.now_ms, right=False)
    for _ in range(MOST_WRONG + 1):
        alice.tell_agent_of("call", "c1", wrong)
    assert alice.told(n.PhoneLoggedIn) == [("c1", n.PhoneLoggedIn("wrong"))]


def test_a_lock_is_of_the_phone_and_not_of_intents(alice: AgentStage) -> None:
    guess(alice, MOST_WRONG)
    alice.ask(i.SetAgentState("alice", "available"))
    assert alice.agent().standing == "available"
