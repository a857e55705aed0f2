"""Whether a machine has answered, in each way of asking; and where a leg's webhooks go that says so itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import NUMBER, refused, ringing, told
from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.dialling import DialBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.structures import RetryPolicy
from worker.testing.emulator.server import Emulator
from worker.testing.emulator.settings import Phone

AGENT = "+13125550177"
CONNECTION = "1494404757140276705"
PREFIX = "call.machine."


def call(**fields: object) -> DialBody:
    return DialBody(**{"connection_id": CONNECTION, "from_": NUMBER, "to": AGENT, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("detection", "does", "expected"),
    [
        ("disabled", "voicemail", []),
        (None, "voicemail", []),
        ("detect", "answer", [("detection.ended", "human")]),
        ("detect", "voicemail", [("detection.ended", "machine")]),
        ("greeting_end", "answer", [("detection.ended", "human")]),
        ("greeting_end", "voicemail", [("detection.ended", "machine"), ("greeting.ended", "ended")]),
        ("detect_words", "voicemail", [("detection.ended", "machine"), ("greeting.ended", "ended")]),
        ("detect_beep", "voicemail", [("detection.ended", "machine"), ("greeting.ended", "beep_detected")]),
        ("premium", "answer", [("premium.detection.ended", "human_residence")]),
        (
            "premium",
            "voicemail",
            [("premium.detection.ended", "machine"), ("premium.greeting.ended", "beep_detected")],
        ),
        ("premium_ios_call_screening_detection", "answer", [("premium.detection.ended", "human_residence")]),
    ],
)
async def test_a_machine_is_found_out_as_was_asked(
    still: Emulator,
    line: TelnyxClient,
    receiver: Receiver,
    detection: str | None,
    does: str,
    expected: list[tuple[str, str]],
) -> None:
    still.telephony.phones.at[AGENT] = Phone(does)  # type: ignore[arg-type]
    await line.calls.dial(call(answering_machine_detection=detection))
    for _ in range(20):
        # One after the other, for webhooks of one time come in any order.
        still.clock.advance(0.1)
        await told(still, receiver, "")
    found = [
        (str(body["data"]["event_type"]).removeprefix(PREFIX), body["data"]["payload"]["result"])  # type: ignore[index]
        for body in receiver.bodies
        if str(body["data"]["event_type"]).startswith(PREFIX)
    ]
    assert found == expected


async def test_nothing_is_found_out_about_a_call_that_has_ended(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    leg = await line.calls.dial(call(answering_machine_detection="detect"))
    still.clock.advance(0.3)
    await line.calls.hangup(leg.call_control_id)
    still.clock.advance(5)
    assert await told(still, receiver, "call.machine.detection.ended") == []


@pytest.fixture
async def elsewhere() -> AsyncIterator[Receiver]:
    """Return a receiver on another port."""
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/other", receiver.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/other"
    yield receiver
    await runner.cleanup()


async def test_a_legs_webhooks_go_where_its_dial_says(
    still: Emulator, line: TelnyxClient, receiver: Receiver, elsewhere: Receiver
) -> None:
    await line.calls.dial(call(webhook_url=elsewhere.url))
    assert len(await told(still, elsewhere, "call.initiated")) == 1
    assert receiver.bodies == []


async def test_one_kind_of_webhook_goes_where_its_dial_says_and_the_others_to_the_application(
    still: Emulator, line: TelnyxClient, receiver: Receiver, elsewhere: Receiver
) -> None:
    await line.calls.dial(call(webhook_urls={"call.answered": [elsewhere.url]}))
    still.clock.advance(1)
    assert len(await told(still, elsewhere, "call.answered")) == 1
    assert receiver.types() == ["call.initiated"]


async def test_an_answer_sends_later_webhooks_elsewhere(
    still: Emulator, line: TelnyxClient, receiver: Receiver, elsewhere: Receiver
) -> None:
    caller = ringing(still)
    await line.calls.answer(caller.id, AnswerBody(webhook_url=elsewhere.url))
    assert len(await told(still, elsewhere, "call.answered")) == 1
    assert receiver.types() == ["call.initiated"]


async def test_a_webhook_is_repeated_after_the_pauses_that_its_dial_says(
    still: Emulator, line: TelnyxClient, receiver: Receiver
) -> None:
    policies = {"call.initiated": RetryPolicy(retries_ms=[5000, 10_000])}
    receiver.statuses = [500] * 10
    await line.calls.dial(call(webhook_retries_policies=policies, timeout_secs=600))
    for secs, attempts in ((0, 1), (4.9, 1), (0.1, 2), (9.9, 2), (0.1, 3), (100, 3)):
        still.clock.advance(secs)
        assert len(await told(still, receiver, "call.initiated")) == attempts
    assert still.delivery.counts["failed"] >= 1


@pytest.mark.parametrize("field", ["webhook_urls", "webhook_retries_policies"])
async def test_what_is_no_event_is_refused(line: TelnyxClient, field: str) -> None:
    value = {"call.anwsered": "http://127.0.0.1:9"} if field == "webhook_urls" else {"call.anwsered": RetryPolicy()}
    with refused(422, "90057", f"/{field}/call.anwsered"):
        await line.calls.dial(call(**{field: value}))


@pytest.mark.parametrize("pauses", [[60_000, 1], [-1]])
async def test_pauses_are_a_minute_together_at_most(line: TelnyxClient, pauses: list[int]) -> None:
    policies = {"call.answered": RetryPolicy(retries_ms=pauses)}
    with refused(422, "10015", "/webhook_retries_policies/call.answered"):
        await line.calls.dial(call(webhook_retries_policies=policies))
