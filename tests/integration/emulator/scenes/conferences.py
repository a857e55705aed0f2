"""A scene for each operation of conferences."""

from __future__ import annotations

from tests.integration.emulator.scenes.stage import (
    AUDIO,
    VOICE,
    Stage,
    scene,
)


@scene
async def conferences_list(s: Stage) -> None:
    made = []
    for number in range(5):
        answer = await s.sdk.conferences.create(call_control_id=s.caller().id, name=f"room {number}")
        assert answer.data is not None
        made.append(answer.data.id)
    assert [each.id async for each in s.sdk.conferences.list(page_size=2)] == made[::-1]
    named = s.sdk.conferences.list(filter={"name": "room 3", "status": "in_progress"})
    assert [each.id async for each in named] == [made[3]]


@scene
async def conferences_create(s: Stage) -> None:
    answer = await s.sdk.conferences.create(
        call_control_id=s.caller().id, name="room", beep_enabled="always", max_participants=2, region="US"
    )
    assert answer.data is not None
    assert (answer.data.name, answer.data.status, answer.data.region) == ("room", "in_progress", "US")


@scene
async def conferences_participants(s: Stage) -> None:
    room, creator = await s.room()
    legs = [s.caller() for _ in range(3)]
    for leg in legs:
        await s.rooms.join(room, call_control_id=leg.id)
    await s.rooms.mute(room, call_control_ids=[legs[1].id])
    found = [each.call_control_id async for each in s.sdk.conferences.list_participants(room, page_size=2)]
    assert found == [creator.id, *(leg.id for leg in legs)]
    muted = s.sdk.conferences.list_participants(room, filter={"muted": True})
    assert [each.call_control_id async for each in muted] == [legs[1].id]


@scene
async def conferences_retrieve(s: Stage) -> None:
    room, _ = await s.room()
    answer = await s.sdk.conferences.retrieve(room)
    assert answer.data is not None
    assert (answer.data.id, answer.data.name) == (room, "room")


@scene
async def conferences_end(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.end_conference(room, command_id="k")
    answer = await s.sdk.conferences.retrieve(room)
    assert answer.data is not None
    assert (answer.data.status, answer.data.end_reason, leg.alive) == ("completed", "ended_via_api", False)


@scene
async def conferences_gather_using_audio(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.gather_dtmf_audio(room, call_control_id=leg.id, audio_url=AUDIO, maximum_digits=1)
    s.emulator.telephony.gathers.press(leg, "5")


@scene
async def conferences_hold(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.hold(room, call_control_ids=[leg.id], audio_url=AUDIO)
    assert s.manner(leg).on_hold is True


@scene
async def conferences_unhold(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.hold(room)
    await s.rooms.unhold(room, call_control_ids=[leg.id])
    assert s.manner(leg).on_hold is False


@scene
async def conferences_mute(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.mute(room, call_control_ids=[leg.id])
    assert s.manner(leg).muted is True


@scene
async def conferences_unmute(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.mute(room)
    await s.rooms.unmute(room)
    assert s.manner(leg).muted is False


@scene
async def conferences_join(s: Stage) -> None:
    room, creator = await s.room()
    leg = s.caller()
    await s.rooms.join(
        "room", call_control_id=leg.id, supervisor_role="whisper", whisper_call_control_ids=[creator.id], hold=True
    )
    assert leg.conference == room
    assert s.manner(leg).whispers_to == (creator.id,)


@scene
async def conferences_leave(s: Stage) -> None:
    room, _ = await s.room()
    leg = s.caller()
    await s.rooms.join(room, call_control_id=leg.id)
    await s.rooms.leave(room, call_control_id=leg.id)
    assert (leg.conference, leg.alive) == (None, True)


@scene
async def conferences_play(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.play(room, audio_url=AUDIO, call_control_ids=[leg.id], loop=2)


@scene
async def conferences_stop(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.play(room, audio_url=AUDIO, loop="infinity")
    await s.rooms.stop(room)


@scene
async def conferences_speak(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.speak(room, payload="Hello", voice=VOICE, voice_settings={"type": "telnyx", "voice_speed": 1.2})


@scene
async def conferences_send_dtmf(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.send_dtmf(room, digits="1", call_control_ids=[leg.id])
    assert leg.tones == "1"


@scene
async def conferences_record_start(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.record_start(room, format="wav", channels="dual", trim="trim-silence")
    assert [each.conference for each in s.emulator.telephony.recordings.all] == [room]


@scene
async def conferences_record_stop(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.record_start(room, format="wav")
    await s.rooms.record_stop(room, recording_id=s.emulator.telephony.recordings.all[0].id)
    assert s.emulator.telephony.recordings.all[0].ended_at


@scene
async def conferences_record_pause(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.record_start(room, format="wav")
    await s.rooms.record_pause(room)
    assert s.emulator.telephony.recordings.all[0].paused


@scene
async def conferences_record_resume(s: Stage) -> None:
    room, _ = await s.room()
    await s.rooms.record_start(room, format="wav")
    await s.rooms.record_pause(room)
    await s.rooms.record_resume(room)
    assert not s.emulator.telephony.recordings.all[0].paused


@scene
async def conferences_update(s: Stage) -> None:
    room, leg = await s.room()
    await s.rooms.update(room, call_control_id=leg.id, supervisor_role="monitor")
    assert s.manner(leg).role == "monitor"


@scene
async def conferences_participant(s: Stage) -> None:
    room, leg = await s.room()
    (listed,) = [each async for each in s.sdk.conferences.list_participants(room)]
    answer = await s.sdk.conferences.retrieve_participant(listed.id, id=room)
    assert answer.data is not None
    assert (answer.data.call_control_id, answer.data.conference_id) == (leg.id, room)


@scene
async def conferences_update_participant(s: Stage) -> None:
    room, leg = await s.room()
    (listed,) = [each async for each in s.sdk.conferences.list_participants(room)]
    answer = await s.sdk.conferences.update_participant(listed.id, id=room, end_conference_on_exit=True)
    assert answer.data is not None
    assert answer.data.end_conference_on_exit is True
    s.emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    ended = await s.sdk.conferences.retrieve(room)
    assert ended.data is not None
    assert ended.data.end_reason == "host_left"
