"""One process of the centre under test, the proxies that it reaches Redis and Telnyx by, and what can be done to it."""

from __future__ import annotations

import os
import re
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable

import anyio
import anyio.to_thread

from worker.demo.processes import Process
from worker.testing.proxy import Proxy

COMMAND_ID = re.compile(rb'"command_id":"([0-9a-f-]{36})"')


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, secs: float = 30.0) -> None:
    """Wait until *condition* holds, at most *secs*."""
    with anyio.fail_after(secs):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await anyio.sleep(0.02)


class Server:
    """A process, and the proxies that it reaches Redis and Telnyx by."""

    #: The way to Telnyx; an ingress has none.
    telnyx: Proxy
    process: Process

    def __init__(self, name: str, redis: Proxy) -> None:
        self.name = name
        self.redis = redis
        self._sent: defaultdict[int, bytearray] = defaultdict(bytearray)

    def hear(self, connection: int, data: bytes) -> None:
        """Note what goes to Telnyx."""
        self._sent[connection] += data

    @property
    def commands(self) -> list[str]:
        """The id of every command that was sent, as often as it was."""
        return [name.decode() for sent in self._sent.values() for name in COMMAND_ID.findall(sent)]

    async def kill(self) -> None:
        """End it as a crash would."""
        await anyio.to_thread.run_sync(self.process.kill)

    async def end(self) -> int:
        """Tell it to end, and return its exit status."""
        return await anyio.to_thread.run_sync(self.process.end)

    def pause(self) -> None:
        """Stop it where it is."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def mark(self) -> int:
        """Return where its log is, for `said`."""
        return self.process.log.stat().st_size

    def said(self, *events: str, since: int = 0) -> int:
        """Return how often it has said one of *events* in its log."""
        lines = self.process.log.read_bytes()[since:].splitlines()
        return sum(any(f'"{event}"'.encode() in line for event in events) for line in lines)
