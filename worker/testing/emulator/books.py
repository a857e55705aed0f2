"""The emulator's own account of what has happened, to hold against what others believe."""

from __future__ import annotations

import dataclasses

from worker.testing.emulator.api import Api
from worker.testing.emulator.conferences import Conference
from worker.testing.emulator.legs import Leg, Stay
from worker.testing.emulator.telephony import Telephony


def account(telephony: Telephony, api: Api) -> dict[str, object]:
    """Return everything: callers, agents, conferences, queues, recordings, double bookings, webhooks and requests."""
    world = telephony.world
    legs = list(world.legs.values())
    stays = _by_conference(legs)
    return {
        "callers": [_leg(leg, stays) for leg in legs if leg.incoming],
        "agents": [_leg(leg, stays) for leg in legs if not leg.incoming],
        "conferences": [_conference(conference) for conference in telephony.conferences.by_id.values()],
        "queues": {
            queue.name: [entry.leg.id for entry in queue.entries] for queue in telephony.queues.by_name.values()
        },
        "recordings": [dataclasses.asdict(recording) for recording in telephony.recordings.all],
        "double_bookings": world.violations,
        "webhooks": {**world.delivery.counts, "under_way": world.delivery.under_way},
        "requests": [
            {"operation": operation, "status": status, "count": count}
            for (operation, status), count in sorted(api.requests.items())
        ],
        "waiting": sum(_waits(leg) for leg in legs),
    }


def _leg(leg: Leg, stays: dict[str, list[tuple[Leg, Stay]]]) -> dict[str, object]:
    """Return a leg; each stay says who else was there meanwhile."""
    return {
        **{name.rstrip("_"): value for name, value in dataclasses.asdict(leg).items()},
        "stays": [
            {
                **dataclasses.asdict(stay),
                "with": [
                    other.id for other, theirs in stays[stay.conference] if other is not leg and _overlap(stay, theirs)
                ],
            }
            for stay in leg.stays
        ],
    }


def _by_conference(legs: list[Leg]) -> dict[str, list[tuple[Leg, Stay]]]:
    stays: dict[str, list[tuple[Leg, Stay]]] = {}
    for leg in legs:
        for stay in leg.stays:
            stays.setdefault(stay.conference, []).append((leg, stay))
    return stays


def _overlap(one: Stay, other: Stay) -> bool:
    return (other.left_at is None or one.at < other.left_at) and (one.left_at is None or other.at < one.left_at)


def _conference(conference: Conference) -> dict[str, object]:
    return {
        "id": conference.id,
        "name": conference.name,
        "status": conference.status,
        "ended_at": conference.ended_at,
        "end_reason": conference.end_reason,
        "legs": [leg.id for leg in conference.legs],
    }


def _waits(leg: Leg) -> bool:
    return leg.incoming and leg.alive and leg.conference is None and leg.peer is None
