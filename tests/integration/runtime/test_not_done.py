"""A hold or a mute that Telnyx accepts and does not do is done in the end all the same."""

from __future__ import annotations

from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.test_conversations import scene, until
from worker.testing.emulator.faults import Fault


async def test_a_hold_and_a_mute_that_telnyx_does_not_do_are_commanded_anew(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with scene(redis, redis_url, keys) as there:
        faults, ask = there.centre.emulator.api.faults, there.centre.ask
        for operation in ("hold", "mute", "unhold", "unmute"):
            faults.add(Fault(f"conferences {operation}", "no-effect"))
        await ask(i.Hold("alice"))
        await ask(i.Mute("alice"))
        await until(lambda: there.part(there.caller).on_hold and there.part(there.agent).manner.muted)
        await ask(i.Hold("alice", on=False))
        await ask(i.Mute("alice", on=False))
        await until(lambda: not there.part(there.caller).on_hold and not there.part(there.agent).manner.muted)
        assert faults.armed == ()
