"""When a request is made again, after how long, and what ends that."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import anyio
import pytest

from tests.unit.telnyx.timing import Quick, Time
from worker.telnyx.errors import (
    ApiError,
    DeadlineError,
    HeldBackError,
    NetworkError,
    NotSentError,
    TelnyxError,
    UnsendableError,
    api_error,
    error_class,
)
from worker.telnyx.operation import OperationClass as Kind
from worker.telnyx.retries import BACKOFF_SECS, backoff, may_repeat, repeat


class NoPause(random.Random):
    """Chance that never makes a repetition wait."""

    def uniform(self, a: float, _: float) -> float:
        return a


class Request:
    """Fails with each of *errors* in turn, then answers."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def always(_: TelnyxError) -> bool:
    return True


async def repeated(
    request: Callable[[], Awaitable[str]],
    time: Time,
    *,
    for_secs: float = 20,
    again: Callable[[TelnyxError], bool] = always,
) -> str:
    return await repeat(request, for_secs=for_secs, again=again, jitter=NoPause(), now=time.now, sleep=time.sleep)


def answered(status: int, code: str = "", **headers: str) -> ApiError:
    content = f'{{"errors":[{{"code":"{code}","title":"x"}}]}}'.encode()
    return api_error(status, content, {k.replace("_", "-"): v for k, v in headers.items()}.get)


LOST = NetworkError("lost")
REFUSED = NotSentError("refused")
PASSING = [answered(500), answered(503), answered(408), answered(409, "10036"), answered(400, "90041"), LOST]
FINAL = [answered(401), answered(403), answered(404), answered(422, "90018"), answered(422, "90034"), answered(302),
         UnsendableError("x")]  # fmt: skip
WITHOUT_EFFECT = [answered(429), answered(429, "90103"), REFUSED, HeldBackError(1)]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("key", [True, False])
def test_what_was_certainly_not_carried_out_is_sent_again_whatever_it_is(kind: Kind, key: bool) -> None:
    assert all(may_repeat(kind, key=key, error=error) for error in WITHOUT_EFFECT)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("key", [True, False])
def test_what_was_refused_for_good_is_never_sent_again(kind: Kind, key: bool) -> None:
    assert not any(may_repeat(kind, key=key, error=error) for error in FINAL)


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_what_may_have_been_carried_out_is_sent_again_only_where_that_does_no_harm(error: TelnyxError) -> None:
    may = {(kind, key) for kind in Kind for key in (True, False) if may_repeat(kind, key=key, error=error)}
    harmless = {(kind, key) for kind in (Kind.READ, Kind.SET_LIKE, Kind.DELETE_LIKE) for key in (True, False)}
    assert may == harmless | {(Kind.KEYED, True)}


async def test_it_goes_on_until_there_is_an_answer() -> None:
    time, request = Quick(), Request(LOST, answered(503), REFUSED)
    assert await repeated(request, time) == "answer"
    assert request.tries == 4


async def test_without_time_it_is_made_once() -> None:
    request = Request(LOST)
    with pytest.raises(NetworkError):
        await repeated(request, Quick(), for_secs=0)
    assert request.tries == 1


async def test_what_may_not_be_made_again_is_not() -> None:
    request = Request(LOST)
    with pytest.raises(NetworkError):
        await repeated(request, Quick(), again=lambda _: False)
    assert request.tries == 1


