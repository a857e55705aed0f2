"""Requests are held back so that Telnyx need not turn them away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
import pytest

from tests.unit.telnyx.timing import Quick, Time
from worker.telnyx.errors import HeldBackError, RateLimitedError
from worker.telnyx.pacing import MOST_SECS, Pacer


def told(**headers: float | str) -> Callable[[str], str | None]:
    """Return an answer's headers: limit, remaining, reset."""
    values = {f"x-ratelimit-{name}": str(value) for name, value in headers.items()}
    return values.get


def pacer(time: Time, *, dials_per_sec: float = 30.0) -> Pacer:
    return Pacer(dials_per_sec=dials_per_sec, now=time.now, sleep=time.sleep)


async def admitted(pacer: Pacer, time: Time, count: int, *, dial: bool = False) -> list[float]:
    """Let one after the other in, and return when each was."""
    times = []
    for _ in range(count):
        await pacer.admit(dial=dial)
        times.append(time.at)
    return times


@pytest.mark.parametrize(
    "headers",
    [{}, {"remaining": 0}, {"reset": 5}, {"limit": 0}, {"remaining": "", "reset": ""},
     {"remaining": "none", "reset": 5}, {"remaining": "nan", "reset": "inf"}, {"remaining": -1, "reset": 5},
     {"remaining": "0, 0", "reset": 5}, {"remaining": 0, "reset": 1_790_000_000}],
)  # fmt: skip
async def test_headers_that_are_missing_or_make_no_sense_hold_nothing_back(headers: dict[str, float | str]) -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(**headers))
    await admitted(paced, time, 1000)
    assert time.slept == []


async def test_when_the_window_is_used_up_the_next_request_waits_until_its_end() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=3, remaining=2, reset=7))
    assert await admitted(paced, time, 3) == [1000, 1000, 1007]


async def test_of_many_who_waited_only_as_many_go_as_the_new_window_holds() -> None:
    time = Time()
    paced = pacer(time)
    paced.heed(told(limit=3, remaining=0, reset=10))
    gone: list[float] = []

    async def go() -> None:
        await paced.admit(dial=False)
        gone.append(time.at)

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(go)
        await time.passes(9.9)
        assert gone == []
        await time.passes(0.1)
        assert gone == [1010] * 3
        # The first answer of the new window tells how much is left, and when it ends.
        paced.heed(told(limit=3, remaining=0, reset=10))
        await time.passes(9.9)
        assert len(gone) == 3
        await time.passes(0.1)
        assert len(gone) == 6
        # Nothing is answered any more: as many are tried each second.
        await time.passes(1)
    assert len(gone) == 8


async def test_without_a_limit_a_new_window_is_thought_as_large_as_the_last_was_seen_to_be() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(remaining=2, reset=4))
    assert (await admitted(paced, time, 4))[1:] == [1000, 1004, 1004]
    paced = pacer(time)
    paced.heed(told(remaining=0, reset=4))
    first, second = await admitted(paced, time, 2)
    assert second > first


async def test_answers_that_overtake_one_another_do_not_give_back_what_is_used() -> None:
    time = Quick()
    paced = pacer(time)
    for left in (5, 1, 4):
        paced.heed(told(limit=10, remaining=left, reset=7))
    assert await admitted(paced, time, 2) == [1000, 1007]


async def test_what_others_use_of_the_window_counts() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=10, remaining=9, reset=7))
    paced.heed(told(limit=10, remaining=0, reset=6))
    assert (await admitted(paced, time, 1))[0] >= 1006


async def test_an_answer_of_the_next_window_is_known_by_its_later_end() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=10, remaining=0, reset=1))
    paced.heed(told(limit=10, remaining=9, reset=60))
    assert await admitted(paced, time, 9) == [1000] * 9


async def test_windows_of_one_second_are_never_mistaken_for_one_that_does_not_end() -> None:
    time = Quick()
    paced = pacer(time)
    for second in range(20):
        for used in range(1, 6):
            await paced.admit(dial=False)
            time.at = 1000 + second + used / 10
            paced.heed(told(limit=10, remaining=10 - used, reset=1))
        time.at = 1001 + second
    assert time.slept == []


async def test_an_earlier_end_than_was_thought_is_believed() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=10, remaining=0, reset=3000))
    paced.heed(told(limit=10, remaining=0, reset=2))
    assert await admitted(paced, time, 1) == [1002]


async def test_who_would_wait_beyond_the_deadline_is_told_at_once_and_for_how_long() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=3, remaining=0, reset=30))
    with anyio.fail_after(5), pytest.raises(HeldBackError, match=r"not sent: .* used up for 30\.0 s") as caught:
        await paced.admit(dial=False)
    assert isinstance(caught.value, RateLimitedError)
    assert caught.value.retry_after_secs == 30
    assert time.slept == []


async def test_nobody_is_held_back_for_longer_than_a_minute() -> None:
    time = Quick()
    paced = pacer(time)
    paced.heed(told(limit=3, remaining=0, reset=MOST_SECS + 1))
    with pytest.raises(HeldBackError):
        await paced.admit(dial=False)
    assert time.slept == []


async def test_150_dials_go_out_in_any_five_seconds_and_other_requests_pass_them() -> None:
    time = Quick()
    paced = pacer(time)
    times = await admitted(paced, time, 400, dial=True)
    assert times == [1000] * 150 + [1005] * 150 + [1010] * 100
    await admitted(paced, time, 1000)
    assert time.at == 1010


async def test_dials_that_wait_go_out_in_the_order_in_which_they_came() -> None:
    time = Time()
    paced = pacer(time, dials_per_sec=0.2)
    gone: list[int] = []

    async def dial(number: int) -> None:
        await paced.admit(dial=True)
        gone.append(number)

    await paced.admit(dial=True)
    waiting = [asyncio.ensure_future(dial(number)) for number in range(4)]
    await time.passes(0)
    waiting[1].cancel()
    late = asyncio.ensure_future(dial(9))
    for _ in range(5):
        await time.passes(5)
    await asyncio.gather(*waiting, late, return_exceptions=True)
    assert gone == [0, 2, 3, 9]


async def test_dials_that_come_evenly_are_not_held_back() -> None:
    time = Quick()
    paced = pacer(time)
    for _ in range(600):
        await paced.admit(dial=True)
        time.at += 1 / 29
    assert time.slept == []


async def test_a_dial_heeds_the_window_too() -> None:
    time = Quick()
    paced = pacer(time, dials_per_sec=1)
    paced.heed(told(limit=100, remaining=0, reset=2))
    assert await admitted(paced, time, 6, dial=True) == [1002] * 5 + [1007]


async def test_one_that_is_cancelled_while_it_waits_uses_nothing_up() -> None:
    time = Time()
    paced = pacer(time)
    paced.heed(told(limit=1, remaining=0, reset=10))
    waiting = asyncio.ensure_future(paced.admit(dial=False))
    await time.passes(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    time.at += 10
    await paced.admit(dial=False)
    assert time.slept == [10]
