"""The agent's day: missed offers, wrap-up, pauses that wait for the caller, and a line that is lost."""

from __future__ import annotations

from ingress.intents import model as i
from tests.integration.runtime.conftest import NUMBER
from tests.integration.scenarios.day import ANNA, BERT, Caller, Day, Opening, people, person, queue, until
from worker.aggregates.agent.state import MOST_IN_VAIN
from worker.policy.model import Number, Serves
from worker.testing.emulator.settings import Phone

ALICE = "sip:alice@sip.telnyx.com"


async def test_too_many_offers_not_answered_in_a_row_pause_the_agent(opened: Opening) -> None:
    agents = people("alice", reach="on-demand", max_no_answer=2, no_answer_delay_secs=0.1)
    async with opened(agents, {"support": queue(offer_secs=1)}, {ALICE: Phone("ring")}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await day.becomes("alice", "paused")
        assert day.agent("alice").reason == "no-answer"
        await anna.waits()
        day.centre.emulator.telephony.phones.at[ALICE] = Phone("answer")
        await day.log_in("alice")
        await day.ask(i.SetAgentState("alice", "available"))
        await anna.talks_with("alice")


async def test_a_declined_caller_is_offered_to_the_next_who_keeps_nothing_of_it(opened: Opening) -> None:
    agents = {name: person(name, Serves("support", position=at), reach="on-demand", reject_delay_secs=600)
              for at, name in enumerate(("alice", "bob"), 1)}  # fmt: skip
    async with opened(agents, {"support": queue(strategy="top-down")}, {ALICE: Phone("ring")}) as day:
        await day.log_in("alice", "bob")
        anna = day.rings()
        leg = await day.rung("alice")
        await day.ask(i.Decline("alice"))
        await anna.talks_with("bob")
        await until(lambda: not leg.alive, "her phone is silent")
        assert (day.agent("alice").duty, day.agent("alice").delay) == ("delayed", "rejected")


async def test_a_wrap_up_is_extended_and_ended_early(opened: Opening) -> None:
    async with opened(people("alice", wrap_up_secs=300)) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        await anna.goes()
        await until(lambda: "wrap-up" in day.agent("alice").timers, "she wraps up")
        first_ms = day.agent("alice").timers["wrap-up"]
        await day.ask(i.WrapUp("alice", 900))
        await until(lambda: day.agent("alice").timers["wrap-up"] > first_ms + 400_000, "it lasts longer")
        bert = day.rings(BERT)
        await bert.waits()
        await day.ask(i.WrapUp("alice", 0))
        await bert.talks_with("alice")
        bert.hangs_up()
        await until(lambda: "wrap-up" in day.agent("alice").timers, "she wraps up again")
        await day.ask(i.WrapUp("alice", 0))


async def test_a_pause_asked_for_during_a_call_is_pending_until_after_the_wrap_up(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(wrap_up_secs=300)}) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        await day.ask(i.SetAgentState("alice", "paused", "lunch"))
        await until(lambda: day.agent("alice").pending == "paused", "her pause is pending")
        await anna.talks_with("alice")
        anna.hangs_up()
        await until(lambda: day.agent("alice").duty == "wrapping-up", "she wraps up")
        assert day.agent("alice").pending == "paused"
        await day.ask(i.WrapUp("alice", 0))
        await day.becomes("alice", "paused")
        assert day.agent("alice").reason == "lunch"
        await day.rings(BERT).waits()


async def test_a_caller_whose_agent_is_lost_goes_before_all_others(opened: Opening) -> None:
    async with opened(people("alice")) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        bert = day.rings(BERT)
        await bert.waits()
        lost = await day.rung("alice")
        day.centre.emulator.world.hangup(lost, cause="normal_clearing", source="callee")
        await anna.waits()
        await until(lambda: day.leg_to("alice") is not lost, "she is dialled again")
        await anna.talks_with("alice")
        await bert.waits()


