"""A caller on his way: out of the queue that he is to leave, past what is said to him, to where his goal is."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address
from worker.aggregates.call.joins import LEAVE_TIMER
from worker.aggregates.call.login import log_in
from worker.aggregates.call.menus import choose
from worker.aggregates.call.messages import take_message
from worker.aggregates.call.saying import hang_up, hush, say
from worker.aggregates.call.state import Call, Course, mark
from worker.aggregates.call.waiting import drop_announcements, wait_in
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Announcement, Queue, Tenant

#: Nobody is led further: a policy that goes round in circles must not keep a caller, and Telnyx, busy for ever.
MOST_HOPS = 100
#: A number outside rings for so long; after a little more nothing will come of it.
RINGS_SECS = 30
TRANSFERRED_WITHIN_MS = 45_000
LEAVES_AGAIN_MS = 1_000
_DEFAULT = Queue()


def go_on(call: Call, course: Course, event: Event, policy: Tenant) -> Iterator[Act]:
    """Return what is due for a caller who is led to a goal."""
    yield from _take_back(call, event)
    if call.leaving:
        if not call.undoing:
            yield from _leave(call, event)
        return
    if call.dismissed is not None or _astray(call, course, policy):
        yield from drop_announcements(call)
        yield from _dismissal(call, event, policy)
        return
    goal, said = course.goal, mark(course.hop, "say")
    if goal.say is not None and not call.heard(said):
        if said not in call.asked:
            yield from say(call, event, policy, said, goal.say)
    elif goal.queue is not None:
        yield from wait_in(call, goal.queue, event, policy)
    elif goal.menu is not None:
        yield from choose(call, course, policy.menus[goal.menu], event, policy)
    elif goal.voicemail is not None:
        yield from take_message(call, course, policy.voicemails[goal.voicemail], event, policy)
    elif goal.number is not None:
        yield from _transfer(call, course, goal.number, event, policy)
    elif goal.login:
        yield from log_in(call, course, event, policy)
    else:
        yield from hang_up(call, event)


def _take_back(call: Call, event: Event) -> Iterator[Act]:
    """Carry out what undoes a join."""
    for undoing in call.undoing:
        if undoing.step == "leave":
            yield Send(c.LeaveConference(undoing.conference, call.id))
        elif undoing.step == "unsure":
            # He may be in still. Until he is known to be out, his agent must not be given another caller.
            yield SetTimer(f"{LEAVE_TIMER}{undoing.conference}", event.received_ms + LEAVES_AGAIN_MS)
        elif undoing.step == "left" and call.queue:
            yield Tell(Address(call.address.tenant, "queue", call.queue), n.Disconnected(undoing.offer, call.id))


def _leave(call: Call, event: Event) -> Iterator[Act]:
    """Leave the queue, at Telnyx and with us; the agent of a conversation is told so only when no join is left."""
    yield from hush(call)
    yield from drop_announcements(call)
    if call.place != "none":
        yield Send(c.LeaveQueue(call.id))
    to = Address(call.address.tenant, "queue", call.queue or "")
    yield Tell(to, n.CallerGone(call.id, event.received_ms, moved=True))


def _astray(call: Call, course: Course, policy: Tenant) -> bool:
    """Return whether the goal cannot be reached: the policy has it no more, or the way there is a circle."""
    goal = course.goal
    return (
        course.hop > MOST_HOPS
        or (goal.queue is not None and goal.queue not in policy.queues)
        or (goal.menu is not None and goal.menu not in policy.menus)
        or (goal.voicemail is not None and goal.voicemail not in policy.voicemails)
        or (goal.queue is not None and goal.queue in call.turned_away and call.place == "none")
    )


def _dismissal(call: Call, event: Event, policy: Tenant) -> Iterator[Act]:
    """End the call: with an apology where it was answered and nobody has spoken with the caller."""
    apology = _apology(call, policy)
    if apology is not None and "apology" not in call.asked:
        yield from say(call, event, policy, "apology", apology)
    elif apology is None or call.heard("apology"):
        yield from hang_up(call, event)


def _apology(call: Call, policy: Tenant) -> Announcement | None:
    if call.dismissed == "finished" or call.answered_ms is None:
        return None
    queue = policy.queues.get(call.queue or call.last_queue or "", _DEFAULT)
    return queue.apology


def _transfer(call: Call, course: Course, to: str, event: Event, policy: Tenant) -> Iterator[Act]:
    """Give the caller on to a number outside. If nothing comes of it, he is dismissed with an apology."""
    if call.visit.transfer is None:
        yield from hush(call)
        name = mark(course.hop, "transfer")
        # Our own number is shown: networks refuse another's.
        shown = call.dialled if call.owner is None and call.dialled in policy.numbers else policy.caller_id
        new_leg = ClientState(owner=f"call:{call.id}", purpose=name)
        yield Send(c.Transfer(call.id, to, shown or policy.caller_id, RINGS_SECS, new_leg))
        yield SetTimer(name, event.received_ms + TRANSFERRED_WITHIN_MS)
    elif call.visit.transfer == "over":
        yield from hang_up(call, event)
