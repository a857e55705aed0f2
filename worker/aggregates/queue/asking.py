"""What people and programs ask of a queue: done, or refused with a reason and without any effect."""

from __future__ import annotations

from ingress.intents import model as i
from ingress.intents.model import AnyIntent, CancelCallback, CloseQueue, MoveCaller, OpenQueue, SetPriority, Target
from worker.aggregates.queue import calling, upkeep
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.fold import may_move
from worker.aggregates.queue.state import Caller
from worker.decisions.decision import Accept, Note, Refuse
from worker.policy.model import Goal


def answer(desk: Desk, intent: AnyIntent, by: str) -> None:
    """Decide upon an intent; *by* names who asked."""
    dropped = desk.removed and not isinstance(intent, i.DeleteQueue | i.RemoveEntry)
    refusal = f"there is no queue {desk.queue.name} in the policy" if dropped else _done(desk, intent, by)
    desk.do(Accept() if refusal is None else Refuse(refusal))


def _done(desk: Desk, intent: AnyIntent, by: str) -> str | None:
    """Do what is asked and return None, or say why not."""
    match intent:
        case SetPriority(call=call):
            return _cannot_move(desk, call)
        case MoveCaller(call=call, to=to):
            return _cannot_move(desk, call) or _move(desk, desk.queue.callers[call], to)
        case CloseQueue(reason=reason, send_away=send_away):
            known = desk.queue.closed
            desk.do(Note("closed", by, reason or (known.reason if known is not None else "")))
            if send_away:
                _send_away(desk)
            return None
        case OpenQueue():
            desk.do(Note("opened"))
            return None
        case CancelCallback(callback=ident):
            return calling.call_off(desk, ident)
        case i.PrepareQueue() | i.DeleteQueue() | i.KeepEntry() | i.RemoveEntry():
            return upkeep.see_to_queue(desk, intent)
        case _:
            return "this is nothing that a queue can do"


def _cannot_move(desk: Desk, call: str) -> str | None:
    caller = desk.queue.callers.get(call)
    if caller is None or caller.gone is not None or caller.ending is not None:
        return f"no caller {call} waits in the queue {desk.queue.name}"
    return None if may_move(caller) else f"the caller {call} is with the agent {caller.offers[0].agent} already"


def _move(desk: Desk, caller: Caller, to: Target) -> str | None:
    named = [way for way in (to.queue, to.agent, to.number, to.voicemail) if way is not None]
    if len(named) != 1:
        return "a caller is sent to exactly one of a queue, an agent, a number and a voicemail"
    if caller.callback is not None:
        return "the caller has hung up, and waits to be called back"
    policy, here = desk.policy, desk.queue.name
    if to.agent is not None:
        return _mean(desk, caller, to.agent)
    if to.queue is not None and to.queue == here:
        return f"the caller waits in the queue {here} already"
    if to.queue is not None and to.queue not in policy.queues:
        return f"there is no queue {to.queue} in the policy"
    if to.voicemail is not None and to.voicemail not in policy.voicemails:
        return f"there is no voicemail {to.voicemail} in the policy"
    desk.go_on(caller, "moved", Goal(queue=to.queue, voicemail=to.voicemail, number=to.number))
    return None


def _mean(desk: Desk, caller: Caller, agent: str) -> str | None:
    """Let a caller wait for one agent alone, in this queue, which that agent has to serve."""
    rules = desk.policy.agents.get(agent)
    if rules is None:
        return f"there is no agent {agent} in the policy"
    if desk.queue.name not in rules.serves:
        return f"the agent {agent} does not serve the queue {desk.queue.name}: name a queue that he serves"
    known = desk.queue.agents.get(agent)
    if known is None or known.state == "offline":
        return f"the agent {agent} is not logged in"
    desk.withdraw(caller)
    desk.do(Note("meant", caller.call, agent))
    desk.set("personal", caller, desk.now_ms + round(desk.rules.personal_secs * 1000))
    return None


def _send_away(desk: Desk) -> None:
    """Send those on who wait; who is with an agent, or is to be called back, stays."""
    for _, _, call in list(desk.queue.present):
        caller = desk.queue.callers[call]
        if may_move(caller) and caller.callback is None:
            desk.go_on(caller, "closed", desk.rules.closed)
