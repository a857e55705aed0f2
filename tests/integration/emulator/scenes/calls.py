"""A scene for each operation of calls."""

from __future__ import annotations

from tests.integration.emulator.scenes.stage import (
    AUDIO,
    CONNECTION,
    OTHER,
    QUEUE,
    STATE,
    VOICE,
    Stage,
    scene,
)


@scene
async def calls_dial(s: Stage) -> None:
    answer = await s.sdk.calls.dial(connection_id=CONNECTION, from_=OTHER, to="sip:a@b.c", client_state=STATE)
    assert answer.data is not None
    assert (answer.data.is_alive, answer.data.client_state) == (False, STATE)
    assert not s.emulator.world.legs[answer.data.call_control_id].incoming


@scene
async def calls_retrieve(s: Stage) -> None:
    leg = s.caller()
    answer = await s.sdk.calls.retrieve_status(leg.id)
    assert answer.data is not None
    assert (answer.data.call_leg_id, answer.data.is_alive) == (leg.leg_id, True)


@scene
async def calls_answer(s: Stage) -> None:
    leg = s.rings()
    await s.actions.answer(leg.id, client_state=STATE)
    assert leg.answered_at
    assert leg.client_state == STATE


@scene
async def calls_reject(s: Stage) -> None:
    leg = s.rings()
    await s.actions.reject(leg.id, cause="USER_BUSY")
    assert leg.cause == "user_busy"


@scene
async def calls_hangup(s: Stage) -> None:
    leg = s.caller()
    await s.actions.hangup(leg.id)
    assert not leg.alive


@scene
async def calls_bridge(s: Stage) -> None:
    leg, other = s.caller(), s.caller()
    await s.actions.bridge(leg.id, call_control_id_to_bridge_with=other.id)
    assert (leg.peer, other.peer) == (other.id, leg.id)


@scene
async def calls_transfer(s: Stage) -> None:
    leg = s.caller()
    await s.actions.transfer(leg.id, to="+13125550199")
    assert [each.to for each in s.emulator.world.legs.values() if not each.incoming] == ["+13125550199"]


@scene
async def calls_refer(s: Stage) -> None:
    answer = await s.actions.refer(s.caller().id, sip_address="sip:else@where.com")
    assert answer.data is not None
    assert answer.data.result == "ok"


@scene
async def calls_speak(s: Stage) -> None:
    leg = s.caller()
    await s.actions.speak(leg.id, payload="Hello " * 100, voice=VOICE)
    assert s.emulator.telephony.audio.leg(leg).plays


@scene
async def calls_playback_start(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_playback(leg.id, audio_url=AUDIO, loop="infinity")
    assert s.emulator.telephony.audio.leg(leg).plays


@scene
async def calls_playback_stop(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_playback(leg.id, audio_url=AUDIO, loop="infinity")
    await s.actions.stop_playback(leg.id)
    assert not s.emulator.telephony.audio.leg(leg).plays


@scene
async def calls_gather(s: Stage) -> None:
    await s.actions.gather(s.caller().id, maximum_digits=2)


@scene
async def calls_gather_using_audio(s: Stage) -> None:
    await s.actions.gather_using_audio(s.caller().id, audio_url=AUDIO)


@scene
async def calls_gather_using_speak(s: Stage) -> None:
    await s.actions.gather_using_speak(s.caller().id, payload="Your number?", voice=VOICE)


@scene
async def calls_gather_stop(s: Stage) -> None:
    leg = s.caller()
    await s.actions.gather(leg.id)
    await s.actions.stop_gather(leg.id)


@scene
async def calls_send_dtmf(s: Stage) -> None:
    leg = s.caller()
    await s.actions.send_dtmf(leg.id, digits="12w#")
    assert leg.tones == "12w#"


@scene
async def calls_record_start(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_recording(leg.id, channels="single", format="mp3")
    assert [each.leg for each in s.emulator.telephony.recordings.all] == [leg.id]


@scene
async def calls_record_stop(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_recording(leg.id, channels="single", format="mp3")
    await s.actions.stop_recording(leg.id)
    assert s.emulator.telephony.recordings.all[0].ended_at


@scene
async def calls_record_pause(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_recording(leg.id, channels="single", format="mp3")
    await s.actions.pause_recording(leg.id)
    assert s.emulator.telephony.recordings.all[0].paused


@scene
async def calls_record_resume(s: Stage) -> None:
    leg = s.caller()
    await s.actions.start_recording(leg.id, channels="single", format="mp3")
    await s.actions.pause_recording(leg.id)
    await s.actions.resume_recording(leg.id)
    assert not s.emulator.telephony.recordings.all[0].paused


@scene
async def calls_client_state_update(s: Stage) -> None:
    leg = s.caller()
    await s.actions.update_client_state(leg.id, client_state=STATE)
    assert leg.client_state == STATE


@scene
async def calls_switch_supervisor_role(s: Stage) -> None:
    answer = await s.sdk.calls.dial(
        connection_id=CONNECTION, from_=OTHER, to="sip:boss@b.c", supervise_call_control_id=s.caller().id
    )
    assert answer.data is not None
    boss = s.emulator.world.legs[answer.data.call_control_id]
    s.emulator.world.answer(boss)
    await s.actions.switch_supervisor_role(boss.id, role="whisper")
    assert boss.supervisor_role == "whisper"


@scene
async def calls_leave_queue(s: Stage) -> None:
    leg = await s.queued()
    await s.actions.leave_queue(leg.id, client_state=STATE, command_id="k")
    assert (leg.queue, leg.alive, leg.client_state) == (None, True, STATE)


@scene
async def calls_enqueue(s: Stage) -> None:
    leg = s.caller()
    await s.actions.enqueue(leg.id, queue_name=QUEUE, max_size=3, max_wait_time_secs=60, keep_after_hangup=True)
    assert leg.queue == QUEUE
