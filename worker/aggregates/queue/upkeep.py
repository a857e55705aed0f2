"""What operators ask of Telnyx's own queue of the same name: to make it, remove it, keep entries and remove them."""

from __future__ import annotations

from ingress.intents.model import DeleteQueue, KeepEntry, PrepareQueue, RemoveEntry
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.fold import may_move
from worker.aggregates.queue.state import Caller
from worker.commands import command as c
from worker.decisions.decision import Send

Upkeep = PrepareQueue | DeleteQueue | KeepEntry | RemoveEntry


def see_to_queue(desk: Desk, intent: Upkeep) -> str | None:
    """Do what is asked and return None, or say why not. Nothing of it changes who waits with us."""
    name = desk.queue.name
    match intent:
        case PrepareQueue():
            desk.do(Send(c.CreateQueue(name, desk.rules.size_at_telnyx)))
        case DeleteQueue():
            waiting = sum(_is_in(desk.queue.callers[call]) for _, _, call in desk.queue.present)
            if waiting:
                return f"{waiting} wait in the queue {name}: move them, or close it with send_away"
            desk.do(Send(c.DeleteQueue(name)))
        case KeepEntry(call=call, on=on):
            caller = desk.queue.callers.get(call)
            if caller is None or not _is_in(caller):
                return f"no caller {call} waits in the queue {name}"
            if not may_move(caller):
                return f"the caller {call} is with the agent {caller.offers[0].agent} already"
            desk.do(Send(c.KeepEntry(name, call, on)))
        case RemoveEntry(call=call):
            caller = desk.queue.callers.get(call)
            if caller is not None and _is_in(caller):
                return f"the caller {call} has not hung up: move him, or end the call"
            desk.do(Send(c.RemoveEntry(name, call)))
    return None


def _is_in(caller: Caller) -> bool:
    """Return whether a caller is in Telnyx's queue, or on the way into an agent's conference, as far as we know."""
    return caller.callback is None and caller.gone is None and caller.ending is None
