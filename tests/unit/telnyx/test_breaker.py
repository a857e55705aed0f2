"""While Telnyx does not answer, one request at a time finds out whether it is back, and the others wait."""

from __future__ import annotations

import random

import anyio
import pytest

from tests.unit.telnyx.timing import Time, group
from worker.telnyx.breaker import Breaker, Circuit, judged
from worker.telnyx.errors import (
    ApiError,
    AuthenticationError,
    DeadlineError,
    HeldBackError,
    NetworkError,
    NotSentError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    TelnyxError,
    UnreadableError,
    UnsendableError,
)
from worker.telnyx.gate import Gate
from worker.telnyx.operation import OperationClass
from worker.telnyx.slots import Slots

DOWN = NetworkError("nobody there")


class Longest(random.Random):
    """Chance that makes every pause as long as it can be."""

    def uniform(self, _: float, b: float) -> float:
        return b


class Telnyx:
    """Notes when each request comes, and answers as it is told to."""

    def __init__(self, *, failures: int = 3, places: int = 1000) -> None:
        self.time = Time()
        self.down: TelnyxError | None = None
        self.tries: list[float] = []
        #: While it is not set, requests get no answer.
        self.open = anyio.Event()
        self.open.set()
        self.told: list[Circuit] = []
        self.breaker = Breaker(
            failures=failures,
            pause_secs=(1, 4),
            refused_secs=30,
            changed=lambda circuit, _: self.told.append(circuit),
            jitter=Longest(),
            now=self.time.now,
            sleep=self.time.sleep,
        )

        self.gate = Gate("t", self.breaker, Slots(places))

    async def ask(self) -> str:
        async with self.gate.passage(OperationClass.KEYED):
            self.tries.append(self.time.at)
            await self.open.wait()
            if self.down is not None:
                raise self.down
            return "answer"

    def state(self) -> Circuit:
        return self.breaker.state

    async def asked(self, count: int) -> list[str]:
        """Ask one after the other, and return what each came to."""
        ends = []
        for _ in range(count):
            try:
                ends.append(await self.ask())
            except TelnyxError as error:
                ends.append(type(error).__name__)
        return ends

    async def insist(self) -> None:
        """Ask until there is an answer."""
        while True:
            try:
                await self.ask()
            except TelnyxError:
                continue
            return


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (NetworkError("x"), "fails"), (DeadlineError("x"), "fails"), (NotSentError("x"), "fails"),
        (ServerError(500), "fails"), (ServerError(503, "10007"), "fails"),
        (AuthenticationError(401, "10009"), "refused"), (PermissionDeniedError(403, "20012"), "refused"),
        (PermissionDeniedError(403, "10010"), "works"), (RateLimitedError(429, "10011"), "works"),
        (ApiError(422, "90018"), "works"), (ApiError(404, "10005"), "works"), (UnreadableError("x"), "works"),
        (HeldBackError(3), "none"), (UnsendableError("x"), "none"),
    ],
    ids=str,
)  # fmt: skip
def test_only_what_is_no_answer_or_a_5xx_speaks_against_telnyx(error: TelnyxError, verdict: str) -> None:
    assert judged(error) == verdict


async def test_failures_that_are_not_in_a_row_open_nothing() -> None:
    telnyx = Telnyx(failures=3)
    for _ in range(5):
        telnyx.down = DOWN
        await telnyx.asked(2)
        telnyx.down = ApiError(422, "90018")
        await telnyx.asked(1)
    assert telnyx.told == []


async def test_refusals_of_what_is_asked_for_open_nothing() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = ApiError(422, "90034")
    assert await telnyx.asked(20) == ["ApiError"] * 20
    assert telnyx.state() is Circuit.CLOSED


async def test_while_it_is_open_one_at_a_time_asks_after_pauses_that_grow_to_a_bound() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    assert telnyx.state() is Circuit.OPEN
    telnyx.tries.clear()
    async with group() as tasks:
        for _ in range(50):
            tasks.start_soon(telnyx.insist)
        await telnyx.time.passes(20)
        assert telnyx.tries == [1001, 1003, 1007, 1011, 1015, 1019]
        telnyx.down = None
        await telnyx.time.passes(4)
    assert telnyx.tries[6] == 1023
    assert len(telnyx.tries) == 6 + 50
    assert telnyx.state() is Circuit.CLOSED


async def test_after_it_has_been_closed_the_pauses_begin_anew() -> None:
    telnyx = Telnyx(failures=3)
    for _ in range(2):
        telnyx.down = DOWN
        await telnyx.asked(3)
        telnyx.tries.clear()
        began = telnyx.time.at
        async with group() as tasks:
            tasks.start_soon(telnyx.insist)
            await telnyx.time.passes(2.5)
            telnyx.down = None
            await telnyx.time.passes(1)
        assert [at - began for at in telnyx.tries] == [1, 3]


