"""Those whom we dial into a conversation: who is consulted, a third party, a supervisor; from dialling to hanging up.

Each is part of one conversation, and goes when that is over. What is heard of a leg whose party is gone is of one too
late: it is hung up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from msgspec.structs import replace

from ingress.intents.model import Role
from worker.aggregates.conference import absent
from worker.aggregates.conference.presence import looked
from worker.aggregates.conference.state import Conference, Party, PartyKind, PartyStep
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, Send, SetTimer
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Tenant

#: Telnyx ends the ringing itself; this is added for the webhook that may be late or lost.
RING_SLACK_MS = 15_000
#: How long a number outside rings.
RING_SECS = 30
#: Who is not seen inside after so long is looked for.
JOINS_WITHIN_MS = 10_000
#: A leg of whose end nothing is heard is hung up again, so often at most.
ENDS_WITHIN_MS = 5_000
#: How old a list of participants may be when it comes.
READ_MS = 10_000
MAX_HANGUPS = 12


def ask_in(conference: Conference, kind: PartyKind, whom: str, role: Role | None = None) -> Conference:
    """Have somebody dialled into the conversation that there is."""
    if conference.talk is None:
        return conference
    purpose = next_purpose(conference, kind)
    step: PartyStep = "dialled" if kind == "colleague" else "wanted"
    party = Party(purpose, kind, conference.talk.call, whom, role, step=step)
    return replace(conference, parties={**conference.parties, purpose: party}, asked_in=conference.asked_in + 1)


def next_purpose(conference: Conference, kind: PartyKind) -> str:
    """Name what the next one who is asked in is there for."""
    return f"{kind}:{conference.asked_in + 1}"


def dismiss(conference: Conference, party: Party) -> Conference:
    """Have a party hung up; a caller who waited for the end of a consultation is taken back."""
    if not party.welcome:
        return conference
    if party.step == "wanted":
        return _take_back(_without(conference, party), party)
    return _take_back(change(conference, replace(party, step="over")), party)


def outsiders(conference: Conference) -> tuple[Party, ...]:
    """Return who is consulted, and the third parties, so far as they are welcome."""
    return tuple(each for each in conference.parties.values() if each.kind != "supervisor" and each.welcome)


def inside(conference: Conference, party: Party) -> bool:
    """Whether *party* is in, and welcome."""
    return party.welcome and conference.inside(party.leg)


def supervisor(conference: Conference, name: str) -> Party | None:
    """Return the supervisor of this name who is here, or on the way."""
    known = (each for each in conference.parties.values() if each.kind == "supervisor" and each.welcome)
    return next((each for each in known if each.whom == name), None)


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what is heard of the legs, and of what was asked for them; and who does not come."""
    return absent.note(conference, _fold(conference, event), event)


def _fold(conference: Conference, event: Event) -> Conference:
    match event.body:
        case Outcome(command=c.Dial(client_state=state), result=result):
            return _dialled(conference, state.purpose or "", result)
        case Outcome(command=c.JoinConference(call=leg), result=result):
            return _entered(conference, leg, result)
        case Outcome(command=c.Hangup(call=leg), result=result):
            party = conference.party_of(leg)
            over = isinstance(result, Refused) or (isinstance(result, Succeeded) and result.already is not None)
            return drop(conference, party) if party and over else conference
        case Outcome(command=c.ReadParticipants(), result=result):
            gone = isinstance(result, Refused) and result.disposition == "gone"
            return _checked(conference, () if gone else None)
        case Observed(seen=ParticipantsSeen(calls=calls), at_ms=None):
            return _checked(looked(conference, calls, event.received_ms - READ_MS), calls)
        case n.Told(notice=n.LegAnswered(call=leg, purpose=purpose)):
            # One who was given up is hung up like any other.
            party = conference.parties.get(purpose) or Party(purpose, "third", "", "", step="over")
            if party.step not in ("dialled", "over"):
                return conference
            return change(conference, replace(party, leg=leg, step="up" if party.welcome else "over"))
        case n.Told(notice=n.LegEnded(purpose=purpose)):
            party = conference.parties.get(purpose)
            return drop(conference, party) if party else conference
        case TimerFired(key=key) if key.startswith("party:"):
            party = conference.parties.get(key.removeprefix("party:"))
            return _late(conference, party) if party else conference
        case _:
            return conference


def settle(conference: Conference) -> Conference:
    """Let those go whose conversation is over, and who have left."""
    for party in tuple(conference.parties.values()):
        talk, handed = conference.talk, conference.handed
        ours = talk is not None and talk.call == party.call
        with_them = (
            handed is not None and handed.goes_on and handed.call == party.call and party.kind in ("consult", "third")
        )
        if conference.ended_ms is not None or not (ours or with_them) or _has_left(conference, party):
            conference = dismiss(conference, party)
    return conference


