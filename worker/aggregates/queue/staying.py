"""What becomes of one caller: whether he may enter, how long he stays, and what follows from an agent's yes."""

from __future__ import annotations

from worker.aggregates.queue import announcing, calling
from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.state import Caller, Offer
from worker.aggregates.queue.tiers import next_stage_ms
from worker.commands import command as c
from worker.decisions.decision import CancelTimer, Note, Send, SetTimer
from worker.events import notices as n
from worker.policy.model import Goal, is_open

#: A caller who left the agent's conference has hung up as a rule; after so long without word of it the leg is ended.
ENDS_WITHIN_MS = 5_000


def see_to(desk: Desk, call: str, *, emptied: bool) -> None:
    """Do what is due for one caller. *emptied*: the last agent has just logged out."""
    caller = desk.queue.callers.get(call)
    if caller is not None and not caller.admitted and caller.gone is None:
        _enter(desk, caller)
        caller = desk.queue.callers.get(call)
    if caller is None or caller.gone is not None:
        return
    if caller.ending is not None:
        _end(desk, caller)
    elif caller.held:
        _with_agent(desk, caller, caller.offer)
    elif not _leaves(desk, caller, emptied=emptied):
        _stays(desk, caller)


def _enter(desk: Desk, caller: Caller) -> None:
    """Let a caller in, or send him on."""
    rules, queue = desk.rules, desk.queue
    if desk.removed:
        desk.go_on(caller, "closed")
    elif queue.closed is not None or not _open_now(desk):
        desk.go_on(caller, "closed", rules.closed)
    elif len(queue.present) >= rules.max_size:
        desk.go_on(caller, "full", rules.full)
    elif not queue.staffed and not rules.join_unstaffed:
        desk.go_on(caller, "unstaffed", rules.unstaffed)
    else:
        desk.set("max-wait", caller, caller.arrived_ms + round(rules.max_wait_secs * 1000))
        _watch_staff(desk, caller)
        if caller.agent is not None:
            desk.set("personal", caller, caller.arrived_ms + round(rules.personal_secs * 1000))
        if rules.announcements.every_secs > 0:
            desk.set("say", caller, caller.arrived_ms + round(rules.announcements.first_secs * 1000))
        calling.take_up(desk, caller)


def _open_now(desk: Desk) -> bool:
    hours = desk.policy.hours.get(desk.rules.hours or "")
    return hours is None or is_open(hours, desk.now_ms)


def _watch_staff(desk: Desk, caller: Caller) -> None:
    """Let a caller wait no longer than that without anybody logged in."""
    secs = desk.rules.max_wait_unstaffed_secs
    if secs is not None and not desk.queue.staffed and caller.callback is None:
        since_ms = max(caller.arrived_ms, desk.queue.unstaffed_ms)
        desk.set("unstaffed", caller, since_ms + round(secs * 1000))


def _end(desk: Desk, caller: Caller) -> None:
    if caller.ending == "left":
        desk.cancel_all(caller)
        desk.set("left", caller, desk.now_ms + ENDS_WITHIN_MS)
    elif caller.ending == "due":
        desk.go_on(caller, "finished")


def _with_agent(desk: Desk, caller: Caller, offer: Offer | None) -> None:
    if offer is None:
        return
    if offer.step == "accepted":
        for lost in caller.offers:
            desk.do(CancelTimer(f"offer:{lost.id}"))
        if caller.callback is not None and caller.callback.step != "up":
            calling.dial(desk, caller)
        else:
            _assign(desk, caller, offer)
    elif offer.step == "doubted":
        desk.do(Send(c.ReadParticipants(offer.conference)))
    elif offer.step == "connected":
        desk.cancel_all(caller)
        _judge(desk, caller)
    elif offer.step == "undoing":
        _judge(desk, caller)


def _judge(desk: Desk, caller: Caller) -> None:
    """Hold the wait of one who was answered against the threshold, once."""
    if caller.end == "answered" and caller.connected_ms is not None and not caller.judged:
        in_time = caller.connected_ms - caller.arrived_ms <= desk.rules.service_level_secs * 1000
        desk.do(Note("in-time" if in_time else "late", caller.call))


def _assign(desk: Desk, caller: Caller, offer: Offer) -> None:
    """The agent is reserved: send the caller into the agent's conference. The one place from which a join follows."""
    desk.do(SetTimer(f"connect:{offer.id}", desk.now_ms + round(desk.rules.connect_secs * 1000)))
    desk.tell("agent", offer.agent, n.OfferAssigned(offer.id, caller.leg))
    expected = n.CallerExpected(offer.id, caller.leg, desk.queue.name, offer.agent)
    desk.tell("conference", offer.conference, expected)
    desk.tell("call", caller.leg, n.Connect(offer.id, offer.conference, caller.arrived_ms))


def _leaves(desk: Desk, caller: Caller, *, emptied: bool) -> bool:
    """Send a caller on who is not to wait any longer, and say whether he goes."""
    rules = desk.rules
    key = rules.keys.get(caller.pressed) if caller.pressed else None
    away = caller.callback is not None and caller.callback.step in ("leaving", "kept", "resting")
    if caller.callback is not None and caller.callback.step == "dialling":
        return False
    if desk.removed and not away:
        desk.go_on(caller, "closed")
    elif emptied and rules.leave_when_unstaffed and not desk.queue.staffed and caller.callback is None:
        desk.go_on(caller, "unstaffed", rules.unstaffed)
    elif key is not None and caller.callback is None and key.callback:
        return calling.keep(desk, caller)
    elif key is not None and caller.callback is None:
        desk.go_on(caller, "key", goal_of(key))
    elif caller.offers or not (caller.overdue or caller.attempts >= rules.max_attempts):
        return False
    elif away:
        calling.give_up(desk, caller)
    elif caller.overdue:
        desk.go_on(caller, "max-wait", rules.waited)
    else:
        desk.go_on(caller, "failed")
    return True


def goal_of(goal: Goal) -> Goal:
    """Return where *goal* leads, without what else the policy says at its place."""
    return Goal(goal.queue, goal.menu, goal.voicemail, goal.number, goal.login, goal.say, goal.priority)


def _stays(desk: Desk, caller: Caller) -> None:
    rules = desk.rules
    if "unstaffed" not in caller.timers:
        _watch_staff(desk, caller)
    if "max-wait" not in caller.timers and not caller.overdue:
        # He waits anew: he was called back and has answered, or his agent was lost.
        desk.set("max-wait", caller, desk.now_ms + round(rules.max_wait_secs * 1000))
        if rules.announcements.every_secs > 0 and caller.callback is None:
            desk.set("say", caller, desk.now_ms + round(rules.announcements.first_secs * 1000))
    calling.rest(desk, caller)
    if caller.callback is None or caller.callback.step in ("kept", "up"):
        after_ms = next_stage_ms(desk.queue, rules, caller.stage_ms)
        if after_ms is not None and caller.next_stage_ms != after_ms:
            desk.set("stage", caller, caller.arrived_ms + after_ms)
    if caller.say_due:
        announcing.say(desk, caller)
