"""What operators ask of Telnyx's queues happens there, and those who wait are served all the same."""

from __future__ import annotations

import anyio
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.log import Keys
from tests.integration.runtime.test_lost_webhooks import agents, settings_of
from tests.integration.runtime.whole import Whole, whole
from worker.aggregates.queue.state import Queue as QueueState
from worker.policy.model import Tenant
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.queues import Queue


def away(tenant: Tenant) -> Tenant:
    """Return a policy in which nobody is logged in, so that callers wait."""
    staff = {name: replace(agent, log_in="self") for name, agent in tenant.agents.items()}
    return replace(tenant, agents=staff)


def at_telnyx(centre: Whole) -> Queue | None:
    return centre.emulator.telephony.queues.by_name.get("support")


def known(centre: Whole) -> list[str]:
    """Return the callers of the queue as the worker knows it."""
    queues = (s for s in centre.worker.aggregates().values() if isinstance(s, QueueState))
    return [call for queue in queues for call in queue.callers]


async def until_waiting(centre: Whole, *callers: Leg) -> None:
    with anyio.fail_after(10):
        while sorted(known(centre)) != sorted(caller.id for caller in callers):
            await anyio.sleep(0.01)


async def test_a_queue_is_prepared_for_its_first_caller_and_deleted_when_nobody_waits(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), change=away) as centre:
        await centre.ask(i.PrepareQueue("support"))
        with anyio.fail_after(10):
            while at_telnyx(centre) is None:
                await anyio.sleep(0.01)
        prepared = at_telnyx(centre)
        assert prepared is not None
        assert prepared.max_size == 400

        caller = centre.ring()
        await until_waiting(centre, caller)
        assert at_telnyx(centre) is prepared
        # Refused: somebody waits. The next one is asked after it, and so is decided after it.
        await centre.ask(i.DeleteQueue("support"))
        await centre.ask(i.SetAgentState("alice", "available"))
        await centre.served([caller])
        await until_waiting(centre)
        assert at_telnyx(centre) is prepared

        await centre.ask(i.DeleteQueue("support"))
        with anyio.fail_after(10):
            while at_telnyx(centre) is not None:
                await anyio.sleep(0.01)
        late = centre.ring()
        await centre.served([late])
        made_anew = at_telnyx(centre)
        assert made_anew is not None
        assert made_anew.max_size == 400


async def test_an_entry_is_kept_of_a_caller_who_hangs_up_and_removed_when_it_is_asked(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    async with whole(redis, redis_url, keys, settings_of(), reconcile_secs=0.5, change=away) as centre:
        kept, other = centre.ring(), centre.ring()
        await until_waiting(centre, kept, other)
        queue = at_telnyx(centre)
        assert queue is not None
        await centre.ask(i.KeepEntry("support", kept.id))
        with anyio.fail_after(10):
            while not any(entry.keep_after_hangup for entry in queue.entries):
                await anyio.sleep(0.01)
        centre.emulator.world.hangup(kept, cause="normal_clearing", source="caller")
        await until_waiting(centre, other)
        assert {entry.leg.id for entry in queue.entries} == {kept.id, other.id}

        await centre.ask(i.RemoveEntry("support", kept.id))
        with anyio.fail_after(10):
            while len(queue.entries) > 1:
                await anyio.sleep(0.01)
        assert [entry.leg.id for entry in queue.entries] == [other.id]
        await centre.ask(i.SetAgentState("bob", "available"))
        await centre.served([other])
        assert all(agent.duty != "busy" or agent.offer for agent in agents(centre))
        assert not kept.stays
