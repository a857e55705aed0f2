"""The laws that an own rule keeps: right answers, the same ones to the same questions, and nothing else done.

The questions are made by chance from a fixed seed, the simplest ones first, so that what breaks a law breaks it again.
"""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import assert_never

from worker.policy.model import Tenant
from worker.policy.rules import (
    Arriving,
    Conversation,
    EntryRule,
    FreeAgent,
    RecordingRule,
    Rule,
    Strategy,
    WaitingCaller,
    WrongAnswerError,
    right_goal,
    right_names,
    right_word,
)

#: How many questions each rule is asked.
QUESTIONS = 300
#: What Python reports when a process reaches beyond itself.
REACHING = ("open", "socket.", "subprocess.", "os.", "urllib.", "shutil.", "sqlite3.", "ftplib.", "http.", "smtplib.")

Question = tuple[WaitingCaller, tuple[FreeAgent, ...]] | Arriving | Conversation


class BrokenLawError(Exception):
    """Raised when a rule breaks a law; the text says which, and by which question."""


def hold(rule: Rule, tenant: Tenant | None = None) -> None:
    """Ask *rule* many questions about *tenant*, or about a made-up one.

    Raises:
        BrokenLawError: It broke a law.
    """
    questions = [_question(rule, tenant, random.Random(seed), seed) for seed in range(QUESTIONS)]
    first = [_answer(rule, tenant, copy.deepcopy(question)) for question in questions]
    with _told_of_reaching() as reached:
        for number in random.Random(0).sample(range(QUESTIONS), QUESTIONS):
            question = copy.deepcopy(questions[number])
            answer = _answer(rule, tenant, question)
            if reached:
                raise BrokenLawError(f"it reaches beyond itself ({reached[0]}), asked {questions[number]!r}")
            if answer != first[number]:
                told = f"it answered {first[number]!r}, and later {answer!r}"
                raise BrokenLawError(f"{told} to the same question: {questions[number]!r}")
            if question != questions[number]:
                raise BrokenLawError(f"it changes what it is given: {questions[number]!r} became {question!r}")


def _answer(rule: Rule, tenant: Tenant | None, question: Question) -> object:
    try:
        match rule, question:
            case Strategy(), (WaitingCaller() as caller, tuple() as free):
                return right_names(rule(caller, free), free)
            case EntryRule(), Arriving():
                return right_goal(rule(question), tenant)
            case RecordingRule(), Conversation():
                return right_word(rule(question))
            case _:
                return None  # Each kind is asked its own questions.
    except WrongAnswerError as exc:
        raise BrokenLawError(f"{exc}, asked {question!r}") from None
    except Exception as exc:
        # Whatever a rule raises, it must not.
        raise BrokenLawError(f"it raised {type(exc).__name__}: {exc}, asked {question!r}") from exc


def _question(rule: Rule, tenant: Tenant | None, chance: random.Random, size: int) -> Question:
    queues = sorted(tenant.queues) if tenant and tenant.queues else ["support", "sales"]
    agents = sorted(tenant.agents) if tenant and tenant.agents else [f"agent{number}" for number in range(50)]
    call = f"v3:{chance.getrandbits(64):016x}"
    number = chance.choice(["", f"+1312555{chance.randrange(10_000):04}", f"+4930{chance.randrange(10**7):07}"])
    now_ms = chance.randrange(1_500_000_000_000, 2_500_000_000_000)
    match rule:
        case Strategy():
            names = chance.sample(agents, chance.randint(0, min(len(agents), size)))
            waited_ms, attempts = chance.choice([0, chance.randrange(3_600_000)]), chance.randrange(3)
            caller = WaitingCaller(call, number, chance.choice(queues), waited_ms, chance.randint(-999, 999), attempts)
            return caller, tuple(_free(name, tenant, chance) for name in names)
        case EntryRule():
            dialled = chance.choice(sorted(tenant.numbers) if tenant and tenant.numbers else ["+13125550131"])
            return Arriving(number, dialled, now_ms, open=chance.random() < 0.5)
        case RecordingRule():
            return Conversation(call, chance.choice(queues), chance.choice(agents), now_ms)
        case _:
            assert_never(rule)


def _free(name: str, tenant: Tenant | None, chance: random.Random) -> FreeAgent:
    rules = tenant.agents.get(name) if tenant else None
    skills = dict(rules.skills) if rules else {"french": chance.randint(1, 100)} if chance.random() < 0.3 else {}
    idle_ms, calls = chance.choice([0, chance.randrange(3_600_000)]), chance.randrange(100)
    return FreeAgent(name, idle_ms, chance.randint(1, 3), chance.randint(1, 5), calls, calls * 60_000, skills)


@contextmanager
def _told_of_reaching() -> Iterator[list[str]]:
    """Yield a list of what the process does beyond itself meanwhile."""
    reached: list[str] = []

    def heard(event: str, _: tuple[object, ...]) -> None:
        if event.startswith(REACHING):
            reached.append(event)

    _ears.append(heard)
    if not _hooked:
        # An audit hook stays for as long as the process does.
        sys.addaudithook(lambda event, args: [ear(event, args) for ear in _ears] and None)
        _hooked.append(True)
    try:
        yield reached
    finally:
        _ears.remove(heard)


_ears: list[Callable[[str, tuple[object, ...]], None]] = []
_hooked: list[bool] = []
