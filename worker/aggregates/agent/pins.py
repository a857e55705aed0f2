"""Who rings to log in, and may guess: so many wrong PINs within a while, and logging in by phone is locked for a while.

The agent's aggregate counts them, over all calls. While it is locked the right PIN gets the answer that a wrong one
does, so that nothing can be learnt by going on.
"""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.agent.state import Agent, Phoned
from worker.events import notices as n

#: So many wrong PINs within so long lock the log-in by phone for so long.
MOST_WRONG = 5
WITHIN_MS = 3_600_000
LOCKED_MS = 3_600_000


def stopped(agent: Agent, login: n.PhoneLogin, now_ms: int) -> Agent | None:
    """Return the agent with the answer to who must not log in: the PIN is wrong, or it is locked; None: he may."""
    known = f"{login.call}/{login.attempt}"
    if known in agent.guesses:
        return agent
    if now_ms < agent.locked_until_ms:
        return _answered(agent, login, "locked")
    if login.right:
        return None
    recent = {guess: at_ms for guess, at_ms in agent.guesses.items() if at_ms > now_ms - WITHIN_MS}
    guesses = {**recent, known: now_ms}
    if len(guesses) < MOST_WRONG:
        return _answered(replace(agent, guesses=guesses), login, "wrong")
    # The last of them stay known, so that what is said twice locks nothing anew.
    return _answered(replace(agent, guesses=guesses, locked_until_ms=now_ms + LOCKED_MS), login, "locked")


def _answered(agent: Agent, login: n.PhoneLogin, answer: n.LoginAnswer) -> Agent:
    return replace(agent, phone_answers=(*agent.phone_answers, Phoned(login.call, answer, login.attempt)))
