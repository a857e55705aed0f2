"""What there is to see of a conference."""

from __future__ import annotations

from typing import Literal

from worker.aggregates.conference.state import Conference
from worker.views.model import ConferenceView, Participant, Role

#: In which participants are listed.
ORDER: tuple[Role, ...] = ("agent", "caller", "consult", "colleague", "third", "supervisor", "stranger")


def view_of_conference(conference: Conference) -> ConferenceView:
    """Return the view of *conference*."""
    talk, handed = conference.talk, conference.handed
    of = talk or handed
    inside = [_participant(conference, leg) for leg in conference.legs if conference.inside(leg)]
    return ConferenceView(
        tenant=conference.address.tenant,
        conference=conference.id,
        agent=conference.agent,
        since_ms=conference.created_ms,
        participants=tuple(sorted(inside, key=lambda each: (ORDER.index(each.role), each.since_ms, each.leg))),
        call=of.call if of else None,
        queue=of.queue if of else None,
        held=talk is not None and talk.held,
        muted=talk is not None and talk.muted,
        handed_over=handed is not None,
        trouble=talk.absent if talk is not None else "",
        recording=_recording(conference),
        recordings=tuple(saved.recording_id for saved in conference.saved),
    )


def _recording(conference: Conference) -> Literal["off", "on", "paused"]:
    if conference.recording not in ("on", "stopping"):
        return "off"
    return "paused" if conference.talk is not None and conference.talk.paused else "on"


def _participant(conference: Conference, leg: str) -> Participant:
    role, whom = _who(conference, leg)
    return Participant(leg=leg, role=role, whom=whom, since_ms=conference.legs[leg].joined_ms)


def _who(conference: Conference, leg: str) -> tuple[Role, str]:
    if leg == conference.agent_leg:
        return "agent", conference.agent or ""
    party, handed = conference.party_of(leg), conference.handed
    if party is not None:
        # Who was consulted is the one whom the caller talks with now.
        return "third" if handed is not None and party.kind == "consult" else party.kind, party.whom
    if leg in conference.expected or (handed is not None and handed.call == leg):
        return "caller", ""
    return "stranger", ""
