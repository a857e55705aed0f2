"""What there is to see of a call leg: where it is now."""

from __future__ import annotations

from worker.aggregates.call.state import Call
from worker.views.model import CallView, Place


def view_of_call(call: Call) -> CallView:
    """Return the view of *call*."""
    goal = call.course.goal if call.course else None
    place = place_of(call)
    waits = place in ("entering", "waiting")
    joining = call.joining if call.joining and call.joining.step != "failed" else None
    return CallView(
        tenant=call.address.tenant,
        call=call.id,
        direction=call.direction,
        number=call.number,
        dialled=call.dialled,
        since_ms=call.initiated_ms,
        answered_ms=call.answered_ms,
        place=place,
        owner=f"{call.owner.kind}:{call.owner.id}" if call.owner else None,
        menu=goal.menu if goal and place == "menu" else None,
        queue=call.queue or (goal.queue if goal and waits else None),
        waiting_since_ms=call.since_ms if waits else None,
        conference=joining.conference if joining else None,
        priority=call.priority,
    )


def place_of(call: Call) -> Place:
    """Return where the caller is: what is furthest along his way."""
    if call.joining is not None and call.joining.step != "failed":
        return "conversation" if call.joining.step == "in" else "connecting"
    if call.visit.transfer in ("asked", "talking"):
        return "outside" if call.visit.transfer == "talking" else "connecting"
    if call.place != "none":
        return "waiting" if call.place == "waiting" else "entering"
    if call.answered_ms is None:
        return "ringing"
    goal = call.course.goal if call.course else None
    if goal is None:
        return "hearing" if call.owner is None else "up"
    if goal.menu is not None:
        return "menu"
    if goal.voicemail is not None:
        return "voicemail"
    if goal.login:
        return "login"
    return "entering" if goal.queue is not None and call.sounding is None else "hearing"
