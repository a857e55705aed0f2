"""A command waits for its account's circuit and for a place, and what is sent after that is still allowed then."""

from __future__ import annotations

import random

import anyio
import pytest
from aiohttp import web

from tests.integration.telnyx.answering import serving
from worker.commands import command as c
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.runtime.errors import FencedError
from worker.telnyx.breaker import Breaker, Circuit
from worker.telnyx.client import TelnyxClient
from worker.telnyx.gate import Gate
from worker.telnyx.sender import Sender
from worker.telnyx.slots import Slots
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.server import Emulator

#: Longer than any test: a probe that comes only when it is told to.
NEVER = (3600.0, 3600.0)


class NoPause(random.Random):
    """Chance that never makes a repetition wait."""

    def uniform(self, a: float, _: float) -> float:
        return a


def gated(
    client: TelnyxClient,
    *,
    failures: int = 3,
    pause_secs: tuple[float, float] = NEVER,
    slots: Slots | None = None,
    tenant: str = "t",
    try_secs: float = 3,
) -> tuple[Sender, Breaker]:
    breaker = Breaker(failures=failures, pause_secs=pause_secs)
    gate = Gate(tenant, breaker, slots or Slots(64))
    return Sender(client, gate=gate, try_secs=try_secs, jitter=NoPause()), breaker


async def result(sender: Sender, command: c.AnyCommand, *, age: float = 0.0) -> Succeeded | Refused | Unknown:
    ended = await sender.send(command, "k", epoch=7, first_tried_secs_ago=age)
    assert isinstance(ended, Outcome)
    return ended.result


def asked(emulator: Emulator) -> int:
    return sum(emulator.api.requests.values())


async def test_what_waits_at_an_open_circuit_until_its_time_is_over_was_not_sent_and_says_so(
    emulator: Emulator, client: TelnyxClient
) -> None:
    sender, breaker = gated(client, try_secs=0.2)
    emulator.api.faults.add(Fault("*", "refuse", times=3, status=503))
    first = await result(sender, c.Hangup("leg"))
    assert isinstance(first, Unknown)
    assert breaker.state is Circuit.OPEN
    assert asked(emulator) == 3
    later = await result(sender, c.Answer("leg"))
    assert later == Unknown("not sent within the 0.2 s that it had: Telnyx does not answer")
    assert asked(emulator) == 3


async def test_a_command_goes_on_by_itself_when_its_own_probe_is_answered(
    emulator: Emulator, client: TelnyxClient
) -> None:
    sender, breaker = gated(client, pause_secs=(0.01, 0.02))
    call = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.api.faults.add(Fault("*", "refuse", times=6, status=500))
    assert await result(sender, c.Answer(call.id)) == Succeeded()
    assert call.answered_at is not None
    assert breaker.state is Circuit.CLOSED
    assert asked(emulator) == 7


async def test_an_old_command_that_cannot_be_read_while_telnyx_is_away_is_not_sent(
    emulator: Emulator, client: TelnyxClient
) -> None:
    sender, _ = gated(client, try_secs=0.2)
    emulator.api.faults.add(Fault("*", "refuse", times=10, status=503))
    assert isinstance(await result(sender, c.JoinConference("room", "leg"), age=90), Unknown)
    assert {operation for operation, _ in emulator.api.requests} == {"conferences participants"}


async def test_an_account_that_is_refused_after_a_lost_answer_leaves_open_what_became_of_the_command(
    emulator: Emulator, client: TelnyxClient
) -> None:
    sender, _ = gated(client)
    call = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    emulator.api.faults.add(Fault("calls answer", "reset-after"))
    emulator.api.faults.add(Fault("*", "refuse", times=10, status=401, code="10009"))
    assert isinstance(await result(sender, c.Answer(call.id)), Unknown)
    assert call.answered_at is not None


async def test_the_fence_is_asked_before_each_request_and_ends_the_repetition(
    emulator: Emulator, client: TelnyxClient
) -> None:
    sender, _ = gated(client, failures=100)
    emulator.api.faults.add(Fault("*", "refuse", times=100, status=503))
    asks = 0

    def fence() -> None:
        nonlocal asks
        asks += 1
        if asks > 2:
            raise FencedError("the lease is over")

    with pytest.raises(FencedError):
        await sender.send(c.Hangup("leg"), "k", epoch=7, first_tried_secs_ago=0, fence=fence)
    assert asked(emulator) == 2


async def test_an_account_whose_requests_hang_leaves_the_others_their_places() -> None:
    stuck, over = 0, anyio.Event()

    async def handler(request: web.BaseRequest) -> web.Response:
        nonlocal stuck
        if "slow" in request.headers["Authorization"]:
            stuck += 1
            await over.wait()
        return web.json_response({"data": {"result": "ok"}})

    slots = Slots(4, most_per_tenant=2)
    async with (
        serving(handler) as address,
        TelnyxClient("KEYslow", base_url=address) as slow,
        TelnyxClient("KEYquick", base_url=address) as quick,
        anyio.create_task_group() as tasks,
    ):
        crawling, _ = gated(slow, slots=slots, tenant="slow", try_secs=60)
        running, _ = gated(quick, slots=slots, tenant="quick")
        for number in range(50):
            tasks.start_soon(result, crawling, c.Hangup(f"leg {number}"))
        with anyio.fail_after(10):
            while stuck < 2:
                await anyio.sleep(0.01)
            for number in range(50):
                assert await result(running, c.Hangup(f"leg {number}")) == Succeeded()
        assert stuck == 2
        tasks.cancel_scope.cancel()
        over.set()
