"""What there is to see of a conference."""

from __future__ import annotations

from typing import Literal

from worker.aggregates.conference.state import Conference
from worker.views.model import ConferenceView, Participant, Role

#: In which participants are listed.
ORDER: tuple[Role, ...] = ("agent", "caller", "consult", "third", "supervisor", "stranger")


def view_of_conference(conference: Conference) -> ConferenceView:
    """Return the view of *conference*."""
    talk = conference.talk
    inside = [_participant(conference, leg) for leg in conference.legs if conference.inside(leg)]
    return ConferenceView(
        tenant=conference.address.tenant,
        conference=conference.id,
        agent=conference.agent,
        since_ms=conference.created_ms,
        participants=tuple(sorted(inside, key=lambda each: (ORDER.index(each.role), each.since_ms, each.leg))),
        call=talk.call if talk else None,
        queue=talk.queue if talk else None,
        held=talk is not None and talk.held,
        muted=talk is not None and talk.muted,
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
    party = conference.party_of(leg)
    if party is not None:
        return party.kind, party.whom
    return ("caller", "") if leg in conference.expected else ("stranger", "")
