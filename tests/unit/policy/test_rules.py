"""An own rule decides; where it fails, the file decides, and the failure is told."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from worker.policy import rules
from worker.policy.load import parse_policy
from worker.policy.model import CallerRule, Goal, Key, Sound, Tenant
from worker.policy.rules import (
    Arriving,
    Conversation,
    EntryRule,
    Failure,
    FreeAgent,
    RecordingRule,
    Strategy,
    WaitingCaller,
    goal_by,
    preferred,
    recorded_by,
    use_rules,
)

CALLER = WaitingCaller("v3:1", "+13125550170", "support", 4_000, 0, 0)
FREE = tuple(FreeAgent(name, 1_000, 1, 1, 0, 0, {}) for name in ("alice", "bob"))
ARRIVING = Arriving("+13125550170", "+13125550131", 1_700_000_000_000, open=True)
TALK = Conversation("v3:1", "support", "alice", 1_700_000_000_000)


@pytest.fixture
def told() -> Iterator[list[Failure]]:
    heard: list[Failure] = []
    yield heard
    use_rules({}, lambda _: None)


@pytest.fixture
def tenant() -> Tenant:
    text = """
[tenants.default]
connection_id = "1"
caller_id = "+13125550100"
api_key = { env = "A" }
public_keys = [{ env = "B" }]
[tenants.default.queues.support]
[tenants.default.agents.alice]
address = "sip:alice@sip.telnyx.com"
queues = ["support"]
"""
    return parse_policy(text, "policy.toml").policy.tenants["default"]


def backwards(caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
    assert caller.queue == "support"
    return [agent.name for agent in reversed(free)]


def test_a_strategy_says_who_is_offered_the_caller(told: list[Failure]) -> None:
    use_rules({"backwards": Strategy(backwards)}, told.append)
    assert preferred("backwards", CALLER, FREE) == ("bob", "alice")
    assert told == []


def test_a_strategy_that_names_nobody_lets_the_caller_wait(told: list[Failure]) -> None:
    use_rules({"nobody": Strategy(lambda _caller, _free: ())}, told.append)
    assert preferred("nobody", CALLER, FREE) == ()


def test_an_entry_rule_sends_the_caller_to_a_goal_or_refuses_him(told: list[Failure], tenant: Tenant) -> None:
    use_rules({"to": EntryRule(lambda _: Goal(queue="support")), "no": EntryRule(lambda _: CallerRule(block=True))})
    assert goal_by("to", ARRIVING, tenant) == Goal(queue="support")
    assert goal_by("no", ARRIVING, tenant) == CallerRule(block=True)


def test_a_recording_rule_says_whether_a_conversation_is_recorded(told: list[Failure]) -> None:
    use_rules({"yes": RecordingRule(lambda talk: talk.agent == "alice")})
    assert recorded_by("yes", TALK) is True


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Strategy(lambda _c, _f: ["carol"]), "it named 'carol', who is not among the free agents"),
        (Strategy(lambda _c, _f: ["bob", "bob"]), "it named somebody twice"),
        (Strategy(lambda _c, _f: 1 / 0), "it raised ZeroDivisionError: division by zero"),  # type: ignore[arg-type]
        (EntryRule(lambda _: None), "it is an entry rule, not a strategy"),
    ],
)
def test_a_strategy_that_fails_leaves_the_choice_to_the_file(told: list[Failure], rule: rules.Rule, said: str) -> None:
    use_rules({"mine": rule}, told.append)
    assert preferred("mine", CALLER, FREE) is None
    assert told == [Failure("mine", said)]


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        (Goal(queue="sales"), "it sent the caller to the queue 'sales', which the policy does not have"),
        (Goal(queue="support", login=True), "it sent the caller to more than one goal"),
        ("support", "it returned 'support', which is neither a Goal nor None"),
    ],
)
def test_an_entry_rule_that_sends_nowhere_leaves_the_way_to_the_file(
    told: list[Failure], tenant: Tenant, goal: Goal, said: str
) -> None:
    use_rules({"mine": EntryRule(lambda _: goal)}, told.append)
    assert goal_by("mine", ARRIVING, tenant) is None
    assert told == [Failure("mine", said)]


def test_a_recording_rule_that_returns_no_word_is_not_asked(told: list[Failure]) -> None:
    use_rules({"mine": RecordingRule(lambda _: 1)}, told.append)  # type: ignore[arg-type]
    assert recorded_by("mine", TALK) is None
    assert told == [Failure("mine", "it returned 1, which is neither True nor False")]


def test_a_rule_that_is_not_installed_decides_nothing(told: list[Failure]) -> None:
    use_rules({}, told.append)
    assert recorded_by("mine", TALK) is None
    assert told == [Failure("mine", "it is not installed here")]


@pytest.mark.parametrize(
    "goal",
    [
        Goal(number="junk"),
        Goal(queue="support", priority=10**9),
        Goal(queue="support", say=5),  # type: ignore[arg-type]
        Goal(queue="support", say=Sound()),
        Goal(queue="support", login="yes"),  # type: ignore[arg-type]
        Key(callback=True),
    ],
)
def test_a_goal_that_no_file_could_have_is_passed_over_and_told(
    goal: Goal, tenant: Tenant, told: list[Failure]
) -> None:
    use_rules({"own": EntryRule(lambda _: goal)}, told.append)
    assert goal_by("own", ARRIVING, tenant) is None
    (failure,) = told
    assert failure.reason.startswith("it returned ")


def test_a_rule_that_would_end_the_process_or_never_ends_its_answer_is_passed_over(told: list[Failure]) -> None:
    def leaving(_: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
        raise SystemExit(len(free))

    use_rules(
        {"leaving": Strategy(leaving), "endless": Strategy(lambda _, free: itertools.repeat(free[0].name))}, told.append
    )
    assert preferred("leaving", CALLER, FREE) is None
    assert preferred("endless", CALLER, FREE) is None
    assert [failure.reason for failure in told] == ["it raised SystemExit: 2", "it named somebody twice"]
