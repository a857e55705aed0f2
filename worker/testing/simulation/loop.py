"""An asyncio event loop on virtual time: when nothing is left to do now, the clock jumps to the next timer.

Nothing in it does I/O or runs in a thread, and equal runs take equal steps. It knows which process of the simulated
world each step belongs to, so that one can be stopped between any two steps (as by SIGSTOP) or for good (SIGKILL).
"""

from __future__ import annotations

import asyncio
import heapq
import io
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any, TypeVar, cast

import anyio
from anyio._backends._asyncio import CancelScope

from ingress.errors import SwitchhookError

T = TypeVar("T")

#: So many steps without a jump of the clock mean that something goes round in a circle.
MOST_STEPS_AT_ONCE = 200_000


class StuckError(SwitchhookError):
    """Raised when everything waits and nothing is scheduled, or when the time does not go on; says who waits where."""


class Process:
    """A process of the simulated world, whose steps can be withheld."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = 0
        self.running = True
        #: It takes no step any more, but to be cleared away when the world is over.
        self.dead = False
        #: Steps that became due while it did not run, in their order.
        self.withheld: list[asyncio.Handle] = []
        #: What it was about to send when it was stopped within a step; None: it is not.
        self.unsent: list[Callable[[], None]] | None = None
        self._at_step: int | None = None
        self._at_sending: tuple[str, Callable[[], None]] | None = None
        self._action: Callable[[], None] = lambda: None

    def after_steps(self, steps: int, action: Callable[[], None]) -> None:
        """Do *action* before the process has taken so many more steps than one."""
        self._at_step, self._action = self.steps + steps, action

    def die(self) -> None:
        """End it for good."""
        self.stop()
        self.dead = True
        self._at_step = None

    def before_sending(self, what: str, action: Callable[[], None]) -> None:
        """Do *action* when the process is about to send *what* the next time."""
        self._at_sending = (what, action)

    def stop(self) -> None:
        """Let it take no step, and send nothing from here on, also if it is in the middle of a step."""
        self.running = False
        self.unsent = []

    def about_to_send(self, what: str) -> None:
        """Say what is about to be sent."""
        if self._at_sending is not None and self._at_sending[0] == what:
            action, self._at_sending = self._at_sending[1], None
            action()

    def may_step(self) -> bool:
        """Count a step; return whether it may be taken now."""
        if self._at_step is not None and self.steps >= self._at_step:
            self._at_step = None
            self._action()
        if self.running:
            self.steps += 1
        return self.running


def send_out(what: str, send: Callable[[], None]) -> None:
    """Let the process whose step this is send something: at once, or when it goes on."""
    process = process_of.get()
    if process is not None:
        process.about_to_send(what)
    if process is not None and process.unsent is not None:
        process.unsent.append(send)
    else:
        send()


#: The process that a task belongs to; none: the world outside.
process_of: ContextVar[Process | None] = ContextVar("process_of", default=None)


class OrderedTask(asyncio.Task[T]):
    """A task whose hash is its number: anyio keeps tasks in sets, and cancels them in the order of those."""

    def __init__(self, coro: Coroutine[Any, Any, T], *, loop: VirtualLoop, **options: Any) -> None:
        self._number = next(loop.task_numbers)
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop. `time` starts at 0."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self.task_numbers = itertools.count()
        self._now = 0.0
        self._at_once = 0
        self._failure: BaseException | None = None
        self._ending = False
        #: Processes that steps have been withheld from, in the order of that.
        self._stopped: dict[Process, None] = {}
        self.set_task_factory(cast("Any", _make_task))

    def time(self) -> float:
        """Return the virtual seconds since the start."""
        return self._now

    def resume(self, process: Process) -> None:
        """Let *process* go on with what has become due meanwhile."""
        process.running = True
        unsent, process.unsent = process.unsent, None
        for send in () if process.dead else unsent or ():
            send()
        withheld, process.withheld = process.withheld, []
        self._ready.extend(withheld)

    def _run_once(self) -> None:
        """Take all steps that are due now; the base class calls this for ever."""
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._ready:
            if not self._scheduled:
                raise self._ended_by(StuckError(f"everything waits, and nothing is scheduled:\n{self._stacks()}"))
            self._now = max(self._now, self._scheduled[0].when())
            self._at_once = 0
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._scheduled))
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if handle.cancelled():
                continue
            process = handle._context.get(process_of)  # type: ignore[attr-defined]  # noqa: SLF001
            if process is not None and not self._ending and not process.may_step():
                self._stopped[process] = None
                process.withheld.append(handle)
                continue
            handle._run()  # noqa: SLF001
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise self._ended_by(failure)
        self._at_once += 1
        if self._at_once > MOST_STEPS_AT_ONCE:
            raise self._ended_by(StuckError(f"the time stands at {self._now:g} s:\n{self._stacks()}"))

    def _ended_by(self, failure: BaseException) -> BaseException:
        """Let every process go on, so that all can be cleared away."""
        self._ending, self._at_once = True, 0
        for process in self._stopped:
            self.resume(process)
        return failure

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """End the run with what nobody handled."""
        failure = context.get("exception")
        self._failure = failure if isinstance(failure, BaseException) else StuckError(str(context.get("message")))

    def _stacks(self) -> str:
        text = io.StringIO()
        for task in sorted(asyncio.all_tasks(self), key=hash):
            task.print_stack(limit=4, file=text)
        return text.getvalue()

    def _process_events(self, event_list: list[object]) -> None:
        raise NotImplementedError("a virtual loop does no I/O")

    def _write_to_self(self) -> None:
        """Nothing waits outside."""


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run *main* on a virtual loop, and return what it returns.

    Raises:
        StuckError: It would wait for ever.
    """
    # anyio keeps the scopes within a scope in a set too. Each is hosted by another task, which gives them an order.
    CancelScope.__hash__ = _hash_of_scope  # type: ignore[assignment]
    try:
        return anyio.run(main, backend_options={"loop_factory": VirtualLoop})
    finally:
        del CancelScope.__hash__


def _hash_of_scope(scope: Any) -> int:
    return hash(scope._host_task)  # noqa: SLF001


def _make_task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T], context: Context | None = None
) -> OrderedTask[T]:
    assert isinstance(loop, VirtualLoop)
    return OrderedTask(coro, loop=loop, context=context)
