"""Conferences begin, fill, and end as Telnyx says."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, ringing, told
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences import operations as o
from worker.telnyx.conferences.bodies import CreateBody, HoldBody, JoinBody, LeaveBody, UpdateParticipantBody
from worker.telnyx.conferences.media import GatherUsingAudioBody, SendDtmfBody
from worker.telnyx.conferences.queries import ConferenceQuery, ConferencesQuery, ParticipantsQuery
from worker.telnyx.conferences.results import Conference
from worker.telnyx.errors import NotFoundError
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Unconfirmed

LEG_FIELDS = {"call_control_id", "call_leg_id", "call_session_id", "client_state", "conference_id", "connection_id"}


async def create(line: TelnyxClient, leg: Leg, name: str = "room", **fields: object) -> Conference:
    return await line.conferences.create(CreateBody(call_control_id=leg.id, name=name, **fields))  # type: ignore[arg-type]


async def join(line: TelnyxClient, room: str, leg: Leg, **fields: object) -> None:
    await line.conferences.join(room, JoinBody(call_control_id=leg.id, **fields))  # type: ignore[arg-type]


async def leave(line: TelnyxClient, room: str, leg: Leg) -> None:
    await line.conferences.leave(room, LeaveBody(call_control_id=leg.id))


async def held(line: TelnyxClient, room: str) -> dict[str, bool]:
    return {each.call_control_id: each.on_hold async for each in line.conferences.participants(room)}


async def test_the_creator_is_in_it_and_its_state_comes_with_the_conferences_webhooks(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg, other = answered(still), answered(still)
    room = await create(line, leg, client_state="cm9vbQ==")
    await join(line, room.id, other, client_state="b3RoZXI=")
    assert (room.status, room.name, room.region, room.end_reason) == ("in_progress", "room", "US", None)
    (created,) = await told(still, receiver, "conference.created")
    joined = await told(still, receiver, "conference.participant.joined")
    assert set(created) == LEG_FIELDS | {"occurred_at"}
    assert all(set(each) == LEG_FIELDS for each in joined)
    assert {each["call_control_id"] for each in joined} == {leg.id, other.id}
    assert {each["client_state"] for each in (created, *joined)} == {"cm9vbQ=="}
    assert (leg.client_state, other.client_state) == ("cm9vbQ==", "b3RoZXI=")


@pytest.mark.parametrize("unsaid", [Unconfirmed(participant_state="participant")])
async def test_a_participants_webhooks_may_bear_its_own_state(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    room = await create(line, answered(still), client_state="cm9vbQ==")
    await join(line, room.id, answered(still), client_state="b3RoZXI=")
    joined = await told(still, receiver, "conference.participant.joined")
    assert sorted(str(each["client_state"]) for each in joined) == ["b3RoZXI=", "cm9vbQ=="]


async def test_a_name_is_taken_while_its_conference_is_active(still: Emulator, line: TelnyxClient) -> None:
    leg, other = answered(still), answered(still)
    first = await create(line, leg)
    with refused(422, "90033"):
        await create(line, other)
    assert (await create(line, other, "Room")).id != first.id
    await leave(line, first.id, leg)
    assert (await create(line, leg)).id != first.id


async def test_who_enters_and_speaks_has_the_floor_and_that_comes_unwrapped(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    still.world.settings = msgspec.structs.replace(still.world.settings, floor_change_rate=1.0)
    room, speaker = await create(line, answered(still), client_state="cm9vbQ=="), answered(still)
    await join(line, room.id, speaker)
    (floor,) = await told(still, receiver, "conference.floor.changed")
    assert set(floor) == LEG_FIELDS | {"occurred_at"}
    assert floor["call_control_id"] == speaker.id
    (body,) = [each for each in receiver.bodies if "data" not in each]
    assert set(body) == {"record_type", "event_type", "id", "payload"}


async def test_an_unanswered_leg_is_refused(still: Emulator, line: TelnyxClient) -> None:
    with refused(422, "90034"):
        await create(line, ringing(still))
    room = await create(line, answered(still))
    with refused(422, "90034"):
        await join(line, room.id, ringing(still))


async def test_joiners_are_held_until_somebody_comes_who_starts_it(still: Emulator, line: TelnyxClient) -> None:
    early, late, held_anyway, host = (answered(still) for _ in range(4))
    room = await create(line, early, start_conference_on_create=False)
    await join(line, room.id, late)
    await join(line, room.id, held_anyway, hold=True)
    assert (await line.conferences.retrieve(room.id)).status == "init"
    assert set((await held(line, room.id)).values()) == {True}
    still.clock.advance(5)
    await join(line, room.id, host, start_conference_on_enter=True)
    begun = await line.conferences.retrieve(room.id)
    assert (begun.status, begun.updated_at != begun.created_at) == ("in_progress", True)
    assert await held(line, room.id) == {early.id: False, late.id: False, held_anyway.id: True, host.id: False}


async def test_a_leg_cannot_join_twice_nor_leave_where_it_is_not(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg, other = answered(still), answered(still)
    room = await create(line, leg)
    with refused(422, "90044"):
        await join(line, room.name, leg)
    with refused(422, "10015", "/call_control_id"):
        await leave(line, room.id, other)
    await join(line, room.name, other)
    await leave(line, room.name, other)
    assert (other.alive, other.conference) == (True, None)
    (left,) = await told(still, receiver, "conference.participant.left")
    assert (set(left), left["call_control_id"]) == (LEG_FIELDS, other.id)


async def test_it_holds_as_many_as_it_is_made_for(still: Emulator, line: TelnyxClient) -> None:
    room = await create(line, answered(still), max_participants=2)
    second, third = answered(still), answered(still)
    await join(line, room.id, second)
    with refused(422, "90032"):
        await join(line, room.id, third)
    await leave(line, room.id, second)
    await join(line, room.id, third)


@pytest.mark.parametrize(("minutes", "secs"), [(None, 4 * 3600), (30, 1800), (500, 4 * 3600)])
async def test_it_ends_when_its_time_is_over(
    still: Emulator, line: TelnyxClient, receiver: Receiver, minutes: int | None, secs: int
) -> None:
    leg = answered(still)
    room = await create(line, leg, duration_minutes=minutes)
    still.clock.advance(secs - 1)
    assert (await line.conferences.retrieve(room.id)).status == "in_progress"
    still.clock.advance(1)
    over = await line.conferences.retrieve(room.id)
    assert (over.status, over.end_reason, over.updated_at) == ("completed", "time_exceeded", room.expires_at)
    (ended,) = await told(still, receiver, "conference.ended")
    assert set(ended) == LEG_FIELDS | {"reason", "occurred_at"}
    assert ended["reason"] == "time_exceeded"


async def test_it_ends_when_all_have_left(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    leg, other = answered(still), answered(still)
    room = await create(line, leg)
    await join(line, room.id, other)
    still.world.hangup(leg, cause="normal_clearing", source="caller")
    assert (await line.conferences.retrieve(room.id)).status == "in_progress"
    await leave(line, room.id, other)
    over = await line.conferences.retrieve(room.id)
    assert (over.status, over.end_reason, over.ended_by) == ("completed", "all_left", None)
    (ended,) = await told(still, receiver, "conference.ended")
    assert (ended["reason"], ended["call_control_id"]) == ("all_left", leg.id)
    assert await held(line, room.id) == {}
    with refused(422, "90019"):
        await join(line, room.id, other)
    with refused(404, "90058"):
        await join(line, room.name, other)


@pytest.mark.parametrize("unsaid", [Unconfirmed(ended_by_command=w) for w in ("all_left", "ended_via_api", "absent")])
async def test_the_command_ends_it_and_hangs_everybody_up(
    still: Emulator, line: TelnyxClient, receiver: Receiver, unsaid: Unconfirmed
) -> None:
    legs = [answered(still), answered(still)]
    room = await create(line, legs[0])
    await join(line, room.id, legs[1])
    await line.conferences.end(room.id)
    assert [leg.alive for leg in legs] == [False, False]
    assert (await line.conferences.retrieve(room.id)).end_reason == "ended_via_api"
    (ended,) = await told(still, receiver, "conference.ended")
    assert ended.get("reason", "absent") == unsaid.ended_by_command
    assert len(await told(still, receiver, "conference.participant.left")) == 2
    with refused(422, "90019"):
        await line.conferences.end(room.id)


@pytest.mark.parametrize("way", ["leaves", "hangs up"])
async def test_the_hosts_exit_ends_it_for_all(
    still: Emulator, line: TelnyxClient, receiver: Receiver, way: str
) -> None:
    guest, host = answered(still), answered(still)
    room = await create(line, guest)
    await join(line, room.id, host, end_conference_on_exit=True)
    if way == "leaves":
        await leave(line, room.id, host)
    else:
        still.world.hangup(host, cause="normal_clearing", source="caller")
    assert (guest.alive, host.alive) == (False, way == "leaves")
    over = await line.conferences.retrieve(room.id)
    assert over.end_reason == "host_left"
    assert over.ended_by is not None
    assert (over.ended_by.call_control_id, over.ended_by.call_session_id) == (host.id, host.session_id)
    assert [each["reason"] for each in await told(still, receiver, "conference.ended")] == ["host_left"]


@pytest.mark.parametrize("unsaid", [Unconfirmed(soft_end="ends"), Unconfirmed(soft_end="closes")])
async def test_a_soft_end_hangs_nobody_up(
    still: Emulator, line: TelnyxClient, receiver: Receiver, unsaid: Unconfirmed
) -> None:
    guest, host = answered(still), answered(still)
    room = await create(line, guest)
    await join(line, room.id, host, soft_end_conference_on_exit=True)
    await leave(line, room.id, host)
    assert guest.alive
    shown = await line.conferences.retrieve(room.id)
    with refused(422, "90019"):
        await join(line, room.id, host)
    if unsaid.soft_end == "ends":
        assert (shown.status, shown.end_reason, guest.conference) == ("completed", "host_left", None)
    else:
        assert (shown.status, guest.conference) == ("in_progress", room.id)
        await leave(line, room.id, guest)
        assert [each["reason"] for each in await told(still, receiver, "conference.ended")] == ["all_left"]


@pytest.mark.parametrize("unsaid", [Unconfirmed(foreign_region="not-found"), Unconfirmed(foreign_region="done")])
async def test_another_region_does_not_know_it_or_does(
    still: Emulator, line: TelnyxClient, unsaid: Unconfirmed
) -> None:
    leg = answered(still)
    room = await create(line, leg, region="Europe")
    assert room.region == "Europe"
    await line.conferences.hold(room.id, HoldBody(region="Europe"))
    if unsaid.foreign_region == "not-found":
        with refused(404, "90058"):
            await join(line, room.id, answered(still), region="US")
        with refused(404, "90058"):
            await line.conferences.retrieve(room.id, ConferenceQuery(region="US"))
    else:
        await join(line, room.id, answered(still), region="US")
    assert [each.id async for each in line.conferences.list(ConferencesQuery(region="US"))] == []
    assert [each.id async for each in line.conferences.list(ConferencesQuery(region="Europe"))] == [room.id]


async def test_some_operations_take_no_name(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    room = await create(line, leg)
    (inside,) = [each async for each in line.conferences.participants(room.id)]
    with refused(404, "90058"):
        await line.conferences.end("room")
    with refused(404, "90058"):
        await line.conferences.send_dtmf("room", SendDtmfBody(digits="1"))
    with refused(404, "90058"):
        await line.conferences.gather_using_audio("room", GatherUsingAudioBody(call_control_id=leg.id))
    with pytest.raises(NotFoundError, match=f"room is a conference's name, and this takes its id: {room.id}"):
        await line.conferences.retrieve("room")
    with refused(404, "90058"):
        await line.conferences.participant("room", inside.id)
    with refused(404, "90058"):
        await line.ask(o.UPDATE_PARTICIPANT, "room", inside.id, body=UpdateParticipantBody())
    with refused(404, "90058"):
        _ = [each async for each in line.conferences.participants("room", ParticipantsQuery())]


async def test_the_list_is_by_expiry_and_can_be_narrowed(still: Emulator, line: TelnyxClient) -> None:
    legs = [answered(still) for _ in range(3)]
    long = await create(line, legs[0], "long")
    brief = await create(line, legs[1], "brief", duration_minutes=5)
    still.clock.advance(60)
    waiting = await create(line, legs[2], "waiting", start_conference_on_create=False)
    await leave(line, brief.id, legs[1])

    async def listed(
        name: str | None = None, status: Literal["init", "in_progress", "completed"] | None = None
    ) -> list[str]:
        return [each.name async for each in line.conferences.list(ConferencesQuery(name=name, status=status))]

    assert waiting.status == "init"
    assert await listed() == ["waiting", "long", "brief"]
    assert await listed(status="init") == ["waiting"]
    assert await listed(status="in_progress") == ["long"]
    assert await listed(status="completed") == ["brief"]
    assert (await listed(name="long"), await listed(name="Long")) == (["long"], [])
    assert [each.id async for each in line.conferences.list(ConferencesQuery(leg_id=legs[0].leg_id))] == [long.id]
