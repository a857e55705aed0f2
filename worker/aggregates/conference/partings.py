"""An agent who has handed his caller to a colleague: he is let out, and then told that it is over for him.

Not before: the conference goes on, and as long as his leg is in it he must not be offered another caller.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ingress.envelope import Address
from worker.aggregates.conference.state import Conference, Parting
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Outcome, Unknown
from worker.events.timers import TimerFired

AGAIN_MS = 1_000
_TIMER = "parting:"


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what became of letting somebody out."""
    match event.body:
        case Outcome(command=c.LeaveConference(call=leg), result=result):
            parting = _parting(conference, leg)
            if parting is None or parting.step != "leaving":
                return conference
            return _change(conference, replace(parting, step="unsure" if isinstance(result, Unknown) else "left"))
        case TimerFired(key=key) if key.startswith(_TIMER):
            parting = _parting(conference, key.removeprefix(_TIMER))
            if parting is None or parting.step != "unsure":
                return conference
            return _change(conference, replace(parting, step="leave"))
        case _:
            return conference


def settle(conference: Conference) -> Conference:
    """See who is out."""
    for parting in conference.partings:
        if parting.step != "left" and not conference.inside(parting.leg):
            conference = _change(conference, replace(parting, step="left"))
    return conference


def decide(conference: Conference, event: Event) -> Iterator[Act]:
    """Let out, and tell who is."""
    for parting in conference.partings:
        match parting.step:
            case "leave":
                yield Send(c.LeaveConference(conference.id, parting.leg))
            case "unsure" if isinstance(event.body, Outcome):
                yield SetTimer(f"{_TIMER}{parting.leg}", event.received_ms + AGAIN_MS)
            case "left":
                agent = Address(conference.address.tenant, "agent", parting.agent)
                yield Tell(agent, n.CallerLeft(parting.offer, parting.call, event.received_ms))
                yield Tell(agent, n.ConferenceOver(conference.id))
            case _:
                pass


def adopt(conference: Conference, act: Act) -> Conference:
    """Note how far it is."""
    match act:
        case Send(command=c.LeaveConference(call=leg)):
            parting = _parting(conference, leg)
            return _change(conference, replace(parting, step="leaving")) if parting is not None else conference
        case Tell(to=to, notice=n.ConferenceOver()):
            left = tuple(each for each in conference.partings if each.agent != to.id or each.step != "left")
            return replace(conference, partings=left)
        case _:
            return conference


def _parting(conference: Conference, leg: str) -> Parting | None:
    return next((each for each in conference.partings if each.leg == leg), None)


def _change(conference: Conference, parting: Parting) -> Conference:
    changed = tuple(parting if each.leg == parting.leg else each for each in conference.partings)
    return replace(conference, partings=changed)
