"""Telnyx's own SDK drives every operation of the emulator, and takes every webhook that it sends."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from telnyx import AsyncTelnyx, Telnyx

from tests.integration.conftest import Receiver
from worker.telnyx.surface import OPERATIONS
from worker.testing.emulator.conferences import Manner
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

NUMBER, OTHER = "+13125550131", "+13125550100"
CONNECTION = "1494404757140276705"
VOICE = "AWS.Polly.Joanna"
AUDIO = "https://example.com/a.mp3"
STATE = base64.b64encode(b"state").decode()


class Stage:
    """The SDK, and somebody on the phone."""

    def __init__(self, sdk: AsyncTelnyx, emulator: Emulator) -> None:
        self.sdk = sdk
        self.actions = sdk.calls.actions
        self.rooms = sdk.conferences.actions
        self.emulator = emulator

    def rings(self) -> Leg:
        return self.emulator.actors.ring(OTHER, NUMBER, patience_secs=600, talk_secs=600)

    def caller(self) -> Leg:
        leg = self.rings()
        self.emulator.world.answer(leg)
        return leg

    async def room(self, leg: Leg | None = None) -> tuple[str, Leg]:
        leg = leg or self.caller()
        answer = await self.sdk.conferences.create(call_control_id=leg.id, name="room")
        assert answer.data is not None
        return answer.data.id, leg

    async def queued(self) -> Leg:
        leg = self.caller()
        await self.actions.enqueue(leg.id, queue_name="sales / north")
        return leg

    def manner(self, leg: Leg) -> Manner:
        conference = self.emulator.telephony.conferences.by_id[leg.conference or ""]
        participant = conference.participant(leg.id)
        assert participant is not None
        return participant.manner


QUEUE = "sales / north"
Scene = Callable[[Stage], Awaitable[None]]
SCENES: dict[str, Scene] = {}


def scene(action: Scene) -> Scene:
    """Note what shows that an operation works: `calls_record_start` is `calls record_start`."""
    SCENES[action.__name__.replace("_", " ", 1)] = action
    return action


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


@scene
async def queues_list(s: Stage) -> None:
    names = [f"q{number}" for number in range(5)]
    for name in names:
        await s.sdk.queues.create(queue_name=name)
    assert [each.name async for each in s.sdk.queues.list(page_size=2)] == names


@scene
async def queues_create(s: Stage) -> None:
    answer = await s.sdk.queues.create(queue_name=QUEUE)
    assert answer.data is not None
    assert (answer.data.name, answer.data.max_size, answer.data.current_size) == (QUEUE, 300, 0)


@scene
async def queues_retrieve(s: Stage) -> None:
    await s.queued()
    answer = await s.sdk.queues.retrieve(QUEUE)
    assert answer.data is not None
    assert (answer.data.current_size, answer.data.max_size) == (1, 100)


@scene
async def queues_update(s: Stage) -> None:
    await s.sdk.queues.create(queue_name=QUEUE)
    answer = await s.sdk.queues.update(QUEUE, max_size=7)
    assert answer.data is not None
    assert answer.data.max_size == 7


@scene
async def queues_delete(s: Stage) -> None:
    await s.sdk.queues.create(queue_name=QUEUE)
    await s.sdk.queues.delete(QUEUE)
    assert s.emulator.telephony.queues.by_name == {}


@scene
async def queues_calls(s: Stage) -> None:
    legs = [await s.queued() for _ in range(5)]
    found = [each async for each in s.sdk.queues.calls.list(QUEUE, page_size=2)]
    assert [each.call_control_id for each in found] == [leg.id for leg in legs]
    assert [each.queue_position for each in found] == [1, 2, 3, 4, 5]


@scene
async def queues_call(s: Stage) -> None:
    leg = await s.queued()
    answer = await s.sdk.queues.calls.retrieve(leg.id, queue_name=QUEUE)
    assert answer.data is not None
    assert (answer.data.queue_position, answer.data.is_alive) == (1, True)


@scene
async def queues_update_call(s: Stage) -> None:
    leg = await s.queued()
    await s.sdk.queues.calls.update(leg.id, queue_name=QUEUE, keep_after_hangup=True)
    s.emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    answer = await s.sdk.queues.calls.retrieve(leg.id, queue_name=QUEUE)
    assert answer.data is not None
    assert answer.data.is_alive is False


@scene
async def queues_remove_call(s: Stage) -> None:
    leg = await s.queued()
    await s.sdk.queues.calls.update(leg.id, queue_name=QUEUE, keep_after_hangup=True)
    s.emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    await s.sdk.queues.calls.remove(leg.id, queue_name=QUEUE)
    assert s.emulator.telephony.queues.by_name[QUEUE].entries == []


@pytest.fixture
async def stage(emulator: Emulator) -> AsyncIterator[Stage]:
    async with AsyncTelnyx(api_key="KEYtest", base_url=emulator.api_base, max_retries=0) as sdk:
        yield Stage(sdk, emulator)


@pytest.mark.parametrize("operation", [operation.name for operation in OPERATIONS])
async def test_the_sdk_drives_each_operation(stage: Stage, operation: str) -> None:
    await SCENES[operation](stage)
    done = {name for (name, status), count in stage.emulator.api.requests.items() if status in (200, 204) and count}
    assert operation in done
    assert {status for _, status in stage.emulator.api.requests} <= {200, 204}


def clear(emulator: Emulator) -> None:
    """End everything, let what follows from it happen, and forget it."""
    telephony = emulator.telephony
    emulator.clock.advance(10)
    for leg in list(emulator.world.legs.values()):
        emulator.world.hangup(leg, cause="normal_clearing", source="caller")
    emulator.clock.advance(10)
    for things in (emulator.world.legs, telephony.queues.by_name, telephony.conferences.by_id):
        things.clear()
    telephony.recordings.all.clear()


async def test_the_sdk_takes_every_webhook_of_every_operation(stage: Stage, receiver: Receiver) -> None:
    for operation in OPERATIONS:
        await SCENES[operation.name](stage)
        clear(stage.emulator)
    await stage.emulator.delivery.settle()
    unwrap = Telnyx(api_key="x", public_key=stage.emulator.public_key).webhooks.unwrap
    unwrapped = {type(unwrap(body.decode(), headers=headers)).__name__ for headers, body in receiver.requests}
    assert len(receiver.requests) > 100
    assert {"CallInitiatedWebhookEvent", "ConferenceRecordingSavedWebhookEvent"} <= unwrapped
    assert {str(kind) for kind in receiver.types()} >= SENT


#: What the scenes above lead to; the others of the 39 have tests of their own.
SENT = {
    "call.initiated", "call.answered", "call.hangup", "call.bridged", "call.enqueued", "call.dequeued",
    "call.speak.started", "call.speak.ended", "call.playback.started", "call.playback.ended", "call.gather.ended",
    "call.recording.saved", "call.refer.started", "call.dtmf.received",
    "conference.created", "conference.ended", "conference.participant.joined", "conference.participant.left",
    "conference.recording.saved", "conference.speak.started", "conference.speak.ended",
    "conference.playback.started", "conference.playback.ended", "conference.participant.playback.started",
    "conference.participant.playback.ended",
}  # fmt: skip
