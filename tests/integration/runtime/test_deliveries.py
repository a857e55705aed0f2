"""Records are POSTed to webhook targets: signed, tried again, given up and asked for again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import anyio
from aiohttp import web
from redis.asyncio import Redis

from ingress.log import Keys, Partition
from ingress.secrets import SecretRef
from worker.records.book import Book
from worker.records.model import AgentStateChange
from worker.runtime.lease import Lease, Leases
from worker.runtime.metrics import Metrics
from worker.runtime.recording.deliver import PAUSES_SECS, Deliverer
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.outbox import Outbox
from worker.runtime.recording.store import RecordStore
from worker.runtime.recording.targets import Target, TargetRules

KEY = b"0123456789abcdef0123456789abcdef"
DAY_MS = 86_400_000


class Receiver:
    """A target that answers as it is told to, and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, body))
        return web.Response(status=self.status)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


class Post:
    """A target, and somebody who delivers to it, whose clock the test sets."""

    def __init__(self, redis: Redis, keys: Keys, url: str, session: aiohttp.ClientSession) -> None:
        self.redis, self.keys, self.url, self.session = redis, RecordKeys(keys.prefix), url, session
        self.store = RecordStore(redis, self.keys)
        self.outbox = Outbox(redis, self.keys, "crm")
        self.now_ms = DAY_MS
        self.reached: int | None = None
        self.lease: Lease | None = None

    async def deliverer(self, **rules: object) -> Deliverer:
        await self.redis.delete(self.keys.lease(Partition(0)))
        self.lease = await Leases(self.redis, self.keys, "w", ttl_secs=30).acquire(Partition(0))
        assert self.lease is not None
        target = Target("crm", TargetRules(self.url, SecretRef(env="S"), **rules), KEY)  # type: ignore[arg-type]
        return Deliverer(
            self.lease, self.store, self.outbox, target, session=self.session, now_ms=lambda: self.now_ms,
            metrics=Metrics(),
        )  # fmt: skip

    async def record(self, name: str, tenant: str = "t") -> None:
        assert self.lease is not None
        change = AgentStateChange(name, tenant, "alice", 2_000, "available", "offline", 1_000)
        before, self.reached = self.reached, (self.reached or 0) + 1
        await self.store.write(self.lease, before, self.reached, [change], Book())


@asynccontextmanager
async def post(redis: Redis, keys: Keys) -> AsyncIterator[tuple[Post, Receiver]]:
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/hooks", receiver.handle)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    try:
        async with aiohttp.ClientSession() as session:
            yield Post(redis, keys, receiver.url, session), receiver
    finally:
        await runner.cleanup()


async def finish(deliverer: Deliverer) -> None:
    with anyio.fail_after(10):
        while await deliverer.advance():
            pass


async def test_a_record_is_posted_once_and_signed_as_the_standard_says(redis: Redis, keys: Keys) -> None:
    async with post(redis, keys) as (office, receiver):
        deliverer = await office.deliverer()
        await finish(deliverer)
        await office.record("r1")
        await finish(deliverer)
        await finish(await office.deliverer())
    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "r1"
    told = json.loads(body)
    assert (told["type"], told["timestamp"]) == ("agent.state-changed", "1970-01-01T00:00:02.000Z")
    assert told["data"]["state"] == "available"


async def test_what_is_not_taken_is_tried_again_with_pauses_while_others_go_on(redis: Redis, keys: Keys) -> None:
    async with post(redis, keys) as (office, receiver):
        deliverer = await office.deliverer()
        await finish(deliverer)
        receiver.status = 503
        await office.record("r1")
        await finish(deliverer)
        receiver.status = 204
        await office.record("r2")
        await finish(deliverer)
        assert receiver.ids == ["r1", "r2"]
        office.now_ms += round(PAUSES_SECS[0] * 1200) + 1
        # Another worker goes on where this one was.
        await finish(await office.deliverer())
        assert receiver.ids == ["r1", "r2", "r1"]
        assert (await office.outbox.standing()).waiting == {}


async def test_after_the_last_try_it_is_given_up_and_can_be_asked_for_again(redis: Redis, keys: Keys) -> None:
    async with post(redis, keys) as (office, receiver):
        deliverer = await office.deliverer()
        await finish(deliverer)
        receiver.status = 500
        await office.record("r1")
        for _ in range(len(PAUSES_SECS) + 2):
            await finish(deliverer)
            office.now_ms += DAY_MS
        assert len(receiver.got) == len(PAUSES_SECS) + 1
        (lost,) = await office.outbox.given_up()
        assert lost.last.error == "500 Internal Server Error"
        receiver.status = 200
        await office.outbox.again(lost)
        await finish(deliverer)
        assert len(receiver.got) == len(PAUSES_SECS) + 2
        assert await office.outbox.given_up() == []
        assert (await office.outbox.standing()).waiting == {}


async def test_a_target_that_is_gone_is_not_tried_again(redis: Redis, keys: Keys) -> None:
    async with post(redis, keys) as (office, receiver):
        deliverer = await office.deliverer()
        await finish(deliverer)
        receiver.status = 410
        await office.record("r1")
        await finish(deliverer)
        assert len(await office.outbox.given_up()) == 1


async def test_a_target_gets_the_kinds_and_tenants_that_it_asked_for(redis: Redis, keys: Keys) -> None:
    async with post(redis, keys) as (office, receiver):
        deliverer = await office.deliverer(tenants=("t",))
        await finish(deliverer)
        await office.record("r1", "other")
        await office.record("r2", "t")
        await finish(deliverer)
        assert receiver.ids == ["r2"]
        deliverer = await office.deliverer(kinds=("interaction",))
        await office.record("r3", "t")
        await finish(deliverer)
        assert receiver.ids == ["r2"]
