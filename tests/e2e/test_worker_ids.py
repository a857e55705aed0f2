"""Two workers with one id, and a worker that is started again under the id of one that was killed."""

from __future__ import annotations

from functools import partial

import anyio
import anyio.to_thread

from worker.demo.processes import Processes

#: Telnyx is not there, and not waited for.
WORKER = {"SWITCHHOOK_WORKER_ID": "w", "SWITCHHOOK_API_BASE": "http://127.0.0.1:9", "SWITCHHOOK_DRAIN_SECS": "0"}


async def test_the_second_ends_with_status_2_and_a_sentence_and_the_first_goes_on(processes: Processes) -> None:
    # Long enough for a busy machine: the first has to beat within half of it.
    common = {**WORKER, "SWITCHHOOK_LEASE_SECS": "4"}
    first = processes.start("first", "worker", **common)
    await first.line("worker w ready")
    second = processes.start("second", "worker", **common)
    with anyio.fail_after(30):
        assert await anyio.to_thread.run_sync(second.wait, abandon_on_cancel=True) == 2
    said = second.log.read_text().splitlines()[-1]
    assert said.startswith("switchhook worker: another worker with the id w is running: give each its own with --id")
    assert "partition.fenced" not in first.log.read_text()
    assert first.end() == 0


async def test_one_that_was_killed_is_started_again_under_its_id_at_once(processes: Processes) -> None:
    start = partial(processes.start, "w", "worker", **WORKER)
    killed = start()
    await killed.line("worker w ready")
    killed.kill()
    await start().line("worker w ready")