async def test_another_error_than_telnyxs_is_nobodys_to_repeat() -> None:
    request = Request(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await repeated(request, Quick())
    assert request.tries == 1


@pytest.mark.parametrize(
    ("error", "secs"),
    [
        (answered(429, retry_after="7"), 7),
        (answered(503, retry_after="2.5"), 2.5),
        (answered(429, retry_after="3", x_ratelimit_reset="9"), 3),
        (answered(429, x_ratelimit_reset="9"), 9),
        (answered(429, x_ratelimit_reset="9", x_ratelimit_remaining="0"), 9),
        # Dials are limited otherwise than the window, which is not used up here.
        (answered(429, "90103", x_ratelimit_reset="9", x_ratelimit_remaining="70"), 0),
        # Every answer tells when the window ends; that says nothing of when Telnyx is well again.
        (answered(503, x_ratelimit_reset="9", x_ratelimit_remaining="0"), 0),
        (answered(503, retry_after="Wed, 21 Oct 2026 07:28:05 GMT", date="Wed, 21 Oct 2026 07:28:00 GMT"), 5),
        (answered(503, retry_after="Wed, 21 Oct 2026 07:28:05 GMT"), 0),
        (answered(503, retry_after="soon", date="Wed, 21 Oct 2026 07:28:00 GMT"), 0),
        (answered(503, retry_after="-4"), 0),
        (LOST, 0),
    ],
    ids=repr,
)
async def test_it_waits_as_long_as_the_answer_asks_for(error: TelnyxError, secs: float) -> None:
    time = Quick()
    await repeated(Request(error), time)
    assert time.slept == [secs]


async def test_it_does_not_wait_for_what_would_be_too_late() -> None:
    time, request = Quick(), Request(answered(429, retry_after="30"))
    with pytest.raises(ApiError):
        await repeated(request, time, for_secs=20)
    assert (request.tries, time.slept) == (1, [])


async def test_the_time_is_for_all_tries_and_the_last_error_is_told() -> None:
    time = Quick()
    request = Request(*(answered(503, retry_after=str(n)) for n in range(3, 100)))
    with pytest.raises(ApiError) as caught:
        await repeated(request, time, for_secs=20)
    assert time.slept == [3, 4, 5, 6]
    assert caught.value.retry_after_secs == 7


async def test_a_try_that_takes_too_long_is_cut_off_and_what_came_before_is_told() -> None:
    class Slow(Request):
        async def __call__(self) -> str:
            if self.errors:
                return await super().__call__()
            await anyio.sleep_forever()
            raise AssertionError

    with anyio.fail_after(10), pytest.raises(DeadlineError, match=r"within the 0\.03 s .* before it: .* 503"):
        await repeated(Slow(answered(503)), Quick(), for_secs=0.03)


async def test_a_try_that_began_in_time_may_be_given_all_of_its_own_time() -> None:
    time = Quick()

    class Slow(Request):
        async def __call__(self) -> str:
            await anyio.sleep(0.03)
            time.at += 3
            return await super().__call__()

    request = Slow(*(answered(503) for _ in range(9)))
    with anyio.fail_after(10), pytest.raises(ApiError):
        await repeat(request, for_secs=0.01, again=always, jitter=NoPause(), try_secs=5, now=time.now, sleep=time.sleep)
    assert request.tries == 1


async def test_each_error_after_which_it_goes_on_is_told() -> None:
    time, heard, errors = Quick(), list[TelnyxError](), [answered(503), LOST, answered(404)]
    with pytest.raises(ApiError):
        await repeat(
            Request(*errors), for_secs=9, again=lambda e: e is not errors[2], jitter=NoPause(), heard=heard.append,
            now=time.now, sleep=time.sleep,
        )  # fmt: skip
    assert heard == errors[:2]


async def test_who_cancels_it_from_outside_is_obeyed() -> None:
    async def stall() -> str:
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(repeated, stall, Quick())
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    with pytest.raises(TimeoutError), anyio.fail_after(0.01):
        await repeated(stall, Quick())


@pytest.mark.parametrize("pausing", [True, False])
async def test_a_task_that_is_cancelled_ends_in_a_try_and_in_a_pause(pausing: bool) -> None:
    async def stall() -> str:
        if not pausing:
            await anyio.sleep_forever()
        raise answered(503, retry_after="5")

    task = asyncio.ensure_future(repeated(stall, Time()))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_cancellation_at_the_very_deadline_is_not_taken_for_it() -> None:
    async def stall() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            task.cancel()
        raise AssertionError

    task = asyncio.ensure_future(repeated(stall, Quick(), for_secs=0.01))
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("tries", [0, 1, 4, 5, 10, 1_000, 100_000])
def test_the_pause_is_by_chance_below_a_bound_that_doubles(tries: int) -> None:
    least, most = BACKOFF_SECS
    bound = min(most, least * 2 ** min(tries, 30))
    pauses = [backoff(tries, random.Random(seed)) for seed in range(200)]
    assert 0 <= min(pauses) < bound / 10
    assert bound * 0.9 < max(pauses) <= bound


def test_every_status_that_says_too_many_is_known_to_have_had_no_effect() -> None:
    assert issubclass(HeldBackError, error_class(429))
