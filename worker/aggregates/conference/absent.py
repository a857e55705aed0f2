"""Who was asked into a conversation and did not come: that a number was dialled does not say that somebody answers."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.conference.state import Conference, Party
from worker.commands import command as c
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Outcome, Refused, Succeeded
from worker.events.timers import TimerFired

#: Telnyx's hangup causes in words.
CAUSES = {
    "user_busy": "busy",
    "call_rejected": "declined",
    "timeout": "no answer",
    "not_found": "unknown number or address",
}


def note(before: Conference, after: Conference, event: Event) -> Conference:
    """Note who has been given up by *event* without having been in, and why; forgotten when another one is dialled."""
    talk = after.talk
    if talk is None:
        return after
    absent = "" if _rings(after, event) else talk.absent
    for purpose, party in before.parties.items():
        now = after.parties.get(purpose)
        given_up = party.welcome and (now is None or not now.welcome)
        if given_up and party.call == talk.call and not _was_in(before, party):
            absent = f"{party.whom}: {_why(event)}"
    return after if absent == talk.absent else replace(after, talk=replace(talk, absent=absent))


def _rings(conference: Conference, event: Event) -> bool:
    match event.body:
        case Outcome(command=c.Dial(client_state=state), result=Succeeded()):
            party = conference.parties.get(state.purpose or "")
            return party is not None and party.welcome
        case n.Told(notice=n.ConsultReady()):
            return True
        case _:
            return False


def _was_in(conference: Conference, party: Party) -> bool:
    presence = conference.legs.get(party.leg or "")
    return presence is not None and presence.joined_ms > 0


def _why(event: Event) -> str:
    match event.body:
        case n.Told(notice=n.LegEnded(answered=True)):
            return "hung up before being in"
        case n.Told(notice=n.LegEnded(cause=cause)):
            return CAUSES.get(cause, cause)
        case n.Told(notice=n.ConsultDeclined(reason=reason)):
            return reason.replace("-", " ")
        case Outcome(command=c.Dial(), result=Refused(detail=detail)):
            return f"not dialled ({detail})"
        case TimerFired():
            return "no answer"
        case _:
            return "could not be put in"
