"""What Telnyx shows of its things, with the documented fields."""

from __future__ import annotations

from worker.testing.emulator.clock import secs_between
from worker.testing.emulator.conferences import Conference, Participant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.queues import Entry, Queue, Queues
from worker.testing.emulator.world import World

Document = dict[str, object]


def show_call(world: World, leg: Leg) -> Document:
    """Return a call leg."""
    end = leg.ended_at or world.clock.text()
    return {
        "record_type": "call",
        "call_control_id": leg.id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "is_alive": leg.alive,
        "client_state": leg.client_state,
        "call_duration": secs_between(leg.answered_at, end) if leg.answered_at else 0,
        "start_time": leg.started_at,
        "end_time": leg.ended_at,
    }


def show_participant(conference: Conference, participant: Participant) -> Document:
    """Return a leg in a conference, as a list has it."""
    manner = participant.manner
    return {
        "record_type": "participant",
        "id": participant.id,
        "call_control_id": participant.leg.id,
        "call_leg_id": participant.leg.leg_id,
        "conference": {"id": conference.id, "name": conference.name},
        "created_at": participant.created_at,
        "updated_at": participant.updated_at,
        "status": "joined",
        "muted": not manner.heard,
        "on_hold": participant.on_hold,
        "end_conference_on_exit": manner.end_conference_on_exit,
        "soft_end_conference_on_exit": manner.soft_end_conference_on_exit,
        "whisper_call_control_ids": list(manner.whispers_to),
    }


def show_participant_details(conference: Conference, participant: Participant) -> Document:
    """Return a leg in a conference that was asked for alone."""
    shown = show_participant(conference, participant)
    del shown["record_type"], shown["conference"]
    return {**shown, "conference_id": conference.id, "label": None}


def show_queue(queues: Queues, queue: Queue) -> Document:
    """Return a queue."""
    return {
        "record_type": "queue",
        "id": queue.id,
        "name": queue.name,
        "current_size": len(queue.entries),
        "max_size": queue.max_size,
        "average_wait_time_secs": queues.average_wait_secs(queue),
        "created_at": queue.created_at,
        "updated_at": queue.updated_at,
    }


def show_queued(queues: Queues, queue: Queue, entry: Entry) -> Document:
    """Return a leg in a queue."""
    return {
        "record_type": "queue_call",
        "call_control_id": entry.leg.id,
        "call_leg_id": entry.leg.leg_id,
        "call_session_id": entry.leg.session_id,
        "connection_id": queues.world.settings.connection_id,
        "enqueued_at": entry.enqueued_at,
        "from": entry.leg.from_,
        "to": entry.leg.to,
        "is_alive": entry.leg.alive,
        "queue_id": queue.id,
        "queue_position": queue.entries.index(entry) + 1,
        "wait_time_secs": queues.waited_secs(entry),
    }


def show_conference(world: World, conference: Conference) -> Document:
    """Return a conference."""
    by = conference.ended_by
    ended_by = {"call_control_id": by.id, "call_session_id": by.session_id} if by else None
    return {
        "record_type": "conference",
        "id": conference.id,
        "name": conference.name,
        "connection_id": world.settings.connection_id,
        "created_at": conference.created_at,
        "expires_at": conference.expires_at,
        "updated_at": conference.updated_at,
        "status": conference.status,
        "end_reason": conference.end_reason,
        "ended_by": ended_by,
        "region": conference.region,
    }
