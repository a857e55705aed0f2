"""What becomes of who rings: hours, holidays, the menu, VIPs, and queues that cannot take another caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.integration.runtime.conftest import NUMBER
from tests.integration.scenarios.day import ANNA, BERT, CLEO, Opening, people, queue, until
from worker.policy.model import CallerRule, Goal, Hours, Key, Menu, Number

OTHER_NUMBER = "+13125550132"
EVERY_DAY = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("00:00-24:00",))


async def test_outside_opening_hours_a_caller_hears_so_and_is_not_queued(opened: Opening) -> None:
    numbers = {NUMBER: Number("support", hours="never", closed=Goal(say="We are closed."))}
    async with opened(people("alice"), numbers=numbers, hours={"never": Hours()}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.hears("We are closed.")
        await anna.is_sent_away()
        assert day.queue().tally.offered == 0


async def test_on_a_holiday_one_number_is_closed_and_another_is_served(opened: Opening) -> None:
    today = datetime.now(UTC).date()
    around = {(today + timedelta(days)).isoformat(): () for days in (-1, 0, 1)}
    hours = {"shop": Hours(week=EVERY_DAY, holidays=around), "emergency": Hours(week=EVERY_DAY)}  # type: ignore[arg-type]
    numbers = {
        NUMBER: Number("support", hours="shop", closed=Goal(say="Happy holidays.")),
        OTHER_NUMBER: Number("support", hours="emergency"),
    }
    async with opened(people("alice"), numbers=numbers, hours=hours) as day:
        await day.log_in("alice")
        anna, bert = day.rings(ANNA), day.rings(BERT, OTHER_NUMBER)
        await anna.hears("Happy holidays.")
        await anna.is_sent_away()
        await bert.talks_with("alice")


async def test_a_wrong_key_is_said_to_be_wrong_and_the_menu_is_repeated(opened: Opening) -> None:
    menu = Menu("Press one.", {"1": Goal("support")}, invalid="No such choice.", timeout_secs=30, retries=1)
    numbers = {NUMBER: Number(menu="main", greeting="Welcome.")}
    async with opened(people("alice"), numbers=numbers, menus={"main": menu}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.answers("Press one.", "9")
        await anna.answers("Press one.", "1", time=2)
        await anna.talks_with("alice")
        assert anna.leg.heard == ["Welcome.", "Press one.", "No such choice.", "Press one."]


async def test_a_vip_by_his_number_is_served_before_those_who_came_earlier(opened: Opening) -> None:
    numbers = {NUMBER: Number("support", rules=(CallerRule(callers=(CLEO,), priority=100),))}
    async with opened(people("alice"), numbers=numbers) as day:
        for caller in (anna := day.rings(ANNA), bert := day.rings(BERT), cleo := day.rings(CLEO)):
            await caller.waits()
        await day.log_in("alice")
        await cleo.talks_with("alice")
        await anna.waits()
        await bert.waits()


async def test_who_comes_to_a_full_queue_goes_to_its_exit(opened: Opening) -> None:
    full = queue(max_size=1, full=Goal(say="All lines are busy."))
    async with opened(people("alice"), {"support": full}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.hears("All lines are busy.")
        await bert.is_sent_away()
        await anna.waits()
        assert day.queue().tally.overflowed + day.queue().tally.refused == 1


async def test_nobody_joins_a_queue_in_which_no_agent_is_logged_in_where_that_is_the_rule(opened: Opening) -> None:
    unstaffed = queue(join_unstaffed=False, unstaffed=Goal(say="Nobody is here yet."))
    async with opened(people("alice"), {"support": unstaffed}) as day:
        early = day.rings(ANNA)
        await early.hears("Nobody is here yet.")
        await early.is_sent_away()
        await day.log_in("alice")
        await day.rings(BERT).talks_with("alice")


async def test_those_who_wait_leave_when_the_last_agent_logs_out(opened: Opening) -> None:
    left = queue(leave_when_unstaffed=True, unstaffed=Goal(say="All have gone home."))
    async with opened(people("alice"), {"support": left}) as day:
        await day.log_in("alice")
        await day.says("alice", "paused")
        anna = day.rings()
        await anna.waits()
        await day.says("alice", "offline")
        await anna.hears("All have gone home.")
        await anna.is_sent_away()


async def test_a_caller_overflows_along_a_chain_of_queues_and_keeps_his_age(opened: Opening) -> None:
    chain = {
        "sales": queue(max_wait_secs=1, waited=Goal("spare", say="We try our colleagues.")),
        "spare": queue(join_unstaffed=False, unstaffed=Goal("support")),
        "support": queue(),
    }
    numbers = {NUMBER: Number("sales"), OTHER_NUMBER: Number("support")}
    async with opened(people("alice"), chain, numbers=numbers) as day:
        anna = day.rings(ANNA)
        await until(lambda: bool(anna.known and anna.known.since_ms), "she waits")
        bert = day.rings(BERT, OTHER_NUMBER)
        await bert.waits("support")
        await anna.hears("We try our colleagues.")
        await anna.waits("support")
        await day.log_in("alice")
        await anna.talks_with("alice")
        await bert.waits("support")


async def test_a_waiting_caller_goes_to_another_queue_by_key_and_keeps_his_age(opened: Opening) -> None:
    queues = {"sales": queue(keys={"2": Key("support")}), "support": queue()}
    numbers = {NUMBER: Number("sales"), OTHER_NUMBER: Number("support")}
    async with opened(people("alice"), queues, numbers=numbers) as day:
        anna = day.rings(ANNA)
        await anna.waits("sales")
        bert = day.rings(BERT, OTHER_NUMBER)
        await bert.waits("support")
        anna.presses("2")
        await anna.waits("support")
        await day.log_in("alice")
        await anna.talks_with("alice")
