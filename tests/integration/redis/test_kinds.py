"""Redis by TLS, by a Unix socket, by Sentinels, as a named user; and what is said when it cannot be had so."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NoReturn

import anyio
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from ingress.errors import ConfigError
from ingress.log import Keys, settle_topology
from ingress.redis_client import connect, when_redis_answers
from tests.integration.redis.servers import Certificates, Cluster, behind_tls, command, sentinels
from tests.integration.runtime.conftest import PARTITIONS, Bench, until
from worker.testing.redis_server import PrivateRedis

Make = Callable[[], PrivateRedis]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def server(private_redis: Make) -> AsyncIterator[PrivateRedis]:
    yield private_redis()


async def works(url: str, keys: Keys) -> None:
    """See that a worker at *url* reads, decides and acts."""
    async with connect(url) as redis:
        await settle_topology(redis, keys, PARTITIONS)
        bench = Bench(redis, url, keys)
        async with bench.worker("a") as a:
            await bench.ring("c1")
            await until(lambda: bench.phone.kinds() == ["answer"])
            await until(lambda: len(a.held) == PARTITIONS)


async def refused(url: str, *, within_secs: float = 15.0) -> NoReturn:
    """Ask Redis at *url* as a start does, and raise what that raises."""
    async with connect(url) as redis:

        async def ask() -> None:
            await redis.ping()

        await when_redis_answers(ask, url, within_secs=within_secs)
    raise AssertionError("it was not refused")


async def test_tls_with_an_authority_of_ones_own(server: PrivateRedis, certificates: Certificates, keys: Keys) -> None:
    async with behind_tls(server, certificates.sign("server", "IP:127.0.0.1")) as port:
        await works(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificates.authority}", keys)


async def test_tls_by_a_certificate_of_the_clients(
    server: PrivateRedis, certificates: Certificates, keys: Keys
) -> None:
    ours, key = certificates.sign("client", "DNS:client")
    signed = certificates.sign("server", "IP:127.0.0.1")
    async with behind_tls(server, signed, clients=certificates.authority) as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificates.authority}"
        await works(f"{url}&ssl_certfile={ours}&ssl_keyfile={key}", keys)
        with pytest.raises(OSError, match="does not answer"):
            await refused(url, within_secs=0.5)


async def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    server: PrivateRedis, certificates: Certificates
) -> None:
    async with behind_tls(server, certificates.sign("server", "IP:127.0.0.1")) as port:
        with anyio.fail_after(5), pytest.raises(ConfigError, match=r"cannot be trusted .*ssl_ca_certs"):
            await refused(f"rediss://127.0.0.1:{port}/0")


async def test_a_certificate_of_another_server_is_refused_unless_its_name_is_not_to_be_checked(
    server: PrivateRedis, certificates: Certificates, keys: Keys
) -> None:
    async with behind_tls(server, certificates.sign("other", "DNS:elsewhere.example")) as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificates.authority}"
        with pytest.raises(ConfigError, match="cannot be trusted"):
            await refused(url)
        await works(f"{url}&ssl_check_hostname=false", keys)
        await works(f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs=none", Keys(f"{keys.prefix}-2"))


async def test_a_unix_socket(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "redis.sock"
    with PrivateRedis(options={"unixsocket": str(path)}):
        await works(f"unix://{path}", keys)
        with pytest.raises(OSError, match="does not answer"):
            await refused(f"unix://{tmp_path}/nobody.sock", within_secs=0.5)


async def test_sentinels_with_a_password_of_their_own(tmp_path: Path, keys: Keys) -> None:
    async with sentinels(tmp_path) as servers:
        for sentinel in servers.sentinels:
            await command(sentinel, "ACL", "SETUSER", "door", "on", ">watch me", "+@all")
            await command(sentinel, "ACL", "SETUSER", "default", "resetpass", ">other")
        await works(f"{servers.url}?sentinel_username=door&sentinel_password=watch%20me", keys)
        with pytest.raises(ConfigError, match="refuses the user or password"):
            await refused(f"{servers.url}?sentinel_password=wrong")


async def test_a_sentinel_that_hangs_keeps_nobody_waiting_and_an_unknown_name_is_said(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as servers:
        os.kill(servers.sentinels[0].pid, signal.SIGSTOP)
        async with connect(servers.url) as redis:
            with anyio.fail_after(1.5):
                assert await redis.ping()
        with pytest.raises(OSError, match=r"no Sentinel of .* knows a master 'nobody'"):
            await refused(servers.url.replace(servers.SERVICE, "nobody"), within_secs=0.7)


async def test_a_server_that_became_a_replica_is_left_by_writes_scripts_and_waiting_reads(
    server: PrivateRedis, private_redis: Make, keys: Keys
) -> None:
    other = private_redis()
    async with connect(server.url) as redis, connect(server.url, blocking_read_secs=10) as reads:
        await redis.set("key", "before")
        script = redis.register_script("return redis.call('SET', KEYS[1], 'after')")
        failed: list[Exception] = []

        async def read() -> None:
            try:
                await reads.xread({"log": "$"}, block=10_000)
            except RedisConnectionError as exc:
                failed.append(exc)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            with anyio.fail_after(10):
                while b"xread" not in str(await command(server, "CLIENT", "LIST")).encode():
                    await anyio.sleep(0.01)
            await command(server, "REPLICAOF", "127.0.0.1", other.port)
            with pytest.raises(RedisConnectionError, match="is a replica now"):
                await redis.set("key", "after")
            with pytest.raises(RedisConnectionError, match="is a replica now"):
                await script(keys=["key"])
            assert _open(redis) == 0
        assert failed
        assert _open(reads) == 0


def _open(redis: Redis) -> int:
    pool = redis.connection_pool
    return sum(connection.is_connected for connection in pool._available_connections)


async def test_other_refusals_of_a_server_leave_the_connection_open(server: PrivateRedis) -> None:
    async with connect(server.url) as redis:
        await redis.set("key", "text")
        with pytest.raises(ResponseError):
            await redis.lpush("key", "value")
        assert _open(redis) == 1


async def test_more_partitions_than_the_library_allows_connections_are_read_at_once(server: PrivateRedis) -> None:
    async with connect(server.url, blocking_read_secs=0.2) as reads, anyio.create_task_group() as tasks:

        async def read(number: int) -> None:
            assert not await reads.xread({f"log-{number}": "0-0"}, block=200)

        for number in range(150):
            tasks.start_soon(read, number)


async def test_a_wrong_password_is_said_at_once_by_all_kinds(
    server: PrivateRedis, nodes: Cluster, tmp_path: Path
) -> None:
    socket = tmp_path / "redis.sock"
    async with sentinels(tmp_path, count=1) as servers:
        with PrivateRedis(options={"unixsocket": str(socket)}):
            for url in (server.url, nodes.url, servers.url, f"unix://{socket}"):
                wrong = url.replace("://", "://bob:hunter2@")
                with anyio.fail_after(5), pytest.raises(ConfigError, match="refuses the user or password") as said:
                    await refused(wrong)
                assert "hunter2" not in str(said.value)
                assert "bob" in str(said.value)
