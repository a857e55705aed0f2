"""What Telnyx shows of its things, with the documented fields."""

from __future__ import annotations

from datetime import datetime, timedelta

from worker.testing.emulator.conferences import Conference
from worker.testing.emulator.queues import Queue
from worker.testing.emulator.world import Leg, now, secs_between, written

#: No conference lasts longer.
CONFERENCE_HOURS = 4


def show_call(leg: Leg) -> dict[str, object]:
    """Return a call leg."""
    return {
        "record_type": "call",
        "call_control_id": leg.id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "is_alive": leg.alive,
        "client_state": leg.client_state,
        "call_duration": secs_between(leg.answered_at, leg.ended_at or now()) if leg.answered_at else 0,
        "start_time": leg.started_at,
        "end_time": leg.ended_at,
    }


def show_participant(conference: Conference, leg: Leg) -> dict[str, object]:
    """Return a leg in a conference."""
    return {
        "record_type": "participant",
        "id": leg.leg_id,
        "call_control_id": leg.id,
        "call_leg_id": leg.leg_id,
        "conference": {"id": conference.id, "name": conference.name},
        "created_at": leg.stays[-1].at,
        "updated_at": leg.stays[-1].at,
        "status": "joined",
        "muted": False,
        "on_hold": False,
        "end_conference_on_exit": False,
        "soft_end_conference_on_exit": False,
        "whisper_call_control_ids": [],
    }


def show_queue(queue: Queue, average_wait_secs: int) -> dict[str, object]:
    """Return a queue."""
    return {
        "record_type": "queue",
        "id": queue.id,
        "name": queue.name,
        "current_size": len(queue.calls),
        "max_size": queue.max_size,
        "average_wait_time_secs": average_wait_secs,
        "created_at": queue.created_at,
        "updated_at": now(),
    }


def show_queued(queue: Queue, leg: Leg, connection_id: str, waited_secs: int) -> dict[str, object]:
    """Return a leg in a queue."""
    return {
        "record_type": "queue_call",
        "call_control_id": leg.id,
        "call_leg_id": leg.leg_id,
        "call_session_id": leg.session_id,
        "connection_id": connection_id,
        "enqueued_at": leg.enqueued_at,
        "from": leg.from_,
        "to": leg.to,
        "is_alive": leg.alive,
        "queue_id": queue.id,
        "queue_position": queue.calls.index(leg) + 1,
        "wait_time_secs": waited_secs,
    }


def show_conference(conference: Conference, connection_id: str) -> dict[str, object]:
    """Return a conference."""
    return {
        "record_type": "conference",
        "id": conference.id,
        "name": conference.name,
        "connection_id": connection_id,
        "created_at": conference.created_at,
        "expires_at": written(datetime.fromisoformat(conference.created_at) + timedelta(hours=CONFERENCE_HOURS)),
        "updated_at": now(),
        "status": "completed" if conference.ended_at else "in_progress",
        "end_reason": conference.end_reason,
        "region": "US",
    }
