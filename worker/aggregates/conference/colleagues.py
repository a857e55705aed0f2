"""An agent who is consulted by the one whose conversation it is: asked, let out again, or left with the caller.

Whether he is free he says himself (`worker.aggregates.agent.consult`). His leg is his own: he brings it, in no
conference, and it is not hung up from here; he is told that it is over only when the leg is out.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ingress.envelope import Address, AggregateKind
from worker.aggregates.conference import absent, parties
from worker.aggregates.conference.state import Conference, Parting, Party, PartyKind, Talk
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.events.outcomes import Outcome, Unknown

#: How long a colleague may take to come: as a number outside rings.
WITHIN_MS = parties.RING_SECS * 1000
#: Added for leaving where he is, which is tried for so long.
COMES_SLACK_MS = parties.RING_SLACK_MS + 20_000
KIND: PartyKind = "colleague"


def ask(conference: Conference, ask: str, whom: str) -> Tell | None:
    """Ask an agent who is to be consulted; he answers the intent."""
    talk = conference.talk
    if talk is None:
        return None
    offer = f"{conference.id}/{parties.next_purpose(conference, KIND)}"
    by = conference.agent or ""
    asked = n.ConsultAsked(offer, ask, conference.id, by, talk.call, talk.queue, WITHIN_MS)
    return Tell(_to(conference, "agent", whom), asked)


def wait(conference: Conference, event: Event) -> Iterator[Act]:
    """Wait for the colleague who has just been asked, but not for ever."""
    purpose = f"{KIND}:{conference.asked_in}"
    yield SetTimer(f"party:{purpose}", event.received_ms + WITHIN_MS + COMES_SLACK_MS)


def present(conference: Conference) -> Party | None:
    """Return the colleague who is in."""
    outsiders = parties.outsiders(conference)
    return next((each for each in outsiders if each.kind == KIND and parties.inside(conference, each)), None)


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what a colleague says, and what became of letting him out."""
    match event.body:
        case n.Told(notice=n.ConsultReady() as ready):
            return _ready(conference, ready)
        case n.Told(notice=n.ConsultDeclined(offer=offer)):
            party = _party(conference, offer)
            return absent.note(conference, parties.drop(conference, party), event) if party is not None else conference
        case Outcome(command=c.LeaveConference(call=leg), result=result) if not isinstance(result, Unknown):
            party = conference.party_of(leg)
            if party is None or party.kind != KIND or party.step != "ending":
                return conference
            return parties.change(conference, replace(party, step="out"))
        case _:
            return conference


def decide(conference: Conference, event: Event) -> Iterator[Act]:
    """Let those out who are not wanted any more, and tell who is."""
    for party in conference.parties.values():
        if party.kind != KIND:
            continue
        if party.step == "over" and party.leg is not None:
            yield Send(c.LeaveConference(conference.id, party.leg))
            yield SetTimer(f"party:{party.purpose}", event.received_ms + parties.ENDS_WITHIN_MS)
        elif party.step in ("over", "out"):
            yield Tell(_to(conference, "agent", party.whom), n.ConsultOver(_offer_of(conference, party)))


def adopt(conference: Conference, act: Act) -> Conference:
    """Note what was done."""
    match act:
        case Send(command=c.LeaveConference(call=leg)):
            party = conference.party_of(leg)
            if party is None or party.kind != KIND:
                return conference
            return parties.change(conference, replace(party, step="ending", hangups=party.hangups + 1))
        case Tell(notice=n.ConsultOver(offer=offer)):
            party = _party(conference, offer)
            return parties.drop(conference, party) if party is not None else conference
        case _:
            return conference


def hand_to(conference: Conference, colleague: Party) -> Conference:
    """Make the colleague the one whose conversation it is, and let the other one go."""
    talk = conference.talk
    if talk is None or conference.agent is None:
        return conference
    offer = _offer_of(conference, colleague)
    caller = replace(conference.expected[talk.call], offer=offer, agent=colleague.whom, connected=True)
    parting = Parting(conference.agent, conference.agent_leg or "", talk.offer, talk.call)
    for party in tuple(conference.parties.values()):
        if party.kind == "supervisor":
            conference = parties.dismiss(conference, party)
    return replace(
        conference,
        agent=colleague.whom,
        agent_leg=colleague.leg,
        expected={**conference.expected, talk.call: caller},
        talk=Talk(talk.call, offer, talk.queue, record=talk.record, paused=talk.paused, sounded=talk.sounded),
        parties={purpose: each for purpose, each in conference.parties.items() if purpose != colleague.purpose},
        partings=(*conference.partings, parting),
    )


def tell_handed(conference: Conference, event: Event) -> Iterator[Act]:
    """Tell those whom it concerns that the caller has just been handed on; his queue before his new agent.

    So if that one has lost his leg meanwhile, the queue hears of it after this.
    """
    talk, agent = conference.talk, conference.agent
    if talk is None or agent is None or not conference.partings:
        return
    old, room = conference.partings[-1], conference.id
    handed = n.HandedOn(old.offer, talk.call, talk.offer, agent, room)
    yield Tell(_to(conference, "queue", talk.queue), handed)
    theirs = n.CallerHanded(talk.offer, talk.call, talk.queue, room, event.received_ms)
    yield Tell(_to(conference, "agent", agent), theirs)


def _ready(conference: Conference, ready: n.ConsultReady) -> Conference:
    """Put the colleague in; one who comes too late is told so."""
    party = _party(conference, ready.offer)
    if party is None:
        if any(caller.offer == ready.offer for caller in conference.expected.values()):
            return conference
        purpose = ready.offer.removeprefix(f"{conference.id}/")
        return parties.change(conference, Party(purpose, KIND, "", ready.agent, step="out"))
    if party.step != "dialled":
        return conference
    before = conference.legs.get(ready.call)
    after_ms = 0
    if before is not None:
        # He has been here before, and has left, even if the webhook of that is still to come.
        after_ms = max(before.joined_ms, before.left_ms)
        legs = {**conference.legs, ready.call: replace(before, left_ms=after_ms)}
        conference = replace(conference, legs=legs)
    return parties.change(conference, replace(party, leg=ready.call, step="up", after_ms=after_ms))


def _party(conference: Conference, offer: str) -> Party | None:
    party = conference.parties.get(offer.removeprefix(f"{conference.id}/"))
    return party if party is not None and party.kind == KIND else None


def _offer_of(conference: Conference, party: Party) -> str:
    return f"{conference.id}/{party.purpose}"


def _to(conference: Conference, kind: AggregateKind, ident: str) -> Address:
    return Address(conference.address.tenant, kind, ident)
