"""The operations of `/conferences`: where each is, what it takes and gives, and how it bears repetition."""

from __future__ import annotations

from worker.telnyx.answers import Result
from worker.telnyx.conferences import bodies, media, queries, recording
from worker.telnyx.conferences.results import Conference, Participant, ParticipantDetails
from worker.telnyx.operation import Operation
from worker.telnyx.operation import OperationClass as Kind

LIST = Operation(
    "conferences", "list", "GET", "/conferences", Kind.READ, Conference, query=queries.ConferencesQuery, listed=True
)
CREATE = Operation("conferences", "create", "POST", "/conferences", Kind.KEYED, Conference, body=bodies.CreateBody)
PARTICIPANTS = Operation(
    "conferences",
    "participants",
    "GET",
    "/conferences/{conference_id}/participants",
    Kind.READ,
    Participant,
    query=queries.ParticipantsQuery,
    listed=True,
)
RETRIEVE = Operation(
    "conferences", "retrieve", "GET", "/conferences/{id}", Kind.READ, Conference, query=queries.ConferenceQuery
)
END = Operation(
    "conferences", "end", "POST", "/conferences/{id}/actions/end", Kind.DELETE_LIKE, Result, body=bodies.EndBody
)
GATHER_USING_AUDIO = Operation(
    "conferences",
    "gather_using_audio",
    "POST",
    "/conferences/{id}/actions/gather_using_audio",
    Kind.ONCE,
    Result,
    body=media.GatherUsingAudioBody,
)
HOLD = Operation(
    "conferences", "hold", "POST", "/conferences/{id}/actions/hold", Kind.SET_LIKE, Result, body=bodies.HoldBody
)
JOIN = Operation(
    "conferences", "join", "POST", "/conferences/{id}/actions/join", Kind.KEYED, Result, body=bodies.JoinBody
)
LEAVE = Operation(
    "conferences", "leave", "POST", "/conferences/{id}/actions/leave", Kind.DELETE_LIKE, Result, body=bodies.LeaveBody
)
MUTE = Operation(
    "conferences", "mute", "POST", "/conferences/{id}/actions/mute", Kind.SET_LIKE, Result, body=bodies.MuteBody
)
PLAY = Operation(
    "conferences", "play", "POST", "/conferences/{id}/actions/play", Kind.ONCE, Result, body=media.PlayBody
)
RECORD_PAUSE = Operation(
    "conferences",
    "record_pause",
    "POST",
    "/conferences/{id}/actions/record_pause",
    Kind.SET_LIKE,
    Result,
    body=recording.RecordPauseBody,
)
RECORD_RESUME = Operation(
    "conferences",
    "record_resume",
    "POST",
    "/conferences/{id}/actions/record_resume",
    Kind.SET_LIKE,
    Result,
    body=recording.RecordResumeBody,
)
RECORD_START = Operation(
    "conferences",
    "record_start",
    "POST",
    "/conferences/{id}/actions/record_start",
    Kind.KEYED,
    Result,
    body=recording.RecordStartBody,
)
RECORD_STOP = Operation(
    "conferences",
    "record_stop",
    "POST",
    "/conferences/{id}/actions/record_stop",
    Kind.DELETE_LIKE,
    Result,
    body=recording.RecordStopBody,
)
SEND_DTMF = Operation(
    "conferences",
    "send_dtmf",
    "POST",
    "/conferences/{id}/actions/send_dtmf",
    Kind.ONCE,
    Result,
    body=media.SendDtmfBody,
)
SPEAK = Operation(
    "conferences", "speak", "POST", "/conferences/{id}/actions/speak", Kind.KEYED, Result, body=media.SpeakBody
)
STOP = Operation(
    "conferences", "stop", "POST", "/conferences/{id}/actions/stop", Kind.SET_LIKE, Result, body=media.StopBody
)
UNHOLD = Operation(
    "conferences", "unhold", "POST", "/conferences/{id}/actions/unhold", Kind.SET_LIKE, Result, body=bodies.UnholdBody
)
UNMUTE = Operation(
    "conferences", "unmute", "POST", "/conferences/{id}/actions/unmute", Kind.SET_LIKE, Result, body=bodies.UnmuteBody
)
UPDATE = Operation(
    "conferences", "update", "POST", "/conferences/{id}/actions/update", Kind.SET_LIKE, Result, body=bodies.UpdateBody
)
PARTICIPANT = Operation(
    "conferences",
    "participant",
    "GET",
    "/conferences/{id}/participants/{participant_id}",
    Kind.READ,
    ParticipantDetails,
)
UPDATE_PARTICIPANT = Operation(
    "conferences",
    "update_participant",
    "PATCH",
    "/conferences/{id}/participants/{participant_id}",
    Kind.SET_LIKE,
    ParticipantDetails,
    body=bodies.UpdateParticipantBody,
)

OPERATIONS: tuple[Operation[object], ...] = (
    LIST,
    CREATE,
    PARTICIPANTS,
    RETRIEVE,
    END,
    GATHER_USING_AUDIO,
    HOLD,
    JOIN,
    LEAVE,
    MUTE,
    PLAY,
    RECORD_PAUSE,
    RECORD_RESUME,
    RECORD_START,
    RECORD_STOP,
    SEND_DTMF,
    SPEAK,
    STOP,
    UNHOLD,
    UNMUTE,
    UPDATE,
    PARTICIPANT,
    UPDATE_PARTICIPANT,
)

#: Those that take a conference's name in the place of its id; the others take its id alone (OpenAPI document).
BY_NAME = frozenset(
    {
        HOLD,
        UNHOLD,
        MUTE,
        UNMUTE,
        JOIN,
        LEAVE,
        UPDATE,
        PLAY,
        SPEAK,
        STOP,
        RECORD_START,
        RECORD_STOP,
        RECORD_PAUSE,
        RECORD_RESUME,
    }
)