def decide(conference: Conference, event: Event, policy: Tenant) -> Iterator[Act]:
    """Dial, put in, look for, hang up."""
    for party in conference.parties.values():
        match party.step:
            case "over" | "out" if party.kind == "colleague":
                # His leg is let out (`colleagues`).
                pass
            case "wanted":
                yield from _dial(conference, party, event, policy)
            case "up":
                whispered = (conference.agent_leg or "",) if party.role == "whisper" else ()
                yield Send(c.JoinConference(conference.id, party.leg or "", party.role, whispered))
                yield SetTimer(f"party:{party.purpose}", event.received_ms + JOINS_WITHIN_MS)
            case "asked" if _was_unread(event):
                yield SetTimer(f"party:{party.purpose}", event.received_ms + JOINS_WITHIN_MS)
            case "over" if party.leg is not None:
                yield Send(c.Hangup(party.leg))
                yield SetTimer(f"party:{party.purpose}", event.received_ms + ENDS_WITHIN_MS)
            case "dialled" | "asked" | "doubted" | "checking" | "over" | "ending" | "out":
                pass
            case _:
                assert_never(party.step)
    if any(party.step == "doubted" for party in conference.parties.values()):
        yield Send(c.ReadParticipants(conference.id))


def adopt(conference: Conference, act: Act) -> Conference:
    """Note what was asked for the legs."""
    match act:
        case Send(command=c.Dial(client_state=state)):
            party = conference.parties.get(state.purpose or "")
            return change(conference, replace(party, step="dialled")) if party else conference
        case Send(command=c.JoinConference(call=leg)):
            party = conference.party_of(leg)
            return change(conference, replace(party, step="asked")) if party else conference
        case Send(command=c.Hangup(call=leg)):
            party = conference.party_of(leg)
            ending = replace(party, step="ending", hangups=party.hangups + 1) if party else None
            return change(conference, ending) if ending else conference
        case Send(command=c.ReadParticipants()):
            for party in conference.parties.values():
                if party.step == "doubted":
                    conference = change(conference, replace(party, step="checking"))
            return conference
        case _:
            return conference


def _dial(conference: Conference, party: Party, event: Event, policy: Tenant) -> Iterator[Act]:
    to, ring_secs = party.whom, RING_SECS
    if party.kind == "supervisor":
        rules = policy.supervisors.get(party.whom)
        if rules is None:
            return
        to, ring_secs = rules.address, rules.ring_secs
    state = ClientState(owner=f"conference:{conference.id}", purpose=party.purpose)
    yield Send(c.Dial(to, policy.caller_id, policy.connection_id, ring_secs, state))
    yield SetTimer(f"party:{party.purpose}", event.received_ms + ring_secs * 1000 + RING_SLACK_MS)


def _dialled(conference: Conference, purpose: str, result: Succeeded | Refused | Unknown) -> Conference:
    party = conference.parties.get(purpose)
    match result:
        case _ if party is None:
            return conference
        case Succeeded(call=leg) if party.leg is None:
            return change(conference, replace(party, leg=leg))
        case Refused() if party.leg is None:
            return drop(conference, party)
        case _:
            # It may ring all the same: then the leg tells us; else the timer ends the wait.
            return conference


def _entered(conference: Conference, leg: str, result: Succeeded | Refused | Unknown) -> Conference:
    party = conference.party_of(leg)
    if party is None or party.step != "asked":
        return conference
    match result:
        case Refused():
            return dismiss(conference, party)
        case Unknown():
            return change(conference, replace(party, step="doubted"))
        case Succeeded():
            return conference


def _checked(conference: Conference, calls: tuple[str, ...] | None) -> Conference:
    """The participants were read, or (None) could not be: then they are read again in a while."""
    for party in tuple(conference.parties.values()):
        if party.step == "checking":
            if calls is None or party.leg in calls:
                conference = change(conference, replace(party, step="asked"))
            else:
                conference = dismiss(conference, party)
    return conference


def _late(conference: Conference, party: Party) -> Conference:
    """The time is over in which a party should have answered, come in, or ended."""
    match party.step:
        case "dialled":
            conference = dismiss(conference, party)
            return conference if party.leg or party.kind == "colleague" else drop(conference, party)
        case "asked" if not conference.inside(party.leg):
            return change(conference, replace(party, step="doubted"))
        case "over" if party.leg is None:
            return drop(conference, party)
        case "ending":
            if party.hangups < MAX_HANGUPS:
                return change(conference, replace(party, step="over"))
            return (
                change(conference, replace(party, step="out")) if party.kind == "colleague" else drop(conference, party)
            )
        case _:
            return conference


def _has_left(conference: Conference, party: Party) -> bool:
    presence = conference.legs.get(party.leg or "")
    new = presence is not None and (presence.joined_ms > party.after_ms or party.after_ms == 0)
    return party.leg is not None and new and conference.left_ms(party.leg) is not None


def drop(conference: Conference, party: Party) -> Conference:
    """Forget a party whose leg is no more, or who does not come."""
    return _without(dismiss(conference, party), party)


def _without(conference: Conference, party: Party) -> Conference:
    rest = {purpose: each for purpose, each in conference.parties.items() if purpose != party.purpose}
    return replace(conference, parties=rest)


def _take_back(conference: Conference, party: Party) -> Conference:
    talk = conference.talk
    if party.kind not in ("consult", "colleague") or talk is None or talk.call != party.call:
        return conference
    return replace(conference, talk=replace(talk, held=False))


def change(conference: Conference, party: Party) -> Conference:
    """Return the conference with *party* as he is now."""
    return replace(conference, parties={**conference.parties, party.purpose: party})


def _was_unread(event: Event) -> bool:
    return isinstance(event.body, Outcome) and isinstance(event.body.command, c.ReadParticipants)
