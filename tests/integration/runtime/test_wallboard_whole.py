"""The wallboard beside a whole centre: what it shows while callers are served, and that a replay shows the same."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from msgspec.structs import replace
from redis.asyncio import Redis

from ingress.envelope import AGGREGATE_KINDS
from ingress.intents import model as i
from ingress.log import Keys, Partition
from tests.integration.runtime.conftest import PARTITIONS
from tests.integration.runtime.whole import whole
from worker.console.watching.board import Board, Boards
from worker.replay.source import LogReader
from worker.runtime.published import Published
from worker.testing.emulator.settings import EmulatorSettings
from worker.views.model import AnyView
from worker.views.views import view_of

SETTINGS = EmulatorSettings(
    webhook_url="", api_key="KEYtest", seed=3, characters_per_sec=1000, answer_secs=0.01, saving_secs=0.01
)


async def test_the_board_follows_callers_and_agents_and_a_replay_shows_the_same(
    redis: Redis, redis_url: str, keys: Keys
) -> None:
    boards = Boards(redis, keys)
    async with whole(redis, redis_url, keys, SETTINGS) as centre:

        async def shows(so: Callable[[Board], object]) -> Board:
            with anyio.fail_after(20):
                while True:
                    board = await boards.read("default")
                    if so(board):
                        return board
                    await anyio.sleep(0.05)

        await shows(lambda b: sorted(a.state for a in b.agents) == ["available", "available"])
        callers = [centre.ring(talk_secs=60), centre.ring(talk_secs=60), centre.ring(talk_secs=60)]
        board = await shows(
            lambda b: b.queues and b.queues[0].waiting == 1 and [a.state for a in b.agents] == ["busy", "busy"]
        )
        (queue,) = board.queues
        assert (queue.talking, queue.agents, queue.counts.answered) == (2, {"busy": 2}, 2)
        assert [caller.position for caller in queue.callers] == [1]
        board = await shows(
            lambda b: all({p.role for p in c.participants} == {"agent", "caller"} for c in b.conferences)
        )
        assert {each.conference for each in board.agents} == {each.conference for each in board.conferences}
        await centre.ask(i.Hold("alice"))
        await shows(lambda b: [c.held for c in b.conferences if c.agent == "alice"] == [True])
        await centre.ask(i.SetAgentState("bob", "paused", "lunch"))
        board = await shows(lambda b: b.agents[1].pending == "paused")
        assert board.agents[1].state == "busy"
        for caller in callers:
            centre.emulator.world.hangup(caller, cause="normal_clearing", source="caller")
        board = await shows(
            lambda b: b.queues[0].waiting == 0 and [a.state for a in b.agents] == ["available", "paused"]
        )
        assert (board.partitions.owned, board.unpublished) == (PARTITIONS, 0)
        assert board.queues[0].counts.service_level == 1.0
        await _agrees(redis, keys)


async def _agrees(redis: Redis, keys: Keys) -> None:
    """Wait until what is published is what a replay of the log comes to."""
    reader, published = LogReader(redis, keys), Published(redis, keys, PARTITIONS)
    with anyio.fail_after(20):
        while True:
            replayed: dict[tuple[str, str], AnyView] = {}
            for number in range(PARTITIONS):
                ledger, _ = await reader.state(Partition(number))
                views = (view_of(state) for state in ledger.aggregates.values())
                replayed |= {(view.kind, view.name): view for view in views if view is not None}
            shown = [v for kind in AGGREGATE_KINDS for v in (await published.listing("default", kind)).views]
            if {(view.kind, view.name): replace(view, as_of_ms=0) for view in shown} == replayed:
                return
            await anyio.sleep(0.1)
