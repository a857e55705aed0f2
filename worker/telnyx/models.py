"""What is sent to Telnyx and what comes back, with Telnyx's own names. Absent fields are not sent."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request's body."""


class DialBody(Body, frozen=True):
    """POST /calls."""

    to: str
    from_: str = msgspec.field(name="from")
    connection_id: str
    timeout_secs: int | None = None
    client_state: str | None = None
    command_id: str | None = None


class AnswerBody(Body, frozen=True):
    """POST /calls/{id}/actions/answer, and hangup, and leave_queue."""

    client_state: str | None = None
    command_id: str | None = None


class SpeakBody(Body, frozen=True):
    """POST /calls/{id}/actions/speak."""

    payload: str
    voice: str
    language: str | None = None
    client_state: str | None = None
    command_id: str | None = None


class EnqueueBody(Body, frozen=True):
    """POST /calls/{id}/actions/enqueue. `max_wait_time_secs` in seconds."""

    queue_name: str
    max_wait_time_secs: int | None = None
    max_size: int | None = None
    keep_after_hangup: bool | None = None
    client_state: str | None = None
    command_id: str | None = None


class CreateConferenceBody(Body, frozen=True):
    """POST /conferences."""

    call_control_id: str
    name: str
    beep_enabled: Literal["always", "never", "on_enter", "on_exit"] | None = None
    client_state: str | None = None
    command_id: str | None = None


class JoinBody(Body, frozen=True):
    """POST /conferences/{id}/actions/join."""

    call_control_id: str
    client_state: str | None = None
    command_id: str | None = None


class LeaveBody(Body, frozen=True):
    """POST /conferences/{id}/actions/leave."""

    call_control_id: str
    command_id: str | None = None


class RecordStartBody(Body, frozen=True):
    """POST /conferences/{id}/actions/record_start."""

    format: Literal["mp3", "wav"]
    channels: Literal["single", "dual"] | None = None
    command_id: str | None = None


class CommandBody(Body, frozen=True):
    """A body with nothing but its key."""

    command_id: str | None = None


class Result(msgspec.Struct, frozen=True):
    """The answer to an action: accepted, not done."""

    result: str = ""


class Call(msgspec.Struct, frozen=True):
    """A call leg."""

    call_control_id: str
    call_leg_id: str = ""
    call_session_id: str = ""
    is_alive: bool = False
    client_state: str | None = None


class Conference(msgspec.Struct, frozen=True):
    """A conference."""

    id: str
    name: str = ""
    status: str | None = None
    end_reason: str | None = None


class Participant(msgspec.Struct, frozen=True):
    """A leg in a conference."""

    call_control_id: str
    id: str = ""
    status: str = ""
    muted: bool = False
    on_hold: bool = False


class Queue(msgspec.Struct, frozen=True):
    """A queue."""

    name: str
    current_size: int = 0
    max_size: int = 0
    average_wait_time_secs: int = 0


class QueueCall(msgspec.Struct, frozen=True):
    """A call leg in a queue."""

    call_control_id: str
    queue_position: int = 0
    wait_time_secs: int = 0
    is_alive: bool = True


class Meta(msgspec.Struct, frozen=True):
    """Where a page stands among all."""

    page_number: int = 1
    total_pages: int = 1
    page_size: int = 0
    total_results: int = 0


class One(msgspec.Struct, Generic[T], frozen=True):
    """An answer with one object."""

    data: T


class Page(msgspec.Struct, Generic[T], frozen=True):
    """An answer with a page of objects."""

    data: list[T]
    meta: Meta = Meta()
