"""A command of a known `command_id` is carried out once in a minute."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import NUMBER, answered, refused, ringing, told
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.calls.media import SendDtmfBody, SpeakBody
from worker.telnyx.calls.queueing import EnqueueBody, LeaveQueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody, EndBody
from worker.telnyx.errors import TelnyxError, UnreadableError
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Unconfirmed

BARE, REFUSED = Unconfirmed(duplicate_command="bare"), Unconfirmed(duplicate_command="refused")
TONE = SendDtmfBody(digits="1", command_id="one")
AGENT = "sip:alice@sip.telnyx.com"


def dial(emulator: Emulator) -> DialBody:
    return DialBody(connection_id=emulator.world.settings.connection_id, from_=NUMBER, to=AGENT, command_id="dial-1")


async def test_a_command_has_its_effect_once_in_a_minute(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    for secs in (0, 30, 29.9):
        still.clock.advance(secs)
        assert (await line.calls.send_dtmf(leg.id, TONE)).result == "ok"
    assert leg.tones == "1"
    still.clock.advance(0.1)
    await line.calls.send_dtmf(leg.id, TONE)
    assert leg.tones == "11"


async def test_a_command_without_an_id_has_its_effect_each_time(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    for _ in range(3):
        await line.calls.send_dtmf(leg.id, SendDtmfBody(digits="1"))
    assert leg.tones == "111"


async def test_a_repeated_dial_is_answered_as_the_first(still: Emulator, line: TelnyxClient) -> None:
    first, again = await line.calls.dial(dial(still)), await line.calls.dial(dial(still))
    assert first == again
    assert len(still.world.legs) == 1


@pytest.mark.parametrize("unsaid", [BARE])
async def test_a_repeated_dial_may_be_answered_without_its_leg(still: Emulator, line: TelnyxClient) -> None:
    await line.calls.dial(dial(still))
    with pytest.raises(UnreadableError):
        await line.calls.dial(dial(still))
    assert len(still.world.legs) == 1


@pytest.mark.parametrize("unsaid", [REFUSED])
async def test_a_repeated_command_may_be_refused(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    await line.calls.send_dtmf(leg.id, TONE)
    with refused(422, "10015", "/command_id"):
        await line.calls.send_dtmf(leg.id, TONE)
    assert leg.tones == "1"


async def test_an_id_belongs_to_its_call(still: Emulator, line: TelnyxClient) -> None:
    one, other = answered(still), answered(still)
    await line.calls.send_dtmf(one.id, TONE)
    await line.calls.send_dtmf(other.id, TONE)
    assert (one.tones, other.tones) == ("1", "1")


async def test_an_id_is_of_its_call_whatever_the_command_does(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = answered(still)
    await line.calls.send_dtmf(leg.id, TONE)
    await line.calls.speak(leg.id, SpeakBody(payload="Hello", voice="AWS.Polly.Joanna", command_id="one"))
    assert await told(still, receiver, "call.speak.started") == []


async def test_an_id_belongs_to_its_conference(still: Emulator, line: TelnyxClient) -> None:
    bodies = [CreateBody(call_control_id=answered(still).id, name=name) for name in ("one", "other")]
    rooms = [await line.conferences.create(body) for body in bodies]
    for room in rooms:
        await line.conferences.end(room.id, EndBody(command_id="end"))
        await line.conferences.end(room.id, EndBody(command_id="end"))
    assert {each.status for each in still.telephony.conferences.by_id.values()} == {"completed"}


async def test_a_refused_command_may_be_sent_again(still: Emulator, line: TelnyxClient) -> None:
    leg = ringing(still)
    body = EnqueueBody(queue_name="q", command_id="enqueue")
    with refused(422, "90034"):
        await line.calls.enqueue(leg.id, body)
    await line.calls.answer(leg.id, AnswerBody(command_id="answer"))
    await line.calls.enqueue(leg.id, body)
    assert leg.queue == "q"


@pytest.mark.parametrize("unsaid", [Unconfirmed(), BARE, REFUSED])
async def test_what_would_be_refused_now_is_not_when_it_was_done_before(still: Emulator, line: TelnyxClient) -> None:
    leg = answered(still)
    body = LeaveQueueBody(command_id="leave")
    await line.calls.enqueue(leg.id, EnqueueBody(queue_name="q"))
    await line.calls.leave_queue(leg.id, body)
    code = ""
    try:
        await line.calls.leave_queue(leg.id, body)
    except TelnyxError as exc:
        code = getattr(exc, "code", "")
    assert code == ("10015" if still.world.settings.unconfirmed == REFUSED else "")
