"""The operations of `/calls`: where each is, what it takes and gives, and how it bears repetition."""

from __future__ import annotations

from worker.telnyx.answers import Result
from worker.telnyx.calls import answering, bridging, dialling, gathering, media, queueing, recording
from worker.telnyx.calls.results import Answered, Call
from worker.telnyx.operation import Operation
from worker.telnyx.operation import OperationClass as Kind

DIAL = Operation("calls", "dial", "POST", "/calls", Kind.KEYED, Call, body=dialling.DialBody)
RETRIEVE = Operation("calls", "retrieve", "GET", "/calls/{call_control_id}", Kind.READ, Call)
ANSWER = Operation(
    "calls",
    "answer",
    "POST",
    "/calls/{call_control_id}/actions/answer",
    Kind.KEYED,
    Answered,
    body=answering.AnswerBody,
)
REJECT = Operation(
    "calls",
    "reject",
    "POST",
    "/calls/{call_control_id}/actions/reject",
    Kind.DELETE_LIKE,
    Result,
    body=answering.RejectBody,
)
HANGUP = Operation(
    "calls",
    "hangup",
    "POST",
    "/calls/{call_control_id}/actions/hangup",
    Kind.DELETE_LIKE,
    Result,
    body=answering.HangupBody,
)
BRIDGE = Operation(
    "calls", "bridge", "POST", "/calls/{call_control_id}/actions/bridge", Kind.KEYED, Result, body=bridging.BridgeBody
)
TRANSFER = Operation(
    "calls",
    "transfer",
    "POST",
    "/calls/{call_control_id}/actions/transfer",
    Kind.KEYED,
    Result,
    body=dialling.TransferBody,
)
REFER = Operation(
    "calls", "refer", "POST", "/calls/{call_control_id}/actions/refer", Kind.KEYED, Result, body=bridging.ReferBody
)
SPEAK = Operation(
    "calls", "speak", "POST", "/calls/{call_control_id}/actions/speak", Kind.KEYED, Result, body=media.SpeakBody
)
PLAYBACK_START = Operation(
    "calls",
    "playback_start",
    "POST",
    "/calls/{call_control_id}/actions/playback_start",
    Kind.KEYED,
    Result,
    body=media.PlaybackStartBody,
)
PLAYBACK_STOP = Operation(
    "calls",
    "playback_stop",
    "POST",
    "/calls/{call_control_id}/actions/playback_stop",
    Kind.SET_LIKE,
    Result,
    body=media.PlaybackStopBody,
)
GATHER = Operation(
    "calls", "gather", "POST", "/calls/{call_control_id}/actions/gather", Kind.KEYED, Result, body=gathering.GatherBody
)
GATHER_USING_AUDIO = Operation(
    "calls",
    "gather_using_audio",
    "POST",
    "/calls/{call_control_id}/actions/gather_using_audio",
    Kind.KEYED,
    Result,
    body=gathering.GatherUsingAudioBody,
)
GATHER_USING_SPEAK = Operation(
    "calls",
    "gather_using_speak",
    "POST",
    "/calls/{call_control_id}/actions/gather_using_speak",
    Kind.KEYED,
    Result,
    body=gathering.GatherUsingSpeakBody,
)
GATHER_STOP = Operation(
    "calls",
    "gather_stop",
    "POST",
    "/calls/{call_control_id}/actions/gather_stop",
    Kind.SET_LIKE,
    Result,
    body=gathering.GatherStopBody,
)
SEND_DTMF = Operation(
    "calls",
    "send_dtmf",
    "POST",
    "/calls/{call_control_id}/actions/send_dtmf",
    Kind.KEYED,
    Result,
    body=media.SendDtmfBody,
)
RECORD_START = Operation(
    "calls",
    "record_start",
    "POST",
    "/calls/{call_control_id}/actions/record_start",
    Kind.KEYED,
    Result,
    body=recording.RecordStartBody,
)
RECORD_STOP = Operation(
    "calls",
    "record_stop",
    "POST",
    "/calls/{call_control_id}/actions/record_stop",
    Kind.DELETE_LIKE,
    Result,
    body=recording.RecordStopBody,
)
RECORD_PAUSE = Operation(
    "calls",
    "record_pause",
    "POST",
    "/calls/{call_control_id}/actions/record_pause",
    Kind.SET_LIKE,
    Result,
    body=recording.RecordPauseBody,
)
RECORD_RESUME = Operation(
    "calls",
    "record_resume",
    "POST",
    "/calls/{call_control_id}/actions/record_resume",
    Kind.SET_LIKE,
    Result,
    body=recording.RecordResumeBody,
)
CLIENT_STATE_UPDATE = Operation(
    "calls",
    "client_state_update",
    "PUT",
    "/calls/{call_control_id}/actions/client_state_update",
    Kind.SET_LIKE,
    Result,
    body=answering.ClientStateUpdateBody,
)
SWITCH_SUPERVISOR_ROLE = Operation(
    "calls",
    "switch_supervisor_role",
    "POST",
    "/calls/{call_control_id}/actions/switch_supervisor_role",
    Kind.SET_LIKE,
    Result,
    body=bridging.SwitchSupervisorRoleBody,
)
LEAVE_QUEUE = Operation(
    "calls",
    "leave_queue",
    "POST",
    "/calls/{call_control_id}/actions/leave_queue",
    Kind.DELETE_LIKE,
    Result,
    body=queueing.LeaveQueueBody,
)
ENQUEUE = Operation(
    "calls",
    "enqueue",
    "POST",
    "/calls/{call_control_id}/actions/enqueue",
    Kind.KEYED,
    Result,
    body=queueing.EnqueueBody,
)

OPERATIONS: tuple[Operation[object], ...] = (
    DIAL,
    RETRIEVE,
    ANSWER,
    REJECT,
    HANGUP,
    BRIDGE,
    TRANSFER,
    REFER,
    SPEAK,
    PLAYBACK_START,
    PLAYBACK_STOP,
    GATHER,
    GATHER_USING_AUDIO,
    GATHER_USING_SPEAK,
    GATHER_STOP,
    SEND_DTMF,
    RECORD_START,
    RECORD_STOP,
    RECORD_PAUSE,
    RECORD_RESUME,
    CLIENT_STATE_UPDATE,
    SWITCH_SUPERVISOR_ROLE,
    LEAVE_QUEUE,
    ENQUEUE,
)
