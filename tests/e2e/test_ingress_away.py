"""What becomes of a caller who rings while an ingress is away: with another one, and without."""

from __future__ import annotations

import socket
from typing import cast

import anyio
import anyio.to_thread
import pytest
from redis.asyncio import Redis

from ingress.envelope import Address
from ingress.log import Keys, decode_entry, partition_of
from tests.signing import Signer
from worker.demo.processes import Process, Processes
from worker.runtime.journal import Entries
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import EmulatorSettings

NUMBER = "+13125550131"


class Telnyx:
    """An emulator that announces its callers to ingresses on a log."""

    def __init__(self, redis: Redis, keys: Keys, emulator: Emulator) -> None:
        self._redis = redis
        self._keys = keys
        self._emulator = emulator

    async def rings(self) -> int:
        """Have somebody ring, wait until Telnyx has done all to announce it, and return how often it is in the log."""
        leg = self._emulator.actors.ring("+15550199", NUMBER, patience_secs=600, talk_secs=1)
        with anyio.fail_after(30):
            while self._emulator.delivery.under_way:
                await anyio.sleep(0.02)
        address = Address("default", "call", leg.id)
        found = cast("Entries", await self._redis.xrange(self._keys.log(partition_of(address, 16))))
        return [decode_entry(fields).address for _, fields in found].count(address)


@pytest.fixture
def first() -> str:
    """Return the host and port of an ingress, which are its own also while it is away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


async def started(processes: Processes, first: str) -> Process:
    """Start the ingress, and wait until it listens."""
    ingress = processes.start("ingress", "ingress", "--port", first.partition(":")[2])
    await ingress.line("listening on")
    return ingress


async def test_a_caller_is_announced_to_the_other_ingress_by_the_failover_url(
    processes: Processes, redis: Redis, keys: Keys, signer: Signer, first: str
) -> None:
    ingress = await started(processes, first)
    second = await processes.start("second", "ingress", "--port", "0").line("listening on")
    settings = EmulatorSettings(
        webhook_url=f"http://{first}/webhooks",
        webhook_failover_url=f"{second}/webhooks",
        signing_seed=signer.seed_text,
    )
    async with serve(settings) as emulator:
        telnyx = Telnyx(redis, keys, emulator)
        assert await telnyx.rings() == 1
        await anyio.to_thread.run_sync(ingress.kill)
        assert await telnyx.rings() == 1


async def test_a_caller_who_rings_while_the_only_ingress_is_away_for_long_is_not_announced_again(
    processes: Processes, redis: Redis, keys: Keys, signer: Signer, first: str
) -> None:
    """What docs/guarantees.md warns of: a change that makes this test fail lets it promise more."""
    settings = EmulatorSettings(webhook_url=f"http://{first}/webhooks", signing_seed=signer.seed_text)
    async with serve(settings) as emulator:
        telnyx = Telnyx(redis, keys, emulator)
        assert await telnyx.rings() == 0
        await started(processes, first)
        assert await telnyx.rings() == 1
