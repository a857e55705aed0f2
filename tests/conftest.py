"""What most tests need: a real Redis, and keys of their own in it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import hypothesis
import pytest
from redis.asyncio import Redis

from ingress.log import Keys
from worker.aggregates import machine
from worker.events import webhooks as w
from worker.events.event import Event
from worker.testing.redis_server import PrivateRedis

# A machine that is busy with other tests is slow, and no law is about a time.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Start one redis-server for the whole run."""
    with PrivateRedis() as server:
        yield server.url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Return a client of that server."""
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def keys() -> Keys:
    """Return keys that no other test uses."""
    return Keys(prefix=f"test-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def private_redis() -> Iterator[Callable[[], PrivateRedis]]:
    """Return a maker of servers of one's own, for tests that kill them."""
    servers: list[PrivateRedis] = []

    def make() -> PrivateRedis:
        server = PrivateRedis()
        server.start()
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """Return the types of events upon which folding raises; what is taken out of it is mended."""
    bad: list[type] = [w.CallHold]
    fold = machine.fold

    def raising(state: machine.AggregateState, cause: Event) -> machine.AggregateState:
        if type(cause.body) in bad:
            raise ZeroDivisionError("of the test")
        return fold(state, cause)

    monkeypatch.setattr(machine, "fold", raising)
    return bad
