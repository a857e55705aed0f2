"""Who is in a conference is held, muted and supervised, all or some; only a read shows it, no webhook."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, told
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import (
    CreateBody,
    HoldBody,
    JoinBody,
    LeaveBody,
    MuteBody,
    UnholdBody,
    UnmuteBody,
    UpdateBody,
    UpdateParticipantBody,
)
from worker.telnyx.conferences.queries import ParticipantsQuery
from worker.telnyx.conferences.results import Participant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator


class Room:
    """A conference of a caller and an agent."""

    def __init__(self, still: Emulator, line: TelnyxClient) -> None:
        self.still = still
        self.line = line
        self.agent = answered(still)
        self.caller = answered(still)
        self.id = ""

    async def joins(self, leg: Leg, **fields: object) -> None:
        await self.line.conferences.join(self.id, JoinBody(call_control_id=leg.id, **fields))  # type: ignore[arg-type]

    async def supervisor(self, **fields: object) -> Leg:
        leg = answered(self.still)
        await self.joins(leg, **fields)
        return leg

    async def seen(self, leg: Leg) -> Participant:
        (found,) = [each for each in await self.all() if each.call_control_id == leg.id]
        return found

    async def all(self, query: ParticipantsQuery | None = None) -> list[Participant]:
        return [each async for each in self.line.conferences.participants(self.id, query)]

    async def only(self, **query: bool) -> set[str]:
        return {each.call_control_id for each in await self.all(ParticipantsQuery(**query))}  # type: ignore[arg-type]


@pytest.fixture
async def room(still: Emulator, line: TelnyxClient) -> Room:
    room = Room(still, line)
    room.id = (await line.conferences.create(CreateBody(call_control_id=room.agent.id, name="room"))).id
    await room.joins(room.caller)
    return room


async def test_a_participant_is_shown_with_its_ids_and_manners(room: Room, line: TelnyxClient) -> None:
    shown = await room.seen(room.caller)
    assert shown.conference is not None
    assert (shown.conference.id, shown.conference.name) == (room.id, "room")
    assert (shown.call_leg_id, shown.status) == (room.caller.leg_id, "joined")
    assert not (shown.muted or shown.on_hold or shown.end_conference_on_exit or shown.soft_end_conference_on_exit)
    alone = await line.conferences.participant(room.id, shown.id)
    assert (alone.id, alone.conference_id, alone.call_control_id) == (shown.id, room.id, room.caller.id)
    with refused(404, "10005"):
        await line.conferences.participant(room.id, room.caller.id)


async def test_all_or_some_are_held(room: Room, line: TelnyxClient, receiver: Receiver) -> None:
    await line.conferences.hold(room.id, HoldBody(call_control_ids=[room.caller.id]))
    assert await room.only(on_hold=True) == {room.caller.id}
    assert await room.only(on_hold=False) == {room.agent.id}
    await line.conferences.hold("room", HoldBody(call_control_ids=[]))
    assert await room.only(on_hold=True) == {room.caller.id, room.agent.id}
    await line.conferences.unhold("room", UnholdBody(call_control_ids=[room.caller.id]))
    assert await room.only(on_hold=True) == {room.agent.id}
    await room.still.delivery.settle()
    assert set(receiver.types()) == {
        "call.initiated", "call.answered", "conference.created", "conference.participant.joined",
    }  # fmt: skip


async def test_an_unhold_of_nobody_is_refused(room: Room, line: TelnyxClient) -> None:
    await line.conferences.hold(room.id)
    with refused(422, "10004", "/call_control_ids"):
        await line.conferences.unhold(room.id, UnholdBody(call_control_ids=[]))
    assert len(await room.only(on_hold=True)) == 2


async def test_who_waits_for_the_start_can_be_let_in_before(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    body = CreateBody(call_control_id=leg.id, name="waiting", start_conference_on_create=False)
    waiting = await line.conferences.create(body)
    await line.conferences.unhold(waiting.id, UnholdBody(call_control_ids=[leg.id]))
    (shown,) = [each async for each in line.conferences.participants(waiting.id)]
    assert not shown.on_hold


async def test_all_or_some_are_muted(room: Room, line: TelnyxClient) -> None:
    await line.conferences.mute(room.id)
    assert await room.only(muted=True) == {room.caller.id, room.agent.id}
    await line.conferences.unmute(room.id, UnmuteBody(call_control_ids=[room.agent.id]))
    assert (await room.only(muted=True), await room.only(muted=False)) == ({room.caller.id}, {room.agent.id})
    await line.conferences.unmute("room", UnmuteBody())
    assert await room.only(muted=True) == set()
    await line.conferences.mute("room", MuteBody(call_control_ids=[room.caller.id]))
    assert await room.only(muted=True, on_hold=False) == {room.caller.id}


async def test_nobody_is_muted_when_one_of_those_named_is_not_there(room: Room, line: TelnyxClient) -> None:
    stranger = answered(room.still)
    with refused(422, "10015", "/call_control_ids/1"):
        await line.conferences.mute(room.id, MuteBody(call_control_ids=[room.caller.id, stranger.id]))
    with refused(422, "90015", "/call_control_ids/0"):
        await line.conferences.mute(room.id, MuteBody(call_control_ids=["v3:nobody"]))
    room.still.world.hangup(stranger, cause="normal_clearing", source="caller")
    with refused(422, "90018"):
        await line.conferences.mute(room.id, MuteBody(call_control_ids=[stranger.id]))
    assert await room.only(muted=True) == set()


async def test_a_joiner_may_come_muted_and_held(room: Room) -> None:
    leg = await room.supervisor(mute=True, hold=True)
    assert await room.only(muted=True) == await room.only(on_hold=True) == {leg.id}


async def test_a_mute_outlasts_a_role_that_may_speak(room: Room, line: TelnyxClient) -> None:
    leg = await room.supervisor(mute=True, supervisor_role="none")
    assert (await room.seen(leg)).muted
    await line.conferences.update(room.id, UpdateBody(call_control_id=leg.id, supervisor_role="barge"))
    assert (await room.seen(leg)).muted


@pytest.mark.parametrize("role", ["barge", "none"])
async def test_barge_is_like_everybody_else(room: Room, role: str) -> None:
    shown = await room.seen(await room.supervisor(supervisor_role=role))
    assert (shown.muted, shown.whisper_call_control_ids) == (False, ())


async def test_a_monitor_is_muted_whatever_is_unmuted(room: Room, line: TelnyxClient) -> None:
    leg = await room.supervisor(supervisor_role="monitor")
    assert (await room.seen(leg)).muted
    await line.conferences.unmute(room.id)
    assert await room.only(muted=True) == {leg.id}


async def test_a_whisperer_is_heard_by_those_who_are_named(room: Room) -> None:
    leg = await room.supervisor(supervisor_role="whisper", whisper_call_control_ids=[room.agent.id])
    shown = await room.seen(leg)
    assert (shown.muted, shown.whisper_call_control_ids) == (False, (room.agent.id,))
    assert (await room.only(whispering=True), await room.only(whispering=False)) == (
        {leg.id},
        {room.agent.id, room.caller.id},
    )


async def test_a_whisperer_to_nobody_only_listens(room: Room) -> None:
    leg = await room.supervisor(supervisor_role="whisper")
    assert (await room.only(muted=True), await room.only(whispering=True)) == ({leg.id}, set())


async def test_there_may_be_several_supervisors_and_each_changes_its_role(room: Room, line: TelnyxClient) -> None:
    first = await room.supervisor(supervisor_role="monitor")
    second = await room.supervisor(supervisor_role="monitor")
    before = await room.seen(first)
    room.still.clock.advance(5)
    body = UpdateBody(
        call_control_id=first.id, supervisor_role="whisper", whisper_call_control_ids=[room.agent.id]
    )  # fmt: skip
    await line.conferences.update("room", body)
    assert (await room.seen(first)).updated_at != before.updated_at
    assert (await room.only(whispering=True), await room.only(muted=True)) == ({first.id}, {second.id})
    await line.conferences.update(room.id, UpdateBody(call_control_id=first.id, supervisor_role="barge"))
    shown = await room.seen(first)
    assert (shown.muted, shown.whisper_call_control_ids) == (False, ())
    with refused(422, "10015", "/call_control_id"):
        await line.conferences.update(
            room.id, UpdateBody(call_control_id=answered(room.still).id, supervisor_role="barge")
        )


async def test_what_a_participants_exit_does_can_be_changed(room: Room, line: TelnyxClient, receiver: Receiver) -> None:
    ident = (await room.seen(room.agent)).id
    changed = await line.conferences.update_participant(
        room.id, ident, UpdateParticipantBody(end_conference_on_exit=True)
    )
    assert (changed.end_conference_on_exit, changed.soft_end_conference_on_exit) == (True, False)
    await line.conferences.update_participant(room.id, ident, UpdateParticipantBody(soft_end_conference_on_exit=True))
    assert (await room.seen(room.agent)).end_conference_on_exit
    await line.conferences.leave(room.id, LeaveBody(call_control_id=room.agent.id))
    assert not room.caller.alive
    assert [each["reason"] for each in await told(room.still, receiver, "conference.ended")] == ["host_left"]
