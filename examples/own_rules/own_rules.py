"""Three own rules: pure functions, of which the policy file names those that it wants."""

from __future__ import annotations

import hashlib

from worker.policy.model import CallerRule, Goal
from worker.policy.rules import (
    Arriving,
    Conversation,
    FreeAgent,
    WaitingCaller,
    entry_rule,
    recording_rule,
    strategy,
)

#: Who is not served.
BLOCKED = frozenset({"+13125550199"})


@strategy
def same_agent(caller: WaitingCaller, free: tuple[FreeAgent, ...]) -> list[str]:
    """Give a number the same agent each time, if he is free; then whoever has been idle longest.

    Numbers are spread over the agents by a hash, for a rule draws no chance and remembers nothing.
    """

    def weight(agent: FreeAgent) -> str:
        return hashlib.sha256(f"{caller.number}|{agent.name}".encode()).hexdigest()

    if not free:
        return []
    first = min(free, key=weight) if caller.number else None
    others = sorted((agent for agent in free if agent is not first), key=lambda agent: (-agent.idle_ms, agent.name))
    return [agent.name for agent in ([first] if first else []) + others]


@entry_rule
def german_line(caller: Arriving) -> Goal | None:
    """Refuse who is blocked, and bring those who ring from Germany to the front; for others the file decides."""
    if caller.number in BLOCKED:
        return CallerRule(block=True)
    return Goal(queue="support", priority=10) if caller.number.startswith("+49") and caller.open else None


@recording_rule
def no_sales(conversation: Conversation) -> bool:
    """Record all but the conversations of sales."""
    return conversation.queue != "sales"
