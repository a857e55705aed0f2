"""Legs put together: bridge, refer, supervise."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from worker.telnyx import fields as f
from worker.telnyx.operation import Body


class BridgeBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/bridge: two legs hear each other."""

    #: Telnyx's document demands it, though its guide to queues bridges with `queue` alone.
    call_control_id: (
        Annotated[str, Meta(description="The leg to bridge with. One of this, `queue` and `video_room_id`.")] | None
    ) = None
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    hold_after_unbridge: (
        Annotated[bool, Meta(description="Whether the leg is held when its bridge ends, rather than hung up.")] | None
    ) = None
    mute_dtmf: f.MuteDtmf | None = None
    park_after_unbridge: f.ParkAfterUnbridge | None = None
    play_ringtone: Annotated[bool, Meta(description="Whether a ring tone is heard until the bridge stands.")] | None = (
        None
    )
    prevent_double_bridge: f.PreventDoubleBridge | None = None
    queue: (
        Annotated[str, Meta(description="The queue whose first call is bridged. Not together with `call_control_id`.")]
        | None
    ) = None
    record: f.Record | None = None
    record_channels: f.RecordChannels | None = None
    record_custom_file_name: f.RecordCustomFileName | None = None
    record_format: f.RecordFormat | None = None
    record_max_length: f.RecordMaxLength | None = None
    record_timeout_secs: f.RecordTimeoutSecs | None = None
    record_track: f.RecordTrack | None = None
    record_trim: f.RecordTrim | None = None
    ringtone: Annotated[str, Meta(description="The country of the ring tone.")] | None = None
    video_room_context: Annotated[str, Meta(description="Sent to the video room.")] | None = None
    video_room_id: Annotated[str, Meta(description="The video room to bridge with.")] | None = None


class ReferBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/refer: the far end is told to call elsewhere, and this leg ends."""

    sip_address: Annotated[str, Meta(description="Where the call is referred to, a SIP URI.")]
    client_state: f.ClientState | None = None
    command_id: f.CommandId | None = None
    custom_headers: f.CustomHeaders | None = None
    sip_auth_password: f.SipAuthPassword | None = None
    sip_auth_username: f.SipAuthUsername | None = None
    sip_headers: f.SipHeaders | None = None


class SwitchSupervisorRoleBody(Body, frozen=True, kw_only=True):
    """POST /calls/{call}/actions/switch_supervisor_role."""

    role: Annotated[Literal["barge", "whisper", "monitor"], Meta(description="The supervisor's role from now on.")]
