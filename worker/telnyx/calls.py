"""Call legs: dial, answer, speak, enqueue, hang up."""

from __future__ import annotations

from worker.telnyx.models import AnswerBody, Call, DialBody, EnqueueBody, One, Result, SpeakBody
from worker.telnyx.wire import Wire, segment


class Calls:
    """The `/calls` resource. Every method raises what `TelnyxClient.request` raises."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def dial(self, body: DialBody) -> Call:
        """Call a number or a SIP URI; return the new leg, which does not ring yet."""
        return (await self._wire.post("/calls", body, One[Call])).data

    async def retrieve(self, call: str) -> Call:
        """Return a leg; Telnyx knows it until ten minutes after its end."""
        return (await self._wire.get(f"/calls/{segment(call)}", One[Call])).data

    async def answer(self, call: str, body: AnswerBody) -> None:
        """Answer an incoming leg."""
        await self._wire.post(f"/calls/{segment(call)}/actions/answer", body, One[Result])

    async def speak(self, call: str, body: SpeakBody) -> None:
        """Say a text to a leg."""
        await self._wire.post(f"/calls/{segment(call)}/actions/speak", body, One[Result])

    async def enqueue(self, call: str, body: EnqueueBody) -> None:
        """Put a leg at the end of a queue, which is made if there is none."""
        await self._wire.post(f"/calls/{segment(call)}/actions/enqueue", body, One[Result])

    async def leave_queue(self, call: str, body: AnswerBody) -> None:
        """Take a leg out of its queue; it stays parked."""
        await self._wire.post(f"/calls/{segment(call)}/actions/leave_queue", body, One[Result])

    async def hangup(self, call: str, body: AnswerBody) -> None:
        """End a leg."""
        await self._wire.post(f"/calls/{segment(call)}/actions/hangup", body, One[Result])
