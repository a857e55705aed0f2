"""The call's joins: wanted by a queue, asked of Telnyx, taken back."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.call.state import Call, Joining, LeaveStep, Undoing
from worker.events import notices as n
from worker.events.outcomes import Refused, Succeeded, Unknown

#: The codes that say that the conference, rather than the leg, is no more (facts of the API: 90058, 90019).
CONFERENCE_GONE = frozenset({"90058", "90019"})

#: Begins the key of the timer after which a leave is asked for again; the conference follows.
LEAVE_TIMER = "leave:"


def connect(call: Call, asked: n.Connect) -> Call:
    """A queue wants the caller in a conference."""
    if call.joining is not None and call.joining.offer == asked.offer:
        return call
    return replace(take_back(call), joining=Joining(asked.offer, asked.conference))


def handed_on(call: Call, offer: str, to: str) -> Call:
    """The agent of an offer has handed the caller to another one, in the same conference."""
    if call.joining is None or call.joining.offer != offer:
        return call
    return replace(call, joining=replace(call.joining, offer=to))


def disconnect(call: Call, offer: str) -> Call:
    """A queue wants the caller out of the conference of an offer, or not in it."""
    if call.joining is not None and call.joining.offer == offer:
        return take_back(call)
    if any(undoing.offer == offer for undoing in call.undoing):
        return call
    return replace(call, undoing=(*call.undoing, Undoing(offer, "", "left")))


def take_back(call: Call) -> Call:
    """Undo the join that is wanted, asked or done; a leg that may have left its queue for it enters that again."""
    joining = call.joining
    if joining is None:
        return call
    moved = joining.step in ("asked", "in")
    undoing = Undoing(joining.offer, joining.conference, "leave" if moved else "left")
    return replace(call, undoing=(*call.undoing, undoing), joining=None, place="none" if moved else call.place)


def unexpected(call: Call, conference: str) -> Call:
    """The leg is inside a conference that does not expect it: it leaves, if no queue wants it in one."""
    leaving = any(undoing.conference == conference for undoing in call.undoing)
    others = call.owner is not None and call.owner.kind != "queue"
    if others or call.course is None or call.joining is not None or leaving:
        return call
    place = "none" if call.place == "waiting" else call.place
    return replace(call, undoing=(*call.undoing, Undoing("", conference, "leave")), place=place)


def joined(call: Call, conference: str, result: Succeeded | Refused | Unknown) -> Call:
    """The join has ended, one way or the other."""
    joining = call.joining
    if joining is None or joining.conference != conference or joining.step != "asked":
        return call
    match result:
        case Succeeded():
            return replace(call, joining=replace(joining, step="in"))
        case Refused(code=code, disposition="gone") if code not in CONFERENCE_GONE:
            return replace(call, gone=True)
        case Refused(code=code):
            failure = "conference-gone" if code in CONFERENCE_GONE else "refused"
            return replace(call, joining=replace(joining, step="failed", failure=failure))
        case Unknown():
            # Nobody knows: the queue's connect deadline reads the participants.
            return call


def has_left(call: Call, conference: str, result: Succeeded | Refused | Unknown) -> Call:
    """The leave has ended: the leg is out, or was never in, unless nobody knows what became of it."""
    step: LeaveStep = "unsure" if isinstance(result, Unknown) else "left"
    return _leaves(call, conference, ("asked",), step)


def leave_again(call: Call, conference: str) -> Call:
    """The pause is over after a leave of which nobody knows what became of it."""
    return _leaves(call, conference, ("pausing",), "leave")


def pausing(call: Call, conference: str) -> Call:
    """The timer is set for the next leave."""
    return _leaves(call, conference, ("unsure",), "pausing")


def _leaves(call: Call, conference: str, at: tuple[LeaveStep, ...], step: LeaveStep) -> Call:
    changed = tuple(replace(u, step=step) if u.conference == conference and u.step in at else u for u in call.undoing)
    return replace(call, undoing=changed)


def leave_asked(call: Call, conference: str) -> Call:
    """The leave has been commanded."""
    asked = tuple(replace(u, step="asked") if u.conference == conference else u for u in call.undoing)
    return replace(call, undoing=asked)
