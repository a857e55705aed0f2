"""The model Redis as a server: connections that take time and break, scripts, reads that wait, restarts.

A request that has been sent is carried out when it arrives, whatever has become of who sent it: so a client that hears
nothing does not know what was done.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Literal

import msgspec
from redis.exceptions import NoScriptError, ResponseError

from worker.testing.simulation.loop import Process, process_of, send_out
from worker.testing.simulation.redis.commands import carry_out
from worker.testing.simulation.redis.keyspace import Keyspace
from worker.testing.simulation.redis.replies import Args, Reply
from worker.testing.simulation.redis.scripts import Script, by_sha
from worker.testing.simulation.redis.streams import Waiting, read_on

Answer = asyncio.Future[Reply]
Away = Literal["refused", "silent"]


class Weather(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong by chance on the way to Redis: shares of all requests, and seconds each way."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    latency_secs: float = 0.0002
    jitter_secs: float = 0.0004


class Link:
    """One connection. Requests and replies each keep their order."""

    def __init__(self, server: Server, owner: Process | None) -> None:
        self.owner = owner
        self.broken = False
        self._server = server
        self._unanswered: deque[Answer] = deque()
        self._next_arrival = 0.0
        self._next_reply = 0.0

    def send(self, commands: Sequence[Args]) -> list[Answer]:
        """Send commands; each answer comes, or ConnectionResetError."""
        loop = asyncio.get_running_loop()
        answers = [loop.create_future() for _ in commands]
        self._unanswered.extend(answers)
        if self.broken:
            self.cut()
            return answers
        send_out(self._server.name_of(commands[0]), lambda: self._sent(list(commands), answers))
        return answers

    def _sent(self, commands: list[Args], answers: list[Answer]) -> None:
        loop = asyncio.get_running_loop()
        self._next_arrival = max(self._next_arrival, loop.time() + self._server.latency_secs())
        loop.call_at(self._next_arrival, self._server.arrived, self, commands, answers, context=self._server.context)

    def reply(self, answer: Answer, reply: Reply | ResponseError) -> None:
        """Let a reply travel back."""
        loop = asyncio.get_running_loop()
        self._next_reply = max(self._next_reply, loop.time() + self._server.latency_secs())
        loop.call_at(self._next_reply, self._answered, answer, reply, context=self._server.context)

    def cut(self) -> None:
        """Break the connection: who waits is told."""
        self.broken = True
        for answer in self._unanswered:
            if not answer.done():
                answer.set_exception(ConnectionResetError("the connection was reset"))
                # Nobody may ask any more.
                answer.exception()
        self._unanswered.clear()

    def _answered(self, answer: Answer, reply: Reply | ResponseError) -> None:
        if self.broken:
            return
        self._unanswered.remove(answer)
        if answer.cancelled():
            return
        if isinstance(reply, ResponseError):
            answer.set_exception(reply)
            answer.exception()
        else:
            answer.set_result(reply)


class Server:
    """The server. It belongs to the world outside: *context* is that world's."""

    def __init__(self, now_ms: Callable[[], int], chance: random.Random, context: Context) -> None:
        self.context = context
        self.weather = Weather()
        self.keyspace = Keyspace(now_ms)
        self.away: Away | None = None
        self._now_ms = now_ms
        self._chance = chance
        self._known = by_sha()
        self._loaded: dict[str, Script] = {}
        self._links: list[Link] = []
        self._waiting: list[tuple[Link, Answer, Waiting]] = []
        #: What arrived while the server was silent.
        self._held_back: list[Callable[[], None]] = []
        self._triggers: list[tuple[int, Callable[[], None]]] = []

    def after_appends(self, count: int, action: Callable[[], None]) -> None:
        """Do *action* when so many more entries have been appended to streams."""
        self._triggers.append((self.keyspace.appends + count, action))

    def latency_secs(self) -> float:
        """Return how long a piece takes one way."""
        return self.weather.latency_secs + self._chance.random() * self.weather.jitter_secs

    def name_of(self, command: Args) -> str:
        """Return the name of the script that *command* runs, or the command's own."""
        script = self._known.get(command[1].decode()) if command[0] == b"EVALSHA" else None
        return command[0].decode() if script is None else script.__name__

    async def connect(self) -> Link:
        """Return a new connection.

        Raises:
            ConnectionRefusedError: Nobody listens.
        """
        await asyncio.sleep(self.latency_secs())
        owner = process_of.get()
        if self.away == "refused" or (owner is not None and owner.dead):
            raise ConnectionRefusedError(111, "nobody listens")
        link = Link(self, owner)
        if self.away == "silent":
            opened = asyncio.get_running_loop().create_future()
            self._held_back.append(lambda: None if opened.done() else opened.set_result(None))
            await opened
        self._links.append(link)
        return link

    def close(self, link: Link) -> None:
        """The client closes its connection; what it has sent still arrives."""
        link.broken = True
        if link in self._links:
            self._links.remove(link)
        self._waiting = [waiter for waiter in self._waiting if waiter[0] is not link]

    def drop(self, owner: Process) -> None:
        """Close the connections of a process that is no more; what it has sent still arrives."""
        for link in [link for link in self._links if link.owner is owner]:
            self.close(link)

    def cut_all(self) -> None:
        """Break every connection."""
        links, self._links = self._links, []
        self._waiting.clear()
        for link in links:
            link.cut()

    def go(self, away: Away) -> None:
        """Be away: `refused`, as when the process is gone; or `silent`, as when it or the network hangs."""
        self.away = away
        if away == "refused":
            self._held_back.clear()
            self.cut_all()

    def come_back(self, *, forgets_ms: int | None = None) -> None:
        """Be there again; with *forgets_ms* as another process, which lacks the changes of so long."""
        self.away = None
        if forgets_ms is not None:
            self.cut_all()
            self._loaded.clear()
            if forgets_ms:
                self.keyspace.go_back(self._now_ms() - forgets_ms)
        held_back, self._held_back = self._held_back, []
        for arrive in held_back:
            arrive()

    def arrived(self, link: Link, commands: list[Args], answers: list[Answer]) -> None:
        """Carry commands out that have come over a connection."""
        if self.away == "silent":
            self._held_back.append(lambda: self.arrived(link, commands, answers))
            return
        if self.away == "refused":
            return
        lost = self._chance.random()
        if lost < self.weather.lost_before:
            self._cut(link)
            return
        # The connection may break in the middle of a pipeline.
        breaks = lost < self.weather.lost_before + self.weather.lost_after
        count = self._chance.randint(1, len(commands)) if breaks else len(commands)
        for command, answer in zip(commands[:count], answers, strict=False):
            self._carry_out(link, command, answer)
        if breaks:
            self._cut(link)
        self._serve_waiting()

    def execute(self, args: Args) -> Reply | Waiting:
        """Carry one command out at once.

        Raises:
            ResponseError: As the server would refuse it.
        """
        match args[0].upper():
            case b"EVALSHA":
                return self._evaluate(args[1].decode(), args[2:])
            case b"SCRIPT":
                return self._load(args)
            case _:
                return carry_out(self.keyspace, args)

    def _cut(self, link: Link) -> None:
        self.close(link)
        link.cut()

    def _carry_out(self, link: Link, command: Args, answer: Answer) -> None:
        try:
            reply = self.execute(command)
        except ResponseError as refused:
            link.reply(answer, refused)
            return
        if not isinstance(reply, Waiting):
            link.reply(answer, reply)
        elif not link.broken:
            waiter = (link, answer, reply)
            self._waiting.append(waiter)
            if reply.secs:
                asyncio.get_running_loop().call_later(reply.secs, self._give_up, waiter, context=self.context)

    def _give_up(self, waiter: tuple[Link, Answer, Waiting]) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            waiter[0].reply(waiter[1], None)

    def _serve_waiting(self) -> None:
        if not self.keyspace.grown:
            return
        grown, self.keyspace.grown = self.keyspace.grown, set()
        for trigger in [trigger for trigger in self._triggers if trigger[0] <= self.keyspace.appends]:
            self._triggers.remove(trigger)
            trigger[1]()
        for waiter in list(self._waiting):
            link, answer, waiting = waiter
            if grown.isdisjoint(waiting.after):
                continue
            found = read_on(self.keyspace, waiting)
            if found is not None:
                self._waiting.remove(waiter)
                link.reply(answer, found)

    def _load(self, args: Args) -> Reply:
        if args[1].upper() == b"FLUSH":
            self._loaded.clear()
            return b"OK"
        sha = hashlib.sha1(args[2]).hexdigest()  # noqa: S324
        if sha not in self._known:
            raise NotImplementedError(
                f"the model Redis does not know this script; say it again in Python:\n{args[2]!r}"
            )
        self._loaded[sha] = self._known[sha]
        return sha.encode()

    def _evaluate(self, sha: str, args: Args) -> Reply:
        script = self._loaded.get(sha)
        if script is None:
            raise NoScriptError("No matching script. Please use EVAL.")
        count = int(args[0])
        return script(self._call, args[1 : 1 + count], args[1 + count :])

    def _call(self, *args: object) -> Reply:
        given = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
        reply = carry_out(self.keyspace, given)
        assert not isinstance(reply, Waiting)
        return reply
