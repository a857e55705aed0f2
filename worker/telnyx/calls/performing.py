"""The engine's commands to a call leg as requests of the calls' resource."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from worker.commands.client_state import ClientState, encode_client_state
from worker.commands.legs import Gather, LegCommand, Play, RecordLeg, RecordLegStop, Reject, Speak, StopSounds, Transfer
from worker.telnyx.calls.answering import RejectBody
from worker.telnyx.calls.dialling import TransferBody
from worker.telnyx.calls.gathering import GatherUsingAudioBody, GatherUsingSpeakBody
from worker.telnyx.calls.media import PlaybackStartBody, PlaybackStopBody, SpeakBody
from worker.telnyx.calls.recording import RecordStartBody, RecordStopBody
from worker.telnyx.calls.resource import Calls


async def perform(calls: Calls, command: LegCommand, key: str, epoch: int) -> None:
    """Ask for *command*, with the command_id *key*; *epoch* is the owner's, and rides in client_state.

    Raises:
        TelnyxError: It was not accepted, or nobody knows.
    """
    match command:
        case Reject(call=call, cause=cause):
            await calls.reject(call, RejectBody(cause=cause, command_id=key))
        case Speak(call=call):
            spoken = SpeakBody(
                payload=command.text,
                voice=command.voice,
                language=command.language,
                client_state=_state(command.client_state, epoch),
                stop="all" if command.stop else None,
                command_id=key,
            )
            await calls.speak(call, spoken)
        case Play(call=call):
            played = PlaybackStartBody(
                audio_url=command.audio,
                media_name=command.media,
                client_state=_state(command.client_state, epoch),
                loop="infinity" if command.endless else None,
                stop="all" if command.stop else None,
                command_id=key,
            )
            await calls.playback_start(call, played)
        case StopSounds(call=call):
            await calls.playback_stop(call, PlaybackStopBody(stop="all", command_id=key))
        case Gather():
            await _gather(calls, command, key, epoch)
        case Transfer(call=call, to=to, from_=from_, timeout_secs=secs, new_leg=state):
            mark = _state(state, epoch)
            sent_on = TransferBody(to=to, from_=from_, timeout_secs=secs, target_leg_client_state=mark, command_id=key)
            await calls.transfer(call, sent_on)
        case RecordLeg(call=call, max_secs=secs, silence_secs=silence, format=form):
            start = RecordStartBody(
                channels="single", format=form, max_length=secs, timeout_secs=silence, play_beep=True, command_id=key
            )
            await calls.record_start(call, start)
        case RecordLegStop(call=call):
            await calls.record_stop(call, RecordStopBody(command_id=key))
        case _:
            assert_never(command)


async def _gather(calls: Calls, command: Gather, key: str, epoch: int) -> None:
    mark, timeout_ms = _state(command.client_state, epoch), round(command.timeout_secs * 1000)
    if command.text is None:
        played = GatherUsingAudioBody(
            audio_url=command.audio,
            media_name=command.media,
            client_state=mark,
            maximum_digits=command.max_digits,
            maximum_tries=1,
            terminating_digit=command.terminating,
            timeout_millis=timeout_ms,
            command_id=key,
        )
        await calls.gather_using_audio(command.call, played)
        return
    spoken = GatherUsingSpeakBody(
        payload=command.text,
        voice=command.voice,
        language=command.language,
        client_state=mark,
        maximum_digits=command.max_digits,
        maximum_tries=1,
        terminating_digit=command.terminating,
        timeout_millis=timeout_ms,
        command_id=key,
    )
    await calls.gather_using_speak(command.call, spoken)


def _state(state: ClientState, epoch: int) -> str:
    return encode_client_state(replace(state, epoch=epoch))
