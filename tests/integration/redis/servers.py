"""Kinds of Redis made of real servers on loopback: a Cluster, a master with replicas and Sentinels, one behind TLS."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import cast

import anyio
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from worker.testing.redis_server import PrivateRedis

#: How long a node is silent before the others hold it for dead, ms.
NODE_TIMEOUT_MS = 1_000
SLOTS = 16_384


async def command(server: PrivateRedis, *words: str | int) -> object:
    """Send one command to a server as an operator would."""
    async with Redis(host="127.0.0.1", port=server.port, socket_timeout=5) as redis:
        return cast("object", await redis.execute_command(*words))  # type: ignore[no-untyped-call]


async def until(condition: Callable[[], Awaitable[bool]], *, secs: float = 20.0) -> None:
    """Wait until *condition* holds; a server that does not answer yet is asked again."""
    with anyio.fail_after(secs):
        while True:
            with suppress(RedisError, OSError):
                if await condition():
                    return
            await anyio.sleep(0.02)


def _ports_with_a_bus(count: int) -> list[int]:
    """Return free ports whose neighbours, 10,000 further on, are free too: a node's way to the others.

    Neither is among those that the system gives to whoever connects, who might take one before its node has started.
    """
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            port = 10_000 + secrets.randbelow(12_000)
            one, other = (held.enter_context(socket.socket()) for _ in range(2))
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10_000))
                found.append(port)
    return found


class Cluster:
    """Three masters with a third of the slots each, and a replica of each."""

    def __init__(self, masters: list[PrivateRedis], replicas: list[PrivateRedis]) -> None:
        self.masters = masters
        self.replicas = replicas
        self.nodes = masters + replicas

    @property
    def url(self) -> str:
        """Its address, by two of its nodes."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.masters[:2])

    async def id_of(self, node: PrivateRedis) -> str:
        """Return how the nodes name a node."""
        return cast("bytes", await command(node, "CLUSTER", "MYID")).decode()

    async def form(self) -> None:
        """Make one Cluster of the nodes."""
        first, nodes = self.masters[0], self.nodes
        for number, node in enumerate(nodes):
            await command(node, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            await command(node, "CLUSTER", "MEET", "127.0.0.1", first.port)
        share = SLOTS // len(self.masters) + 1
        for number, node in enumerate(self.masters):
            await command(node, "CLUSTER", "ADDSLOTS", *range(number * share, min(SLOTS, (number + 1) * share)))

        async def met() -> bool:
            known = [cast("bytes", await command(node, "CLUSTER", "NODES")) for node in nodes]
            return all(len(lines.splitlines()) == len(nodes) and b"handshake" not in lines for lines in known)

        await until(met)
        for master, replica in zip(self.masters, self.replicas, strict=True):
            await command(replica, "CLUSTER", "REPLICATE", await self.id_of(master))
        for node in nodes:
            await until(lambda: self.is_well(node))  # noqa: B023  # called here only
        for replica in self.replicas:
            await until(lambda: _follows(replica))  # noqa: B023  # called here only

    async def is_well(self, node: PrivateRedis) -> bool:
        """Return whether a node holds the Cluster for whole, and knows everybody's part."""
        info = cast("bytes", await command(node, "CLUSTER", "INFO"))
        nodes = cast("bytes", await command(node, "CLUSTER", "NODES"))
        return b"cluster_state:ok" in info and nodes.count(b"slave ") >= len(self.replicas)

    async def lose(self, key: str) -> None:
        """Kill the master that has *key*, and wait until another node has taken its place."""
        slot = key_slot(key.encode())
        victim = await self.owner(slot)
        self.masters.remove(victim)
        victim.kill()

        async def promoted() -> bool:
            return await self.owner(slot) is not victim

        await until(promoted, secs=60)

    async def move(self, slot: int, to: PrivateRedis) -> None:
        """Give a slot, with its keys, from its master to another."""
        owner = await self.owner(slot)
        await command(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", await self.id_of(owner))
        await command(owner, "CLUSTER", "SETSLOT", slot, "MIGRATING", await self.id_of(to))
        while keys := cast("list[bytes]", await command(owner, "CLUSTER", "GETKEYSINSLOT", slot, 10)):
            names = [key.decode() for key in keys]
            await command(owner, "MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *names)
        for node in (to, *[master for master in self.masters if master is not to]):
            await command(node, "CLUSTER", "SETSLOT", slot, "NODE", await self.id_of(to))

    async def owner(self, slot: int) -> PrivateRedis:
        """Return the master that has a slot."""
        reply = cast("list[tuple[int, int, list[object]]]", await command(self.masters[0], "CLUSTER", "SLOTS"))
        port = next(parts[0][1] for first, last, *parts in reply if first <= slot <= last)
        return next(node for node in self.nodes if node.port == port)


async def _follows(replica: PrivateRedis) -> bool:
    async with Redis(host="127.0.0.1", port=replica.port, socket_timeout=5) as redis:
        return (await redis.info("replication")).get("master_link_status") == "up"


@contextmanager
def _running(servers: list[PrivateRedis]) -> Iterator[None]:
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
            server.start()
        yield


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a Cluster of six nodes for the length of a block."""
    options = {
        "cluster-enabled": "yes",
        "cluster-config-file": "nodes.conf",
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
        "cluster-require-full-coverage": "no",
        "repl-diskless-sync-delay": "0",
    }
    nodes = [PrivateRedis(options=options, port=port) for port in _ports_with_a_bus(6)]
    with _running(nodes):
        formed = Cluster(nodes[:3], nodes[3:])
        asyncio.run(formed.form())
        yield formed


class Sentinels:
    """A master, a replica, and three Sentinels that watch them."""

    SERVICE = "switchhook-log"

    def __init__(self, master: PrivateRedis, replica: PrivateRedis, sentinels: list[PrivateRedis]) -> None:
        self.master = master
        self.replica = replica
        self.sentinels = sentinels

    @property
    def url(self) -> str:
        """Its address, by its Sentinels."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.SERVICE}/0"

    async def named(self) -> list[int]:
        """Return the port of the master that each Sentinel names."""
        found: list[int] = []
        for sentinel in self.sentinels:
            reply = await command(sentinel, "SENTINEL", "get-master-addr-by-name", self.SERVICE)
            found.append(int(cast("list[bytes]", reply)[1]))
        return found

    async def promoted(self) -> None:
        """Wait until all Sentinels name the replica."""

        async def so() -> bool:
            return set(await self.named()) == {self.replica.port}

        await until(so)


@asynccontextmanager
async def sentinels(directory: Path, *, count: int = 3) -> AsyncIterator[Sentinels]:
    """Run them for the length of a block; their files are in *directory*."""
    master = PrivateRedis(options={"repl-diskless-sync-delay": "0"})
    replica = PrivateRedis(options={"repl-diskless-sync-delay": "0"})
    watchers: list[PrivateRedis] = []
    for number in range(count):
        place = directory / f"sentinel-{number}"
        place.mkdir()
        config = place / "sentinel.conf"
        config.write_text(
            f"sentinel monitor {Sentinels.SERVICE} 127.0.0.1 {master.port} {count // 2 + 1}\n"
            f"sentinel down-after-milliseconds {Sentinels.SERVICE} 500\n"
            f"sentinel failover-timeout {Sentinels.SERVICE} 3000\n"
        )
        watchers.append(PrivateRedis(directory=place, config=config, sentinel=True))
    with _running([master, replica]):
        await command(replica, "REPLICAOF", "127.0.0.1", master.port)
        await until(lambda: _follows(replica))
        with _running(watchers):
            made = Sentinels(master, replica, watchers)

            async def known() -> bool:
                for sentinel in watchers:
                    reply = await command(sentinel, "SENTINEL", "master", Sentinels.SERVICE)
                    about = cast("dict[bytes, bytes]", reply) if isinstance(reply, dict) else _pairs(reply)
                    if (about[b"num-slaves"], about[b"num-other-sentinels"]) != (b"1", b"%d" % (count - 1)):
                        return False
                return True

            await until(known)
            yield made


def _pairs(reply: object) -> dict[bytes, bytes]:
    flat = cast("list[bytes]", reply)
    return dict(zip(flat[::2], flat[1::2], strict=True))


class Certificates:
    """An authority that is thrown away, and what it has signed; made by openssl."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.authority = self._path("ca.pem")
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=A test's authority",
            "-keyout", str(self._path("ca.key")), "-out", str(self.authority),
        )  # fmt: skip

    def sign(self, name: str, alternative: str) -> tuple[Path, Path]:
        """Return a certificate for a name or an address (as `IP:127.0.0.1`), and its key."""
        certificate, key, request = self._path(f"{name}.pem"), self._path(f"{name}.key"), self._path(f"{name}.csr")
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request)
        )
        extensions = self._path(f"{name}.ext")
        extensions.write_text(f"subjectAltName={alternative}\n")
        self._openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.authority), "-CAkey", str(self._path("ca.key")),
            "-CAcreateserial", "-days", "2", "-out", str(certificate), "-extfile", str(extensions),
        )  # fmt: skip
        return certificate, key

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


@asynccontextmanager
async def behind_tls(
    server: PrivateRedis, certificate: tuple[Path, Path], *, clients: Path | None = None
) -> AsyncIterator[int]:
    """Yield a port on which *server* is reached by TLS alone; with *clients*, by those that this authority signed.

    The packaged servers are built without TLS, so it ends before the server, as with stunnel or a cloud's proxy.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    tasks: set[asyncio.Task[None]] = set()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", server.port)
            async with anyio.create_task_group() as both:
                both.start_soon(pump, reader, ours)
                both.start_soon(pump, theirs, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            tasks.discard(task)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
