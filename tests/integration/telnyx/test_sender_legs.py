"""What a call leg hears, is asked, and where it is sent: each command has its effect at the emulator."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from worker.commands import command as c
from worker.commands.client_state import ClientState, decode_client_state
from worker.events.outcomes import Outcome, Succeeded
from worker.telnyx.client import TelnyxClient
from worker.telnyx.sender import Sender
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

MARK = ClientState(speech="menu:1")


@pytest.fixture
def sender(client: TelnyxClient) -> Sender:
    return Sender(client, try_secs=3)


async def carry_out(sender: Sender, command: c.AnyCommand, key: str = "k1") -> None:
    ended = await sender.send(command, key, epoch=7, first_tried_secs_ago=0)
    assert isinstance(ended, Outcome)
    assert ended.result == Succeeded()


def ring(emulator: Emulator, *, answered: bool = True) -> Leg:
    leg = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    if answered:
        emulator.world.answer(leg)
    return leg


async def test_a_rejected_leg_ends_unanswered(emulator: Emulator, sender: Sender) -> None:
    leg = ring(emulator, answered=False)
    await carry_out(sender, c.Reject(leg.id))
    assert not leg.alive
    assert leg.answered_at is None


@pytest.mark.parametrize(
    "prompt", [("Which?", None, None), (None, "https://a.example.com/a.mp3", None), (None, None, "which")]
)
async def test_digits_are_asked_for_by_voice_and_by_audio(
    emulator: Emulator, sender: Sender, prompt: tuple[str | None, str | None, str | None]
) -> None:
    leg = ring(emulator)
    text, audio, media = prompt
    await carry_out(sender, c.Gather(leg.id, MARK, 1, "#", 5, text=text, voice="female", audio=audio, media=media))
    state = decode_client_state(leg.client_state)
    assert state is not None
    assert (state.speech, state.epoch) == ("menu:1", 7)
    assert emulator.telephony.audio.leg(leg).plays
    emulator.telephony.gathers.press(leg, "4")
    assert not emulator.telephony.audio.leg(leg).plays


@pytest.mark.parametrize(
    "begin",
    [
        lambda leg: c.Speak(leg, "A long text" * 50, "female", "en-US", MARK),
        lambda leg: c.Play(leg, MARK, audio="https://a.example.com/a.mp3", endless=True),
        lambda leg: c.Play(leg, MARK, media="music", endless=True, stop=True),
    ],
)
async def test_what_is_heard_is_stopped(
    emulator: Emulator, sender: Sender, begin: Callable[[str], c.AnyCommand]
) -> None:
    leg = ring(emulator)
    await carry_out(sender, begin(leg.id))
    assert emulator.telephony.audio.leg(leg).plays
    await carry_out(sender, c.StopSounds(leg.id), "k2")
    assert not emulator.telephony.audio.leg(leg).plays


async def test_a_transferred_leg_is_bridged_with_a_new_one_that_tells_whose_it_is(
    emulator: Emulator, sender: Sender
) -> None:
    leg = ring(emulator)
    new = ClientState(owner="call:x", purpose="transfer:1")
    await carry_out(sender, c.Transfer(leg.id, "sip:bob@sip.telnyx.com", "+13125550131", 30, new))
    with anyio.fail_after(5):
        while leg.peer is None:
            await anyio.sleep(0.01)
    other = emulator.world.legs[leg.peer]
    state = decode_client_state(other.client_state)
    assert state is not None
    assert (state.owner, state.purpose) == ("call:x", "transfer:1")


async def test_a_leg_is_recorded_until_that_is_stopped(emulator: Emulator, sender: Sender) -> None:
    leg = ring(emulator)
    await carry_out(sender, c.RecordLeg(leg.id, 60, 5))
    assert [each.leg for each in emulator.telephony.recordings.all] == [leg.id]
    await carry_out(sender, c.RecordLegStop(leg.id), "k2")
    assert emulator.telephony.recordings.all[0].ended_at is not None
