"""While callers wait: tiers and skills that widen, announcements, giving up, ringing again, being called back."""

from __future__ import annotations

from itertools import pairwise

from tests.integration.scenarios.day import ANNA, BERT, Caller, Day, Opening, people, person, queue, until
from worker.policy.model import Announcements, Callback, Key, Music, Relaxed, Requirement, Serves

MUSIC = "https://example.com/wait.mp3"


async def waited_ms(day: Day, caller: Caller) -> int:
    """Return how long a caller has waited until he was connected, when his queue has heard of that."""
    await until(lambda: day.queue().callers[caller.name].connected_ms is not None, "the queue hears of the meeting")
    there = day.queue().callers[caller.name]
    return (there.connected_ms or 0) - there.arrived_ms


async def test_the_second_tier_is_asked_when_a_caller_has_waited_for_the_first(opened: Opening) -> None:
    agents = {"alice": person("alice"), "bob": person("bob", Serves("support", tier=2))}
    async with opened(agents, {"support": queue(tier_secs=1)}) as day:
        await day.log_in("alice", "bob")
        await day.rings(ANNA).talks_with("alice")
        bert = day.rings(BERT)
        await bert.talks_with("bob")
        assert await waited_ms(day, bert) >= 1000


async def test_the_second_tier_is_asked_at_once_when_nobody_of_the_first_is_logged_in(opened: Opening) -> None:
    agents = {"alice": person("alice"), "bob": person("bob", Serves("support", tier=2))}
    async with opened(agents, {"support": queue(tier_secs=600)}) as day:
        await day.log_in("bob")
        await day.rings().talks_with("bob")


async def test_a_skill_is_required_less_and_less_the_longer_a_caller_waits(opened: Opening) -> None:
    needed = Requirement(80, relax=(Relaxed(0.5, 50), Relaxed(1, 10)))
    agents = {"beginner": person("beginner", skills={"french": 20}), "novice": person("novice")}
    async with opened(agents, {"support": queue(strategy="skills", skills={"french": needed})}) as day:
        await day.log_in("novice", "beginner")
        anna = day.rings()
        await anna.talks_with("beginner")
        assert await waited_ms(day, anna) >= 1000


async def test_callers_hear_their_position_and_how_it_gets_better(opened: Opening) -> None:
    said = Announcements(every_secs=0.5, first_secs=0.2, comfort=("Thank you.",))
    async with opened(people("alice"), {"support": queue(announcements=said)}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.hears("You are number 2")
        await anna.hears("You are number 1")
        await anna.hears("Thank you.")
        await anna.goes()
        await bert.hears("You are number 1")


async def test_what_a_caller_hears_is_never_over_anything_else_and_ends_when_he_is_connected(opened: Opening) -> None:
    # It lasts for longer than the pause between two.
    comfort = "We know that you are waiting. " * 15
    said = Announcements(every_secs=0.2, first_secs=0.1, comfort=(comfort, "Thank you."))
    rules = queue(announcements=said, music=Music(audio=MUSIC), keys={"1": Key(queue="sales")})
    async with opened(people("alice"), {"support": rules, "sales": queue(announcements=said)}) as day:
        anna, bert = day.rings(ANNA), day.rings(BERT)
        for caller in (anna, bert):
            await until(lambda caller=caller: caller.leg.heard.count(comfort) >= 3, "it has been said often")  # type: ignore[misc]
        assert {MUSIC, comfort, "Thank you."} < set(anna.leg.heard)
        bert.presses("1")
        await bert.waits("sales")
        await bert.hears("You are number 1")
        await day.log_in("alice")
        await anna.talks_with("alice")
        await until(lambda: all(sound.ended_at for sound in anna.leg.sounds), "it is silent around them")
        for caller in (anna, bert):
            sounds = caller.leg.sounds
            over = [(one.what, then.what) for one, then in pairwise(sounds) if (one.ended_at or "~") > then.at]
            assert over == []
        # Nothing was cut off for the next one, but the music; nothing began when she was there.
        assert {sound.how for sound in anna.leg.sounds[:-1] if sound.what != MUSIC} == {"completed"}
        assert max(sound.at for sound in anna.leg.sounds) < anna.leg.stays[0].at


async def test_the_maximum_wait_ends_with_an_apology_where_there_is_no_other_way(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(max_wait_secs=1, apology="We are sorry.")}) as day:
        anna = day.rings()
        await anna.hears("We are sorry.")
        await anna.is_sent_away()
        await until(lambda: day.queue().tally.dismissed == 1, "it is counted as dismissed")


async def test_who_waits_with_nobody_logged_in_is_let_go_sooner(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(max_wait_unstaffed_secs=0.5, apology="Sorry.")}) as day:
        anna = day.rings()
        await anna.hears("Sorry.")
        await anna.is_sent_away()


async def test_a_short_abandon_is_counted_apart(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(short_abandon_secs=600), "sales": queue()}) as day:
        anna = day.rings()
        await anna.waits()
        await anna.goes()
        tally = day.queue().tally
        assert (tally.short_abandoned, tally.abandoned, tally.offered) == (1, 0, 1)


async def test_who_hangs_up_and_rings_again_gets_his_place_back(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(resume_secs=600, short_abandon_secs=0)}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.waits()
        await anna.goes()
        again = day.rings(ANNA)
        await again.waits()
        await day.log_in("alice")
        await again.talks_with("alice")
        assert day.queue().tally.resumed == day.queue().tally.abandoned == 1


async def test_a_callback_keeps_the_place_and_rings_the_agent_first(opened: Opening) -> None:
    rules = queue(keys={"1": Key(callback=True)}, callback=Callback("agent", "We call you back."))
    async with opened(people("alice", reach="on-demand"), {"support": rules}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.waits()
        anna.presses("1")
        await anna.hears("We call you back.")
        await anna.keeps_his_place()
        await day.log_in("alice")
        await day.rung("alice")
        await anna.is_called_back()
        await anna.talks_with("alice")
        anna.hangs_up()
        await bert.talks_with("alice")
        assert day.queue().tally.called_back == 1


async def test_a_callback_rings_the_caller_first_and_joins_him_to_who_is_free(opened: Opening) -> None:
    rules = queue(keys={"1": Key(callback=True)}, callback=Callback("caller", "We call you back."))
    async with opened(people("alice"), {"support": rules}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        anna.presses("1")
        await anna.hears("We call you back.")
        await anna.keeps_his_place()
        await day.log_in("alice")
        await anna.is_called_back()
        await anna.talks_with("alice")


async def test_who_rings_again_before_he_is_called_back_is_served_in_his_place_and_not_called(opened: Opening) -> None:
    rules = queue(keys={"1": Key(callback=True)}, callback=Callback("agent", "We call you back."), resume_secs=600)
    async with opened(people("alice"), {"support": rules}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.waits()
        anna.presses("1")
        await anna.keeps_his_place()
        again = day.rings(ANNA)
        await again.waits()
        await day.log_in("alice")
        await again.talks_with("alice")
        await again.goes()
        await bert.talks_with("alice")
        assert day.leg_to(ANNA) is None
        assert (day.queue().tally.resumed, day.queue().tally.called_back) == (1, 0)
