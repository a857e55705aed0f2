"""A rule that hangs is interrupted, told of, and left alone for a while; the others are asked as before."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from typing import NoReturn

import anyio
import pytest

from tests.unit.policy.test_rules import CALLER, FREE
from worker.policy.rules import Failure, FreeAgent, Strategy, WaitingCaller, preferred, use_rules
from worker.runtime.rule_limit import RuleLimit


def hanging(_caller: WaitingCaller, _free: tuple[FreeAgent, ...]) -> NoReturn:
    while True:
        pass


def stubborn(_caller: WaitingCaller, _free: tuple[FreeAgent, ...]) -> Iterable[str]:
    for _ in range(2):
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001
            continue
    while True:
        pass


def quick(_caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> Iterable[str]:
    return [agent.name for agent in free]


@pytest.fixture
def told() -> Iterator[list[Failure]]:
    heard: list[Failure] = []
    before = signal.getsignal(signal.SIGALRM)
    rules = {"hanging": Strategy(hanging), "stubborn": Strategy(stubborn), "quick": Strategy(quick)}
    use_rules(rules, heard.append, RuleLimit(limit_secs=0.02, off_secs=3600).within)
    yield heard
    use_rules({}, lambda _: None)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("backend", [False, True])
def test_a_rule_that_hangs_is_interrupted_and_left_alone_for_a_while(told: list[Failure], *, backend: bool) -> None:
    async def ask() -> None:
        with anyio.fail_after(10):
            assert preferred("hanging", CALLER, FREE) is None
            assert preferred("stubborn", CALLER, FREE) is None
            assert preferred("hanging", CALLER, FREE) is None
            assert preferred("quick", CALLER, FREE) == ("alice", "bob")
            # Nothing is left that could interrupt what comes later.
            await anyio.sleep(0.05)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

    anyio.run(ask, backend_options={"use_uvloop": backend})
    assert [(failure.rule, failure.reason) for failure in told] == [
        ("hanging", "it raised TooSlowError: it took more than 0.02 s"),
        ("stubborn", "it raised TooSlowError: it took more than 0.02 s"),
        (
            "hanging",
            "it raised TooSlowError: it took more than 0.02 s lately, and is not asked for a while",
        ),
    ]
