"""The `/calls` resource of the client."""

from __future__ import annotations

from worker.telnyx.answers import Result
from worker.telnyx.calls import operations as o
from worker.telnyx.calls.answering import AnswerBody, ClientStateUpdateBody, HangupBody, RejectBody
from worker.telnyx.calls.bridging import BridgeBody, ReferBody, SwitchSupervisorRoleBody
from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.telnyx.calls.gathering import GatherBody, GatherStopBody, GatherUsingAudioBody, GatherUsingSpeakBody
from worker.telnyx.calls.media import PlaybackStartBody, PlaybackStopBody, SendDtmfBody, SpeakBody
from worker.telnyx.calls.queueing import EnqueueBody, LeaveQueueBody
from worker.telnyx.calls.recording import RecordPauseBody, RecordResumeBody, RecordStartBody, RecordStopBody
from worker.telnyx.calls.results import Answered, Call
from worker.telnyx.wire import Wire


class Calls:
    """The resource. Every method raises what `TelnyxClient.ask` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def dial(self, body: DialBody) -> Call:
        """Call a number or a SIP URI; return the new leg, which does not ring yet."""
        return await self._wire.ask(o.DIAL, body=body)

    async def retrieve(self, call: str) -> Call:
        """Return a leg; Telnyx knows it until ten minutes after its end."""
        return await self._wire.ask(o.RETRIEVE, call)

    async def answer(self, call: str, body: AnswerBody | None = None) -> Answered:
        """Answer an incoming leg."""
        return await self._wire.ask(o.ANSWER, call, body=body or AnswerBody())

    async def reject(self, call: str, body: RejectBody) -> Result:
        """Turn an incoming leg away, unanswered."""
        return await self._wire.ask(o.REJECT, call, body=body)

    async def hangup(self, call: str, body: HangupBody | None = None) -> Result:
        """End a leg."""
        return await self._wire.ask(o.HANGUP, call, body=body or HangupBody())

    async def bridge(self, call: str, body: BridgeBody) -> Result:
        """Let two legs hear each other."""
        return await self._wire.ask(o.BRIDGE, call, body=body)

    async def transfer(self, call: str, body: TransferBody) -> Result:
        """Call somebody and bridge him with a leg; the new leg is told by `call.initiated` alone."""
        return await self._wire.ask(o.TRANSFER, call, body=body)

    async def refer(self, call: str, body: ReferBody) -> Result:
        """Tell the far end of a leg to call elsewhere."""
        return await self._wire.ask(o.REFER, call, body=body)

    async def speak(self, call: str, body: SpeakBody) -> Result:
        """Say a text to a leg."""
        return await self._wire.ask(o.SPEAK, call, body=body)

    async def playback_start(self, call: str, body: PlaybackStartBody | None = None) -> Result:
        """Play audio to a leg."""
        return await self._wire.ask(o.PLAYBACK_START, call, body=body or PlaybackStartBody())

    async def playback_stop(self, call: str, body: PlaybackStopBody | None = None) -> Result:
        """End what a leg hears."""
        return await self._wire.ask(o.PLAYBACK_STOP, call, body=body or PlaybackStopBody())

    async def gather(self, call: str, body: GatherBody | None = None) -> Result:
        """Await digits of a leg."""
        return await self._wire.ask(o.GATHER, call, body=body or GatherBody())

    async def gather_using_audio(self, call: str, body: GatherUsingAudioBody | None = None) -> Result:
        """Play audio that asks for digits."""
        return await self._wire.ask(o.GATHER_USING_AUDIO, call, body=body or GatherUsingAudioBody())

    async def gather_using_speak(self, call: str, body: GatherUsingSpeakBody) -> Result:
        """Say a text that asks for digits."""
        return await self._wire.ask(o.GATHER_USING_SPEAK, call, body=body)

    async def gather_stop(self, call: str, body: GatherStopBody | None = None) -> Result:
        """Await digits no longer."""
        return await self._wire.ask(o.GATHER_STOP, call, body=body or GatherStopBody())

    async def send_dtmf(self, call: str, body: SendDtmfBody) -> Result:
        """Send tones to a leg."""
        return await self._wire.ask(o.SEND_DTMF, call, body=body)

    async def record_start(self, call: str, body: RecordStartBody) -> Result:
        """Record a leg."""
        return await self._wire.ask(o.RECORD_START, call, body=body)

    async def record_stop(self, call: str, body: RecordStopBody | None = None) -> Result:
        """End a leg's recording."""
        return await self._wire.ask(o.RECORD_STOP, call, body=body or RecordStopBody())

    async def record_pause(self, call: str, body: RecordPauseBody | None = None) -> Result:
        """Pause a leg's recording."""
        return await self._wire.ask(o.RECORD_PAUSE, call, body=body or RecordPauseBody())

    async def record_resume(self, call: str, body: RecordResumeBody | None = None) -> Result:
        """Go on with a paused recording."""
        return await self._wire.ask(o.RECORD_RESUME, call, body=body or RecordResumeBody())

    async def client_state_update(self, call: str, body: ClientStateUpdateBody) -> Result:
        """Replace a leg's client_state, and do nothing else."""
        return await self._wire.ask(o.CLIENT_STATE_UPDATE, call, body=body)

    async def switch_supervisor_role(self, call: str, body: SwitchSupervisorRoleBody) -> Result:
        """Change what a supervising leg hears and is heard by."""
        return await self._wire.ask(o.SWITCH_SUPERVISOR_ROLE, call, body=body)

    async def leave_queue(self, call: str, body: LeaveQueueBody | None = None) -> Result:
        """Take a leg out of its queue; it stays parked."""
        return await self._wire.ask(o.LEAVE_QUEUE, call, body=body or LeaveQueueBody())

    async def enqueue(self, call: str, body: EnqueueBody) -> Result:
        """Put a leg at the end of a queue, which is made if there is none."""
        return await self._wire.ask(o.ENQUEUE, call, body=body)
