"""Who is in a conference and who is expected: facts whose order and repetition do not matter."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.conference.state import Conference, Expected, Presence
from worker.events import notices as n


def joined(conference: Conference, leg: str, at_ms: int) -> Conference:
    """A leg came in at *at_ms*."""
    presence = conference.legs.get(leg, Presence())
    return _presence(conference, leg, replace(presence, joined_ms=max(presence.joined_ms, at_ms)))


def left(conference: Conference, leg: str, at_ms: int) -> Conference:
    """A leg went out at *at_ms*."""
    presence = conference.legs.get(leg, Presence())
    return _presence(conference, leg, replace(presence, left_ms=max(presence.left_ms, at_ms)))


def looked(conference: Conference, calls: tuple[str, ...], at_ms: int) -> Conference:
    """The participants were listed: whoever is not among them had left by then, webhook or none."""
    conference = replace(conference, looked_ms=max(conference.looked_ms, at_ms))
    for call in calls:
        caller = conference.expected.get(call)
        # Before he was expected he can only have been here for an offer that is over.
        if caller is None or at_ms > caller.since_ms:
            conference = joined(conference, call, at_ms)
    return conference


def told(conference: Conference, notice: n.AnyNotice, now_ms: int) -> Conference:
    """Take in what others know of who is here, or is to be."""
    match notice:
        case n.ConferenceReady(agent=agent, call=leg, at_ms=at_ms):
            conference = replace(conference, agent=agent, agent_leg=leg)
            # Creating put the leg in. A webhook's time, where there is one, is the better one.
            return conference if leg in conference.legs else joined(conference, leg, at_ms)
        case n.CallerExpected(call=call, offer=offer, queue=queue, agent=agent):
            return _expect(conference, Expected(call, offer, queue, agent, since_ms=now_ms))
        case n.CallerSeen(call=call, at_ms=at_ms):
            return conference if conference.inside(call) else joined(conference, call, at_ms)
        case n.LegGone(call=call) if conference.handed and conference.handed.call == call:
            # His queue has let him go by our own word; he is here.
            return conference
        case n.LegGone(call=call, at_ms=at_ms):
            if conference.inside(call):
                conference = left(conference, call, max(at_ms, conference.legs[call].joined_ms))
            caller = conference.expected.get(call)
            if caller is None:
                return conference
            return replace(conference, expected={**conference.expected, call: replace(caller, gone=True)})
        case _:
            return conference


def forget(conference: Conference, call: str) -> Conference:
    """Expect a caller no more."""
    return replace(conference, expected={known: x for known, x in conference.expected.items() if known != call})


def _expect(conference: Conference, caller: Expected) -> Conference:
    known = conference.expected.get(caller.call)
    if known is not None and known.offer == caller.offer:
        return conference
    # Who is sent here again has left before (his leg has said so), even if the webhook of that is still to come.
    presence = conference.legs.get(caller.call)
    after_ms = max(presence.joined_ms, presence.left_ms) if presence else 0
    if known is not None:
        # Nothing may have been heard of that stay yet: then a time tells what is of this offer. Should the clocks
        # differ by more than a join takes, the queue's deadline reads who is inside.
        presence, after_ms = presence or Presence(), max(after_ms, caller.since_ms)
    if presence is not None:
        conference = _presence(conference, caller.call, replace(presence, left_ms=after_ms))
    return replace(conference, expected={**conference.expected, caller.call: replace(caller, after_ms=after_ms)})


def _presence(conference: Conference, leg: str, presence: Presence) -> Conference:
    return replace(conference, legs={**conference.legs, leg: presence})