async def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.open = anyio.Event()
    ends: list[str] = []

    async def note() -> None:
        ends.extend(await telnyx.asked(1))

    async with group() as tasks:
        tasks.start_soon(note)
        await anyio.wait_all_tasks_blocked()
        slow, telnyx.open = telnyx.open, anyio.Event()
        telnyx.open.set()
        telnyx.down = DOWN
        await telnyx.asked(3)
        telnyx.down = None
        slow.set()
        await anyio.wait_all_tasks_blocked()
        assert ends == ["answer"]
        assert telnyx.state() is Circuit.OPEN


async def test_a_probe_that_is_cut_off_is_followed_by_the_next_one_after_the_same_pause() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    telnyx.down, telnyx.open = None, anyio.Event()
    telnyx.tries.clear()
    scope = anyio.CancelScope()

    async def given_up() -> None:
        with scope:
            await telnyx.ask()

    async with group() as tasks:
        tasks.start_soon(given_up)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(telnyx.insist)
        await telnyx.time.passes(1.5)
        assert telnyx.state() is Circuit.HALF_OPEN
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        assert telnyx.state() is Circuit.OPEN
        telnyx.open.set()
        await telnyx.time.passes(1)
    assert telnyx.tries == [1001, 1002.5]
    assert telnyx.state() is Circuit.CLOSED


async def test_who_gives_up_while_he_waits_for_his_turn_leaves_it_to_the_next() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    telnyx.down = None
    telnyx.tries.clear()
    impatient = anyio.CancelScope()

    async def given_up() -> None:
        with impatient:
            await telnyx.ask()

    async with group() as tasks:
        tasks.start_soon(given_up)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(telnyx.insist)
        await anyio.wait_all_tasks_blocked()
        impatient.cancel()
        await telnyx.time.passes(1)
    assert telnyx.tries == [1001]


async def test_a_request_that_was_held_back_as_a_probe_tells_nothing() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    telnyx.down = HeldBackError(5)
    async with group() as tasks:
        tasks.start_soon(telnyx.insist)
        await telnyx.time.passes(3)
        assert telnyx.state() is Circuit.OPEN
        telnyx.down = None
        await telnyx.time.passes(1)
    assert telnyx.state() is Circuit.CLOSED


async def test_a_refused_account_is_asked_again_rarely_and_nobody_waits_for_that() -> None:
    telnyx = Telnyx()
    telnyx.down = AuthenticationError(401, "10009", "Authentication failed")
    assert await telnyx.asked(10) == ["AuthenticationError"] * 10
    assert len(telnyx.tries) == 1
    await telnyx.time.passes(30)
    await telnyx.asked(10)
    assert len(telnyx.tries) == 2
    telnyx.down = None
    await telnyx.time.passes(30)
    assert await telnyx.asked(10) == ["answer"] * 10


async def test_what_was_not_sent_to_a_refused_account_says_so() -> None:
    telnyx = Telnyx()
    telnyx.down = AuthenticationError(401, "10009", "Authentication failed")
    await telnyx.asked(1)
    with pytest.raises(AuthenticationError, match="not sent, for the account was refused before") as refused:
        await telnyx.ask()
    assert (refused.value.status, refused.value.code) == (401, "10009")


async def test_who_waits_for_telnyx_learns_at_once_that_the_account_is_refused() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    telnyx.down = PermissionDeniedError(403, "20013")
    telnyx.tries.clear()
    ends: list[str] = []

    async def note() -> None:
        ends.extend(await telnyx.asked(1))

    async with group() as tasks:
        for _ in range(5):
            tasks.start_soon(note)
        await telnyx.time.passes(1)
    assert ends == ["PermissionDeniedError"] * 5
    assert len(telnyx.tries) == 1


async def test_each_change_is_told() -> None:
    telnyx = Telnyx(failures=3)
    telnyx.down = DOWN
    await telnyx.asked(3)
    async with group() as tasks:
        tasks.start_soon(telnyx.insist)
        await telnyx.time.passes(1)
        telnyx.down = None
        await telnyx.time.passes(2)
    opened, probed, closed = Circuit.OPEN, Circuit.HALF_OPEN, Circuit.CLOSED
    assert telnyx.told == [opened, probed, opened, probed, closed]


async def test_who_waited_for_a_place_when_it_opened_waits_for_the_circuit() -> None:
    telnyx = Telnyx(failures=3, places=3)
    telnyx.down, telnyx.open = DOWN, anyio.Event()
    async with group() as tasks:
        for _ in range(50):
            tasks.start_soon(telnyx.insist)
        await anyio.wait_all_tasks_blocked()
        assert len(telnyx.tries) == 3
        telnyx.open.set()
        await telnyx.time.passes(4)
        assert telnyx.tries[3:] == [1001, 1003]
        telnyx.down = None
        await telnyx.time.passes(4)
    assert telnyx.state() is Circuit.CLOSED
