"""Tenants share partitions: what is wrong with one's account holds up none of the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import anyio

from ingress.envelope import Address
from ingress.log import Partition
from tests.integration.runtime.conftest import Bench, until
from worker.commands import command as c
from worker.events.outcomes import Outcome, Refused
from worker.replay.source import LogReader

MOST = 20
WHERE = Partition(3)
CALLERS = 30


def callers(bench: Bench, tenant: str) -> Iterator[str]:
    """Yield callers of a tenant whose events are in one partition with the other's."""
    names = (f"{tenant}-{number}" for number in itertools.count())
    return (name for name in names if bench.log.partition_of(Address(tenant, "call", name)) == WHERE)


def asked(bench: Bench, call: str) -> bool:
    return any(command == c.Answer(call) for _, command, _ in bench.phone.sent)


async def refusals(bench: Bench, tenant: str) -> set[str]:
    """Return the callers whose answer the log says was refused."""
    refused = set()
    async for step in LogReader(bench.redis, bench.keys).steps(WHERE):
        body = step.event.body
        if step.event.address.tenant == tenant and isinstance(body, Outcome) and isinstance(body.result, Refused):
            assert isinstance(body.command, c.Answer)
            refused.add(body.command.call)
    return refused


async def test_a_refused_account_does_not_stop_its_neighbours_and_its_oldest_commands_end_refused(bench: Bench) -> None:
    bench.others = ("revoked",)
    bench.phone.refuse = lambda command: isinstance(command, c.Answer) and command.call.startswith("revoked")
    revoked, neighbours = callers(bench, "revoked"), callers(bench, "default")
    names = list(itertools.islice(revoked, CALLERS))
    async with bench.worker("a", max_waiting_commands=MOST) as a:
        for name in names:
            await bench.ring(name, tenant="revoked")
        await until(lambda: asked(bench, names[-1]))
        healthy = next(neighbours)
        await bench.ring(healthy)
        await until(lambda: asked(bench, healthy))
        given_up = set(names[: CALLERS - MOST // 2])
        with anyio.fail_after(10):
            while len(await refusals(bench, "revoked")) < len(given_up):
                await anyio.sleep(0.02)
        assert await refusals(bench, "revoked") == given_up
        held = {Address("revoked", "call", name) for name in names} - {
            Address("revoked", "call", name) for name in given_up
        }
        assert held <= {pending.address for pending in a.pending(WHERE)}
        # And so it stays, however many come.
        for _ in range(MOST):
            await bench.ring(next(revoked), tenant="revoked")
            await bench.ring(healthy := next(neighbours))
        await until(lambda: asked(bench, healthy))
        assert a.metrics.crowded._value.get() == 0
