"""What Telnyx shows of call legs."""

from __future__ import annotations

from worker.telnyx.answers import Answer, Result


class Call(Answer, frozen=True):
    """A call leg, known until ten minutes after its end. Right after a dial `is_alive` is false.

    `call_duration` in seconds; times are RFC 3339.
    """

    call_control_id: str
    call_leg_id: str = ""
    call_session_id: str = ""
    is_alive: bool = False
    client_state: str | None = None
    call_duration: int | None = None
    start_time: str | None = None
    end_time: str | None = None
    #: Of a recording that begins with the answer.
    recording_id: str | None = None
    record_type: str = "call"


class Answered(Result, frozen=True):
    """The answer to an answer."""

    #: Of a recording that begins with it.
    recording_id: str | None = None
