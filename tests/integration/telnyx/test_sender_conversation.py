"""What is done in a conversation reaches Telnyx as it was meant, for those who are named alone."""

from __future__ import annotations

import uuid

import pytest

from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.telnyx.client import TelnyxClient
from worker.telnyx.sender import Sender
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

AUDIO = "https://example.com/a.mp3"


@pytest.fixture
def sender(client: TelnyxClient) -> Sender:
    return Sender(client, try_secs=3)


async def result(sender: Sender, command: c.AnyCommand, *, age: float = 0.0) -> Succeeded | Refused | Unknown:
    ended = await sender.send(command, str(uuid.uuid4()), epoch=7, first_tried_secs_ago=age)
    assert isinstance(ended, Outcome)
    return ended.result


def answered(emulator: Emulator) -> Leg:
    leg = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.world.answer(leg)
    return leg


async def conversation(emulator: Emulator, sender: Sender) -> tuple[str, Leg, Leg]:
    agent, caller = answered(emulator), answered(emulator)
    made = await result(sender, c.CreateConference("room", agent.id, ClientState()))
    assert isinstance(made, Succeeded)
    room = made.conference or ""
    assert await result(sender, c.JoinConference(room, caller.id)) == Succeeded()
    return room, agent, caller


def manners(emulator: Emulator, room: str) -> dict[str, tuple[bool, bool, str]]:
    inside = emulator.telephony.conferences.by_id[room].participants
    return {each.leg.id: (each.on_hold, each.manner.muted, each.manner.role) for each in inside}


async def test_hold_and_mute_concern_the_one_who_is_named(emulator: Emulator, sender: Sender) -> None:
    room, agent, caller = await conversation(emulator, sender)
    assert await result(sender, c.Hold(room, caller.id, audio=AUDIO)) == Succeeded()
    assert await result(sender, c.Mute(room, agent.id)) == Succeeded()
    assert manners(emulator, room) == {agent.id: (False, True, "none"), caller.id: (True, False, "none")}
    assert await result(sender, c.Unhold(room, caller.id)) == Succeeded()
    assert await result(sender, c.Unmute(room, agent.id)) == Succeeded()
    assert manners(emulator, room) == {agent.id: (False, False, "none"), caller.id: (False, False, "none")}


async def test_a_supervisor_joins_in_a_role_and_changes_it(emulator: Emulator, sender: Sender) -> None:
    room, agent, _ = await conversation(emulator, sender)
    boss = answered(emulator)
    assert await result(sender, c.JoinConference(room, boss.id, "whisper", (agent.id,))) == Succeeded()
    part = emulator.telephony.conferences.by_id[room].participant(boss.id)
    assert part is not None
    assert (part.manner.role, part.manner.whispers_to) == ("whisper", (agent.id,))
    assert await result(sender, c.ChangeRole(room, boss.id, "barge")) == Succeeded()
    assert (part.manner.role, part.manner.whispers_to) == ("barge", ())


async def test_rights_are_changed_by_the_participants_leg(emulator: Emulator, sender: Sender) -> None:
    room, agent, caller = await conversation(emulator, sender)
    assert await result(sender, c.ChangeRights(room, caller.id, end_conference_on_exit=True)) == Succeeded()
    emulator.world.hangup(caller, cause="normal_clearing", source="caller")
    assert not agent.alive


async def test_rights_are_changed_by_telnyxs_id_of_the_participant(emulator: Emulator, sender: Sender) -> None:
    room, agent, caller = await conversation(emulator, sender)
    part = emulator.telephony.conferences.by_id[room].participant(caller.id)
    assert part is not None
    assert await result(sender, c.ChangeRights(room, part.id, end_conference_on_exit=True)) == Succeeded()
    emulator.world.hangup(caller, cause="normal_clearing", source="caller")
    assert not agent.alive
    assert isinstance(await result(sender, c.ChangeRights(room, part.id)), Refused)


async def test_what_is_heard_and_recorded_is_accepted(emulator: Emulator, sender: Sender) -> None:
    room, agent, caller = await conversation(emulator, sender)
    both = (agent.id, caller.id)
    for command in (
        c.ConferenceSpeak(room, both, "Hello", "female", "en-US"),
        c.ConferenceStop(room, both),
        c.ConferencePlay(room, both, AUDIO),
        c.ConferenceDtmf(room, (caller.id,), "12#"),
        c.ConferenceGather(room, caller.id, AUDIO, 4, "g1"),
        c.RecordStart(room, "mp3", "dual"),
        c.RecordPause(room),
        c.RecordResume(room),
        c.RecordStop(room),
    ):
        assert await result(sender, command) == Succeeded(), command
    assert (caller.tones, agent.tones) == ("12#", "")


async def test_the_end_of_a_conference_is_the_end_of_all_in_it(emulator: Emulator, sender: Sender) -> None:
    room, agent, caller = await conversation(emulator, sender)
    assert await result(sender, c.EndConference(room)) == Succeeded()
    assert not agent.alive
    assert not caller.alive
    assert await result(sender, c.EndConference(room)) == Succeeded(already="90019")


@pytest.mark.parametrize("age", [0.0, 1.0])
async def test_tones_are_never_sent_twice(emulator: Emulator, sender: Sender, age: float) -> None:
    """Telnyx takes no key with them: who cannot know whether they were heard does not press again."""
    room, _, caller = await conversation(emulator, sender)
    tones = c.ConferenceDtmf(room, (caller.id,), "5")
    if age:
        assert isinstance(await result(sender, tones, age=age), Unknown)
        assert caller.tones == ""
    else:
        emulator.api.faults.add(Fault("conferences send_dtmf", "reset-after"))
        assert isinstance(await result(sender, tones), Unknown)
        assert caller.tones == "5"
