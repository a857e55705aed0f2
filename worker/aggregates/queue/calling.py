"""Calling back: who pressed the key keeps his place, and is dialled when it is his turn.

`first = "agent"`: an agent is reserved, and then the caller is rung. `first = "caller"`: the caller is rung when it is
his turn and an agent is free, and offered when he has answered; no more are rung at a time than agents are free.
"""

from __future__ import annotations

from collections.abc import Iterator

from worker.aggregates.queue.coming import purpose_of
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.state import Caller
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Note, Send
from worker.policy.model import Goal

#: Telnyx ends the ringing itself; this is added for the webhook that may be late or lost.
RING_SLACK_MS = 15_000
#: Who was just told that he is called back gets so long to hear it and hang up.
GOODBYE_MS = 15_000


def keep(desk: Desk, caller: Caller) -> bool:
    """Let a caller go who wants to be called back; whether he can be: one who shows no number cannot."""
    if not caller.number.startswith(("+", "sip:", "sips:")):
        return False
    rules = desk.rules.callback
    desk.go_on(caller, "callback", Goal(say=rules.confirm))
    desk.set("max-wait", caller, desk.now_ms + round(rules.keep_secs * 1000))
    return True


def dials_first(desk: Desk, caller: Caller) -> bool:
    """Return whether it is the caller's turn to be rung, before any agent is asked."""
    return caller.callback is not None and caller.callback.step == "kept" and desk.rules.callback.first == "caller"


def is_full(desk: Desk) -> bool:
    """Return whether as many are rung, or have answered and wait, as agents are free."""
    if desk.rules.callback.first != "caller" or not desk.queue.ringing:
        return False
    return len(desk.queue.ringing) >= sum(len(group.idle) for group in desk.queue.groups.values())


def dial(desk: Desk, caller: Caller) -> None:
    """Ring a caller whose turn it is."""
    if caller.callback is None or caller.callback.step != "kept":
        return
    rules = desk.rules.callback
    tried = caller.callback.tries + 1
    state = ClientState(owner=f"queue:{desk.queue.name}", purpose=purpose_of(caller, tried))
    from_ = rules.caller_id or desk.policy.caller_id
    desk.do(Send(c.Dial(caller.number, from_, desk.policy.connection_id, rules.ring_secs, state)))
    desk.set("dial", caller, desk.now_ms + rules.ring_secs * 1000 + RING_SLACK_MS)


def rest(desk: Desk, caller: Caller) -> None:
    """See to one who could not be reached: he is rung again later, but not for ever."""
    if caller.callback is None or caller.callback.step != "resting" or "retry" in caller.timers:
        return
    if caller.callback.tries >= desk.rules.callback.attempts or any(_of_the_same(desk, caller)):
        give_up(desk, caller)
    else:
        after_ms = round(desk.rules.callback.retry_secs * 1000) if caller.callback.tries else GOODBYE_MS
        desk.set("retry", caller, desk.now_ms + after_ms)


def give_up(desk: Desk, caller: Caller) -> None:
    """Forget a caller who could not be reached, or whose place was kept too long."""
    desk.withdraw(caller)
    desk.cancel_all(caller)
    desk.do(Note("given-up", caller.call))


def take_up(desk: Desk, caller: Caller) -> None:
    """Give one who rings again the place that is kept for him: he is not called back any more.

    That he is the same the number tells, where the queue gives places back by it.
    """
    for kept in tuple(_of_the_same(desk, caller)):
        if kept.callback is not None and kept.callback.step in ("leaving", "kept", "resting"):
            give_up(desk, kept)
            desk.do(Note("taken-up", caller.call, str(kept.since_ms)))


def _of_the_same(desk: Desk, caller: Caller) -> Iterator[Caller]:
    """Yield the others here of the same number, if such are taken for the same person."""
    if desk.rules.resume_secs > 0 and any(key.callback for key in desk.rules.keys.values()):
        for other in map(desk.queue.callers.get, desk.queue.callers):
            if other is not None and other.call != caller.call and other.number == caller.number and other.gone is None:
                yield other


def call_off(desk: Desk, ident: str) -> str | None:
    """Give up a place that is kept, and return None; or why that cannot be."""
    caller = desk.queue.callers.get(ident)
    if caller is None or caller.callback is None or caller.gone is not None:
        return f"the queue {desk.queue.name} keeps no place for {ident}"
    if caller.callback.step in ("dialling", "up") or caller.held:
        return "the caller is being called, or has answered, already"
    give_up(desk, caller)
    return None
