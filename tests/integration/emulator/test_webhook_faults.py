"""Webhooks that get lost, come twice, late, in another order or elsewhere; and when they are sent again."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from msgspec.structs import replace

from ingress.envelope import read_webhook
from ingress.signature import Verifier, read_public_key
from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, ringing, told
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import Conditions, EmulatorSettings, Unconfirmed

INITIATED = "call.initiated"


@pytest.fixture
async def failover() -> AsyncIterator[Receiver]:
    """Return who receives what the first receiver does not."""
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/failover", receiver.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/failover"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def still_settings(receiver: Receiver, failover: Receiver, unsaid: Unconfirmed) -> EmulatorSettings:
    return EmulatorSettings(
        webhook_url=receiver.url,
        webhook_failover_url=failover.url,
        api_key="KEYtest",
        speed=0,
        unconfirmed=unsaid,
    )


def conditions(emulator: Emulator, **changes: float) -> None:
    emulator.delivery.conditions = replace(emulator.delivery.conditions, **changes)


def ids(receiver: Receiver) -> list[object]:
    return [body["data"]["id"] for body in receiver.bodies]


async def heard(settings: EmulatorSettings, receiver: Receiver) -> list[str]:
    """Return whose ringing was heard of, of forty callers of an emulator of its own, in order of time."""
    begun = len(receiver.requests)
    async with serve(settings) as emulator:
        for number in range(40):
            ringing(emulator, f"+1555{number:07d}")
        for _ in range(20):
            emulator.clock.advance(0.5)
            await told(emulator, receiver, INITIATED)
    return [str(body["data"]["payload"]["from"]) for body in receiver.bodies[begun:]]  # type: ignore[index]


async def test_a_share_of_webhooks_gets_lost(still: Emulator, receiver: Receiver) -> None:
    conditions(still, lost=1)
    ringing(still)
    assert await told(still, receiver, INITIATED) == []
    assert (still.delivery.counts["sent"], still.delivery.counts["lost"]) == (1, 1)


async def test_the_next_webhook_of_a_kind_gets_lost(still: Emulator, receiver: Receiver) -> None:
    still.delivery.lost_next.append("call.answered")
    answered(still)
    answered(still)
    assert len(await told(still, receiver, "call.answered")) == 1
    assert len(await told(still, receiver, INITIATED)) == 2


@pytest.mark.parametrize(("unsaid", "different"), [(Unconfirmed(), 1), (Unconfirmed(duplicate_id="new"), 2)])
async def test_a_webhook_comes_twice_with_the_same_id_or_another(
    still: Emulator, receiver: Receiver, different: int
) -> None:
    conditions(still, duplicated=1)
    ringing(still)
    one, other = await told(still, receiver, INITIATED)
    assert one == other
    assert len(set(ids(receiver))) == different


async def test_a_webhook_comes_late(still: Emulator, receiver: Receiver) -> None:
    conditions(still, late=1, late_secs=20)
    ringing(still)
    still.clock.advance(19.9)
    assert await told(still, receiver, INITIATED) == []
    still.clock.advance(0.1)
    assert len(await told(still, receiver, INITIATED)) == 1


async def test_webhooks_change_their_order_and_the_same_seed_gives_the_same(
    still_settings: EmulatorSettings, receiver: Receiver
) -> None:
    settings = replace(still_settings, seed=3, conditions=Conditions(reorder_secs=5, lost=0.2))
    first, again = await heard(settings, receiver), await heard(settings, receiver)
    other = await heard(replace(settings, seed=4), receiver)
    assert first != sorted(first)
    assert sorted(first) == sorted(again) != sorted(other)


async def test_the_failover_takes_over_after_two_failures(
    still: Emulator, receiver: Receiver, failover: Receiver
) -> None:
    receiver.statuses = [500, 503]
    ringing(still)
    for secs, attempts in ((0, 1), (0.4, 1), (0.1, 2), (0.9, 2), (0.1, 2)):
        still.clock.advance(secs)
        assert len(await told(still, receiver, INITIATED)) == attempts
    (body,) = failover.bodies
    assert body["meta"] == {"attempt": 3, "delivered_to": failover.url}
    assert set(ids(receiver)) == set(ids(failover))


async def test_a_webhook_goes_to_the_failover_by_chance(
    still: Emulator, receiver: Receiver, failover: Receiver
) -> None:
    conditions(still, to_failover=1)
    ringing(still)
    assert len(await told(still, failover, INITIATED)) == 1
    assert receiver.bodies == []


async def test_nobody_is_reached_while_the_receiver_is_away_and_after_three_attempts_it_is_given_up(
    still: Emulator, receiver: Receiver, failover: Receiver
) -> None:
    still.delivery.conditions = Conditions(unreachable=True)
    ringing(still)
    for secs in (0, 0.5):
        still.clock.advance(secs)
        assert await told(still, receiver, INITIATED) == []
    still.delivery.conditions = Conditions()
    still.clock.advance(1)
    # The third attempt, to which the receiver is there again.
    assert len(await told(still, failover, INITIATED)) == 1
    still.delivery.conditions = Conditions(unreachable=True)
    ringing(still)
    for _ in range(3):
        await told(still, receiver, INITIATED)
        still.clock.advance(60)
    assert still.delivery.counts["failed"] == 1


@pytest.mark.parametrize(("status", "attempts"), [(408, 2), (429, 2), (500, 2), (404, 1), (401, 1), (202, 1), (304, 1)])
async def test_what_is_answered_decides_whether_it_is_sent_again(
    still: Emulator, receiver: Receiver, status: int, attempts: int
) -> None:
    receiver.statuses = [status]
    ringing(still)
    await told(still, receiver, INITIATED)
    still.clock.advance(60)
    assert len(await told(still, receiver, INITIATED)) == attempts


@pytest.mark.parametrize(("unsaid", "reached"), [(Unconfirmed(), 1), (Unconfirmed(redirects="failure"), 0)])
async def test_a_redirect_is_followed_or_a_failure(
    still_settings: EmulatorSettings, receiver: Receiver, reached: int
) -> None:
    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(receiver.url)

    app = web.Application()
    app.add_routes([web.post("/moved", redirect)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/moved"
    async with serve(replace(still_settings, webhook_url=url)) as emulator:
        ringing(emulator)
        assert len(await told(emulator, receiver, INITIATED)) == reached
    await runner.cleanup()


@pytest.mark.parametrize(("unsaid", "anew"), [(Unconfirmed(), True), (Unconfirmed(signed_anew=False), False)])
async def test_a_repeated_webhook_is_signed_anew_or_not(still: Emulator, receiver: Receiver, anew: bool) -> None:
    receiver.statuses = [500]
    still.delivery.world_time = lambda: 1_000.9
    ringing(still)
    await told(still, receiver, INITIATED)
    still.delivery.world_time = lambda: 1_002.1
    still.clock.advance(1)
    await told(still, receiver, INITIATED)
    verifier = Verifier([read_public_key(still.public_key, "the emulator")])
    stamps = []
    for headers, body in receiver.requests:
        stamps.append(headers["telnyx-timestamp"])
        verifier.verify(headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"], body, now_secs=1_002)
    assert stamps == ["1000", "1002" if anew else "1000"]


async def test_the_older_envelope_is_signed_and_read_like_the_newer_one(
    still_settings: EmulatorSettings, receiver: Receiver
) -> None:
    async with serve(replace(still_settings, webhook_api_version="1")) as emulator:
        leg = answered(emulator)
        async with TelnyxClient("KEYtest", base_url=emulator.api_base) as line:
            room = await line.conferences.create(CreateBody(call_control_id=leg.id, name="room"))
        await told(emulator, receiver, "")
        verifier = Verifier([read_public_key(emulator.public_key, "the emulator")])
    assert len(receiver.requests) == 4
    for (headers, raw), body in zip(receiver.requests, receiver.bodies, strict=True):
        verifier.verify(headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"], raw, now_secs=time.time())
        assert set(body) == {"record_type", "event_type", "webhook_id", "created_at", "payload"}
        webhook = read_webhook("default", raw)
        assert webhook.event_id == str(body["webhook_id"])
        assert webhook.event_type == str(body["event_type"])
        assert webhook.address.id == (room.id if webhook.address.kind == "conference" else leg.id)
        assert webhook.occurred_ms is not None


def test_a_signature_is_of_64_bytes(still: Emulator) -> None:
    headers = still.delivery.sign(b"{}", "1000")
    assert len(base64.b64decode(headers["telnyx-signature-ed25519"])) == 64
    assert headers["User-Agent"] == "telnyx-webhooks"
