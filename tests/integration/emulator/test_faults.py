"""What goes wrong with requests: on demand for the next ones, and by chance, the same for the same seed."""

from __future__ import annotations

import aiohttp
import anyio
import pytest

from tests.integration.conftest import Receiver
from tests.integration.emulator.conftest import answered, refused, told
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import NetworkError, ServerError, TelnyxError
from worker.telnyx.queues.bodies import CreateBody
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.server import Emulator, serve
from worker.testing.emulator.settings import Conditions, EmulatorSettings


async def change(emulator: Emulator, changes: dict[str, object]) -> tuple[int, str]:
    """Change the conditions as anybody would who uses the emulator."""
    url = f"{emulator.base}/emulator/conditions"
    async with aiohttp.ClientSession() as http, http.patch(url, json=changes) as response:
        return response.status, await response.text()


async def outcome(line: TelnyxClient) -> str:
    """Ask once, and return what became of it."""
    try:
        await line.queues.create(CreateBody(queue_name="q"))
    except ServerError as exc:
        return str(exc.status)
    except NetworkError:
        return "reset"
    except TelnyxError as exc:
        return type(exc).__name__
    return "ok"


async def outcomes(settings: EmulatorSettings, count: int = 40) -> list[str]:
    """Return what becomes of so many requests to an emulator of its own."""
    async with serve(settings) as emulator, TelnyxClient("KEYtest", base_url=emulator.api_base) as line:
        return [await outcome(line) for _ in range(count)]


@pytest.mark.parametrize(("status", "code"), [(500, "10007"), (503, "10007"), (422, "90034")])
async def test_the_next_requests_of_an_operation_are_refused_without_effect(
    still: Emulator, line: TelnyxClient, status: int, code: str
) -> None:
    still.api.faults.add(Fault("calls enqueue", "refuse", times=2, status=status, code=code))
    leg = answered(still)
    for _ in range(2):
        with refused(status, code):
            await line.calls.enqueue(leg.id, EnqueueBody(queue_name="q"))
        assert leg.queue is None
        assert await line.calls.retrieve(leg.id)
    await line.calls.enqueue(leg.id, EnqueueBody(queue_name="q"))
    assert leg.queue == "q"


@pytest.mark.parametrize(("kind", "queue"), [("reset-before", None), ("reset-after", "q")])
async def test_a_connection_breaks_before_or_after_the_effect(
    still: Emulator, line: TelnyxClient, kind: str, queue: str | None
) -> None:
    still.api.faults.add(Fault("*", kind))  # type: ignore[arg-type]
    leg = answered(still)
    with pytest.raises(NetworkError):
        await line.calls.enqueue(leg.id, EnqueueBody(queue_name="q"))
    assert leg.queue == queue


async def test_a_command_is_accepted_and_does_nothing(still: Emulator, line: TelnyxClient, receiver: Receiver) -> None:
    still.api.faults.add(Fault("*", "no-effect"))
    leg = answered(still)
    # Passed over: an answer that says more than "ok" would say that nothing was done.
    assert (await line.calls.retrieve(leg.id)).is_alive
    assert (await line.calls.enqueue(leg.id, EnqueueBody(queue_name="q"))).result == "ok"
    assert leg.queue is None
    assert await told(still, receiver, "call.enqueued") == []


@pytest.mark.parametrize(
    ("condition", "expected", "queues"),
    [
        ("too_many", {"RateLimitedError"}, 0),
        ("failing", {"500", "502", "503"}, 0),
        ("reset_before", {"reset"}, 0),
        ("reset_after", {"reset"}, 1),
    ],
)
async def test_a_share_of_one_is_every_request(
    still: Emulator, line: TelnyxClient, condition: str, expected: set[str], queues: int
) -> None:
    await change(still, {condition: 1})
    assert await outcome(line) in expected
    assert len(still.telephony.queues.by_name) == queues


async def test_by_chance_commands_do_nothing_and_reads_go_well(still: Emulator, line: TelnyxClient) -> None:
    await change(still, {"no_effect": 1})
    leg = answered(still)
    await line.calls.hangup(leg.id)
    assert (await line.calls.retrieve(leg.id)).is_alive


async def test_the_same_seed_gives_the_same_faults_and_another_others(still_settings: EmulatorSettings) -> None:
    conditions = Conditions(too_many=0.2, failing=0.2, reset_before=0.2)
    settings = EmulatorSettings(
        webhook_url=still_settings.webhook_url, api_key="KEYtest", speed=0, seed=7, conditions=conditions
    )
    first, again = await outcomes(settings), await outcomes(settings)
    assert first == again
    assert len(set(first)) > 3
    other = EmulatorSettings(
        webhook_url=still_settings.webhook_url, api_key="KEYtest", speed=0, seed=8, conditions=conditions
    )
    assert await outcomes(other) != first


async def test_conditions_change_while_it_runs_and_what_is_not_named_stays(still: Emulator, line: TelnyxClient) -> None:
    assert (await change(still, {"failing": 1, "late_secs": 5}))[0] == 200
    assert await outcome(line) in ("500", "502", "503")
    assert (await change(still, {"failing": 0}))[0] == 200
    assert await outcome(line) == "ok"
    assert still.delivery.conditions == Conditions(late_secs=5)


@pytest.mark.parametrize("changes", [{"failing": 2}, {"failing": "often"}, {"falling": 1}])
async def test_a_condition_that_there_is_not_changes_nothing(still: Emulator, changes: dict[str, object]) -> None:
    status, text = await change(still, {"lost": 1, **changes})
    assert status == 400
    assert next(iter(changes)) in text
    assert still.delivery.conditions == Conditions()


async def test_a_request_takes_as_long_as_is_set(still: Emulator) -> None:
    await change(still, {"latency_secs": 5})
    async with TelnyxClient("KEYtest", base_url=still.api_base, request_secs=0.2) as line:
        assert await outcome(line) == "reset"
    assert still.telephony.queues.by_name == {}


async def test_who_gives_up_early_finds_it_done_and_disturbs_nobody(
    still: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    await change(still, {"latency_secs": 0.5})
    async with TelnyxClient("KEYtest", base_url=still.api_base, request_secs=0.2) as hasty:
        assert await outcome(hasty) == "reset"
    host, _, port = still.base.removeprefix("http://").rpartition(":")
    stream = await anyio.connect_tcp(host, int(port))
    await stream.send(b"POST /v2/queues HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    await stream.aclose()
    with anyio.fail_after(10):
        while "q" not in still.telephony.queues.by_name:
            await anyio.sleep(0.01)
    assert caplog.messages == []