async def test_a_nailed_up_agent_who_loses_her_line_while_idle_is_offline_until_it_is_back(opened: Opening) -> None:
    phones = {ALICE: Phone("answer")}
    async with opened(people("alice", redial_secs=600), None, phones) as day:
        await day.log_in("alice")
        line = await day.rung("alice")
        day.centre.emulator.world.hangup(line, cause="normal_clearing", source="callee")
        await day.becomes("alice", "offline")
        assert day.agent("alice").trouble
        anna = day.rings()
        await anna.waits()
        await day.ask(i.SetAgentState("alice", "available"))
        await anna.talks_with("alice")


async def waits_while_the_line_is_lost(day: Day) -> Caller:
    """Return a caller who waits for alice alone, whose line is lost and busy from then on."""
    await day.log_in("alice")
    await day.says("alice", "paused")
    anna = day.rings()
    await anna.waits()
    line = await day.rung("alice")
    day.centre.emulator.telephony.phones.at[ALICE] = Phone("busy", 0.1)
    day.centre.emulator.world.hangup(line, cause="normal_clearing", source="callee")
    return anna


async def test_nobody_is_sent_away_while_the_line_of_the_only_agent_is_dialled_again(opened: Opening) -> None:
    phones = {ALICE: Phone("answer")}
    async with opened(people("alice"), {"support": queue(leave_when_unstaffed=True)}, phones) as day:
        anna = await waits_while_the_line_is_lost(day)
        await day.becomes("alice", "offline")
        await until(lambda: day.agent("alice").in_vain > 0, "she is dialled in vain")
        await anna.waits()
        day.centre.emulator.telephony.phones.at[ALICE] = Phone("answer")
        await day.ask(i.SetAgentState("alice", "available"))
        await anna.talks_with("alice")


async def test_they_are_sent_away_when_the_only_agent_is_dialled_in_vain_too_often(opened: Opening) -> None:
    phones = {ALICE: Phone("answer")}
    async with opened(people("alice"), {"support": queue(leave_when_unstaffed=True)}, phones) as day:
        anna = await waits_while_the_line_is_lost(day)
        await anna.hears("We are sorry")
        await anna.is_sent_away()
        assert day.agent("alice").in_vain >= MOST_IN_VAIN


async def test_an_agent_of_two_queues_has_one_caller_at_a_time(opened: Opening) -> None:
    numbers = {NUMBER: Number("support"), "+13125550132": Number("sales")}
    agents = {"alice": person("alice", "support", "sales")}
    async with opened(agents, {"support": queue(), "sales": queue()}, numbers=numbers) as day:
        await day.log_in("alice")
        anna, bert = day.rings(ANNA), day.rings(BERT, "+13125550132")
        await until(lambda: bool(anna.agent or bert.agent), "she talks with one of them")
        first, second = (anna, bert) if anna.agent else (bert, anna)
        await second.waits("support" if second is anna else "sales")
        await first.goes()
        await second.talks_with("alice")


async def test_a_caller_is_not_connected_to_an_agents_voicemail(opened: Opening) -> None:
    rules = {"reach": "on-demand", "detect_machine": True}
    agents = {name: person(name, Serves("support", position=at), **rules)
              for at, name in enumerate(("alice", "bob"), 1)}  # fmt: skip
    async with opened(agents, {"support": queue(strategy="top-down")}, {ALICE: Phone("voicemail", 0.1)}) as day:
        await day.log_in("alice", "bob")
        anna = day.rings()
        leg = await day.rung("alice")
        await anna.talks_with("bob")
        await until(lambda: not leg.alive, "her voicemail is hung up")
        assert leg.stays == []
        assert (day.agent("alice").duty, day.agent("alice").delay) == ("delayed", "machine")


async def test_who_logs_out_during_a_call_finishes_it_and_its_wrap_up_and_is_offered_no_other(opened: Opening) -> None:
    async with opened(people("alice"), {"support": queue(wrap_up_secs=300)}) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        line = await day.rung("alice")
        await day.ask(i.SetAgentState("alice", "offline"))
        await until(lambda: day.agent("alice").pending == "offline", "her log-out is pending")
        bert = day.rings(BERT)
        await bert.waits()
        await anna.talks_with("alice")
        anna.hangs_up()
        await until(lambda: day.agent("alice").duty == "wrapping-up", "she wraps up")
        await day.ask(i.WrapUp("alice", 0))
        await day.becomes("alice", "offline")
        await until(lambda: not line.alive, "her line is hung up")
        await bert.waits()
