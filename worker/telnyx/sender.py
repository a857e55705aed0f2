"""Carries one command out: sends it, repeats it where its class allows, and says what became of it. Never raises for
what Telnyx or the network does.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from typing import assert_never

from msgspec.structs import replace

from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events.outcomes import (
    CallSeen,
    ConferenceSeen,
    Disposition,
    Observed,
    Outcome,
    ParticipantsSeen,
    Queued,
    QueueSeen,
    Refused,
    Seen,
    StatusSeen,
    Succeeded,
    Unknown,
)
from worker.telnyx.calls.answering import AnswerBody, HangupBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.performing import perform
from worker.telnyx.calls.queueing import LeaveQueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.telnyx.conferences.performing import change
from worker.telnyx.conferences.queries import ConferencesQuery
from worker.telnyx.errors import ApiError, Meaning, TelnyxError, meaning_of
from worker.telnyx.gate import Gate
from worker.telnyx.operation import RESEND_WITHIN_SECS, OperationClass
from worker.telnyx.operations import already_so, class_of
from worker.telnyx.queues.entering import enter
from worker.telnyx.queues.performing import look_after
from worker.telnyx.tries import Fence, Tries

#: One command is tried for so long. Callers wait meanwhile, so it is short; reads and timers carry on from there.
TRY_SECS = 20.0
_PERHAPS_DONE = "an earlier try, which Telnyx may have forgotten, may have had its effect"

_DISPOSITIONS: dict[Meaning, Disposition] = {
    Meaning.RETRY: "wait",
    Meaning.WAIT: "wait",
    Meaning.GONE: "gone",
    Meaning.OVERFLOW: "overflow",
    Meaning.STOP: "stop",
}


class Sender:
    """Sends the commands of one tenant."""

    def __init__(
        self,
        client: TelnyxClient,
        *,
        try_secs: float = TRY_SECS,
        jitter: random.Random | None = None,
        gate: Gate | None = None,
    ) -> None:
        """Send by *client*, each command for *try_secs*, of which its waiting at the *gate* is part."""
        self._client = client
        self._gate = gate
        self._try_secs = try_secs
        self._jitter = jitter or random.Random()

    async def send(
        self,
        command: c.AnyCommand,
        command_id: str,
        *,
        epoch: int,
        first_tried_secs_ago: float,
        fence: Fence = lambda: None,
    ) -> Outcome | Observed:
        """Carry *command* out and return its end.

        Args:
            command: What to do.
            command_id: The key that Telnyx knows it by for 60 s.
            epoch: The owner's; it rides in client_state.
            first_tried_secs_ago: Since when it may have been sent already, seconds; 0 for a new one.
            fence: Called before each request; it raises when nothing may be sent any more.
        """
        tries = Tries(self._gate, fence, for_secs=self._try_secs, jitter=self._jitter)
        match command:
            case c.ReadCall() | c.ReadParticipants() | c.FindConference() | c.ReadConference() | c.ReadQueue():
                return await self._observe(command, command_id, tries)
            case _:
                perform = partial(self._perform, command, command_id, epoch)
                return Outcome(command_id, command, await self._act(command, perform, first_tried_secs_ago, tries))

    async def _observe(self, command: c.Read, command_id: str, tries: Tries) -> Outcome | Observed:
        result = await tries.read(partial(self._read, command))
        if isinstance(result, TelnyxError):
            return Outcome(command_id, command, _end_of(command, result))
        return Observed(command_id, command, result)

    async def _act(
        self, command: c.AnyCommand, perform: Callable[[], Awaitable[Succeeded]], age_secs: float, tries: Tries
    ) -> Succeeded | Refused | Unknown:
        within_secs = inf
        kind = class_of(command)
        if kind is OperationClass.ONCE and age_secs > 0:
            return Unknown(_PERHAPS_DONE)
        if kind is OperationClass.KEYED:
            if age_secs > RESEND_WITHIN_SECS:
                known = await self._reconcile(command, tries)
                if known is not None:
                    return known
                age_secs = 0.0
            # Telnyx must get every repetition while it still knows the key.
            within_secs = RESEND_WITHIN_SECS - age_secs
        lost: list[TelnyxError] = []
        result = await tries.act(perform, kind, within_secs=within_secs, lost=lost)
        if not isinstance(result, TelnyxError):
            return result
        end = _end_of(command, result)
        if isinstance(end, Refused) and (
            (lost and end.disposition in ("fatal", "stop")) or (age_secs > 0 and end.disposition == "fatal")
        ):
            # What Telnyx answers to a known command_id is not documented: this may be it, and the effect be there, of
            # a try whose answer was lost or of an owner that died.
            # And an account that is refused now was perhaps not when the answer was lost.
            known = await self._reconcile(command, tries)
            # That a leg is alive does not tell whether it is answered.
            return Unknown(_PERHAPS_DONE) if known is None and isinstance(command, c.Answer) else known or end
        return end

    async def _reconcile(self, command: c.AnyCommand, tries: Tries) -> Succeeded | Refused | Unknown | None:
        """Say what became of a command that Telnyx has forgotten the key of; None: it had no effect, send it anew."""
        match command:
            case c.JoinConference(conference=conference, call=call):
                seen = await tries.read(partial(self._read, c.ReadParticipants(conference)))
                if isinstance(seen, ParticipantsSeen):
                    return Succeeded(already="read") if call in seen.calls else None
            case c.Enqueue(queue=queue, call=call):
                found = await tries.read(partial(self._in_queue, queue, call))
                if isinstance(found, bool):
                    return Succeeded(already="read") if found else None
            case c.Answer(call=call):
                alive = await tries.read(partial(self._read, c.ReadCall(call)))
                if isinstance(alive, CallSeen):
                    return None if alive.alive else Refused(422, "90018", "the leg has ended", "gone")
            case _:
                pass
        return Unknown(_PERHAPS_DONE)

    async def _perform(self, command: c.AnyCommand, key: str, epoch: int) -> Succeeded:
        calls, conferences = self._client.calls, self._client.conferences
        match command:
            case c.Answer(call=call):
                await calls.answer(call, AnswerBody(command_id=key))
            case c.Enqueue():
                await enter(self._client, command, key)
            case c.LeaveQueue(call=call):
                await calls.leave_queue(call, LeaveQueueBody(command_id=key))
            case c.Hangup(call=call):
                await calls.hangup(call, HangupBody(command_id=key))
            case c.Dial():
                return Succeeded(call=(await calls.dial(_dialling(command, key, epoch))).call_control_id)
            case c.CreateConference(name=name, call=call, client_state=state):
                mark = _state(state, epoch)
                room = CreateBody(call_control_id=call, name=name, client_state=mark, command_id=key)
                return Succeeded(conference=(await conferences.create(room)).id)
            case (
                c.Reject() | c.Speak() | c.Play() | c.StopSounds() | c.Gather() | c.Transfer() | c.RecordLeg()
                | c.RecordLegStop()
            ):  # fmt: skip
                await perform(calls, command, key, epoch)
            case c.CreateQueue() | c.DeleteQueue() | c.KeepEntry() | c.RemoveEntry():
                await look_after(self._client.queues, command)
            case c.ReadCall() | c.ReadParticipants() | c.FindConference() | c.ReadConference() | c.ReadQueue():
                raise TypeError(f"{command} is a read")
            case _:
                await change(conferences, command, key)
        return Succeeded()

    async def _read(self, command: c.Read) -> Seen:
        try:
            match command:
                case c.ReadCall(call=call):
                    return CallSeen((await self._client.calls.retrieve(call)).is_alive)
                case c.ReadParticipants(conference=conference):
                    inside = [each async for each in self._client.conferences.participants(conference)]
                    return ParticipantsSeen(
                        tuple(p.call_control_id for p in inside),
                        held=tuple(p.call_control_id for p in inside if p.on_hold),
                        muted=tuple(p.call_control_id for p in inside if p.muted),
                    )
                case c.FindConference(name=name):
                    found = self._client.conferences.list(ConferencesQuery(name=name, status="in_progress"))
                    ids = [conference.id async for conference in found]
                    return ConferenceSeen(ids[0] if ids else None)
                case c.ReadConference(conference=conference):
                    return StatusSeen((await self._client.conferences.retrieve(conference)).status == "completed")
                case c.ReadQueue(queue=queue, connection_id=connection):
                    entries = [entry async for entry in self._client.queues.calls(queue)]
                    ours = (e for e in entries if e.is_alive and e.connection_id == connection)
                    return QueueSeen(tuple(Queued(e.call_control_id, e.from_, e.to) for e in ours))
                case _:
                    assert_never(command)
        except ApiError as exc:
            # A 404 that bears no code is a gateway's, and says nothing about legs and conferences.
            if meaning_of(exc.status, exc.code) is not Meaning.GONE or not exc.code:
                raise
            return _nothing(command)

    async def _in_queue(self, queue: str, call: str) -> bool:
        try:
            await self._client.queues.call(queue, call)
        except ApiError as exc:
            if meaning_of(exc.status, exc.code) is not Meaning.GONE:
                raise
            return False
        return True


def _nothing(command: c.Read) -> Seen:
    """Return what a read of something that Telnyx does not know (any more) shows."""
    match command:
        case c.ReadCall():
            return CallSeen(alive=False)
        case c.ReadParticipants():
            return ParticipantsSeen(())
        case c.FindConference():
            return ConferenceSeen(None)
        case c.ReadConference():
            return StatusSeen(ended=True)
        case c.ReadQueue():
            return QueueSeen(())
        case _:
            assert_never(command)


def _end_of(command: c.AnyCommand, error: TelnyxError) -> Succeeded | Refused | Unknown:
    """Return what the last error of a command amounts to."""
    if not isinstance(error, ApiError):
        return Unknown(str(error))
    if already_so(command, error.code):
        return Succeeded(already=error.code)
    if error.status >= 500:
        return Unknown(str(error))
    meaning = meaning_of(error.status, error.code)
    if meaning is Meaning.GONE and class_of(command) is OperationClass.DELETE_LIKE:
        return Succeeded(already=error.code or str(error.status))
    disposition = _DISPOSITIONS.get(meaning, "fatal")
    return Refused(error.status, error.code, error.detail or error.title, disposition)


def _dialling(command: c.Dial, key: str, epoch: int) -> DialBody:
    return DialBody(
        to=command.to,
        from_=command.from_,
        connection_id=command.connection_id,
        timeout_secs=command.timeout_secs,
        client_state=_state(command.client_state, epoch),
        from_display_name=command.shown or None,
        answering_machine_detection="detect" if command.detect_machine else None,
        command_id=key,
    )


def _state(state: ClientState, epoch: int) -> str:
    return encode_client_state(replace(state, epoch=epoch))
