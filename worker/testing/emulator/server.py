"""Serves an emulator: inside a program (`serve`) or as a process of its own (`run`)."""

from __future__ import annotations

import base64
import binascii
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
from aiohttp import web
from nacl.signing import SigningKey

from ingress.errors import ConfigError
from worker.testing.emulator.actors import Actors
from worker.testing.emulator.admin import Admin
from worker.testing.emulator.api import Api
from worker.testing.emulator.clock import Clock
from worker.testing.emulator.delivery import Delivery
from worker.testing.emulator.limits import Limits
from worker.testing.emulator.misses import answer_in_json
from worker.testing.emulator.repetitions import Repetitions
from worker.testing.emulator.settings import EmulatorSettings
from worker.testing.emulator.telephony import Telephony
from worker.testing.emulator.world import World


class Emulator:
    """A running emulator."""

    def __init__(self, base: str, api_key: str, telephony: Telephony, actors: Actors, api: Api) -> None:
        #: Where it listens; Telnyx's surface is below /v2, the admin endpoints below /emulator.
        self.base = base
        self.api_base = f"{base}/v2"
        self.api_key = api_key
        self.telephony = telephony
        self.world = telephony.world
        self.clock = self.world.clock
        self.delivery = self.world.delivery
        self.public_key = self.delivery.public_key
        #: With it, another emulator does everything random as this one.
        self.seed = self.world.settings.seed
        self.actors = actors
        self.api = api


@asynccontextmanager
async def serve(settings: EmulatorSettings) -> AsyncIterator[Emulator]:
    """Serve an emulator for the length of a block.

    Raises:
        ConfigError: The signing seed is not base64 of 32 bytes, or the address is taken.
    """
    if settings.seed is None:
        settings = msgspec.structs.replace(settings, seed=secrets.randbits(32))
    api_key = settings.api_key or f"KEY{secrets.token_hex(16)}"
    clock = Clock(speed=settings.speed)
    async with anyio.create_task_group() as tasks:
        delivery = Delivery(settings, clock, _signing_key(settings))
        await tasks.start(delivery.run, tasks)
        tasks.start_soon(clock.run)
        telephony = Telephony(World(settings, clock, delivery))
        actors = Actors(telephony.world, settings)
        limits = Limits(settings, clock)
        repetitions = Repetitions(clock, settings.unconfirmed.duplicate_command)
        api = Api(settings, api_key, telephony.table(limits), limits=limits, repetitions=repetitions, delivery=delivery)
        app = web.Application(middlewares=[answer_in_json])
        app.add_routes([*api.routes(), *Admin(telephony, actors, api).routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, settings.host, settings.port).start()
            except OSError as exc:
                raise ConfigError(
                    f"cannot listen on {settings.host} port {settings.port} ({exc.strerror}): "
                    "name a free address of this machine with --host and --port"
                ) from None
            tasks.start_soon(actors.run)
            base = f"http://{settings.host}:{runner.addresses[0][1]}"
            yield Emulator(base, api_key, telephony, actors, api)
        finally:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()
            tasks.cancel_scope.cancel()


def run(settings: EmulatorSettings) -> int:
    """Serve an emulator until SIGTERM or SIGINT, and return the exit status. Says where it is on standard output."""
    status = 0
    try:
        anyio.run(_run, settings)
    except* ConfigError as group:
        print(f"switchhook emulator: {group.exceptions[0]}", file=sys.stderr)
        status = 2
    return status


async def _run(settings: EmulatorSettings) -> None:
    async with serve(settings) as emulator:
        print(f"API base    {emulator.api_base}")
        print(f"API key     {emulator.api_key}")
        print(f"public key  {emulator.public_key}")
        print(f"connection  {settings.connection_id}")
        print(f"seed        {emulator.seed}")
        print(f"webhooks to {settings.webhook_url}", flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
            async for _ in received:
                return


def _signing_key(settings: EmulatorSettings) -> SigningKey:
    if not settings.signing_seed:
        return SigningKey.generate()
    try:
        return SigningKey(base64.b64decode(settings.signing_seed, validate=True))
    except (binascii.Error, ValueError):
        raise ConfigError("the signing seed is not base64 of 32 bytes") from None
