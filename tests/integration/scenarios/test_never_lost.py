"""A caller is never lost by the system: what goes wrong ends in another offer, another try, or an apology."""

from __future__ import annotations

from ingress.intents import model as i
from tests.integration.scenarios.day import ANNA, BERT, CLEO, Opening, people, queue, until
from worker.policy.model import Callback, Key, Supervisor
from worker.testing.emulator.settings import Phone

OUTSIDE = "+13125550177"


async def test_when_all_accept_at_the_same_time_each_caller_has_one_agent(opened: Opening) -> None:
    agents = people("alice", "bob", "carol", reach="on-demand")
    async with opened(agents, {"support": queue(strategy="ring-all", ring_at_once=3)}) as day:
        callers = [day.rings(number) for number in (ANNA, BERT, CLEO)]
        for caller in callers:
            await caller.waits()
        await day.log_in("alice", "bob", "carol")
        assert sorted([await caller.talks() for caller in callers]) == ["alice", "bob", "carol"]


async def test_who_cannot_be_called_back_at_once_is_tried_again_and_keeps_nobody_waiting(opened: Opening) -> None:
    callback = Callback("caller", "We call you back.", retry_secs=0.5, attempts=5)
    rules = queue(keys={"1": Key(callback=True)}, callback=callback)
    async with opened(people("alice"), {"support": rules}, {ANNA: Phone("busy", 0.1)}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        anna.presses("1")
        await anna.keeps_his_place()
        bert = day.rings(BERT)
        await bert.waits()
        await day.log_in("alice")
        await bert.talks_with("alice")
        await until(lambda: day.leg_to(ANNA) is not None, "she is rung")
        day.centre.emulator.telephony.phones.at[ANNA] = Phone("answer")
        await bert.goes()
        await anna.is_called_back()
        await anna.talks_with("alice")


async def test_who_never_answers_is_given_up_and_the_agent_is_free(opened: Opening) -> None:
    callback = Callback("agent", "We call you back.", retry_secs=0.3, attempts=2)
    rules = queue(keys={"1": Key(callback=True)}, callback=callback)
    async with opened(people("alice"), {"support": rules}, {ANNA: Phone("busy", 0.1)}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        anna.presses("1")
        await anna.keeps_his_place()
        await day.log_in("alice")
        await until(lambda: not day.queue().callers, "she is given up")
        await day.rings(BERT).talks_with("alice")


async def test_a_caller_who_hangs_up_while_a_colleague_is_consulted_leaves_nobody_on_the_phone(opened: Opening) -> None:
    async with opened(people("alice"), None, {OUTSIDE: Phone("answer")}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        await day.ask(i.Transfer("alice", i.Target(number=OUTSIDE), "warm"))
        colleague = await day.rung(OUTSIDE)
        await until(lambda: colleague.conference == anna.leg.conference, "they consult")
        anna.hangs_up()
        await until(lambda: not colleague.alive, "the colleague is let go")
        await day.becomes("alice", "available")
        await day.rings(BERT).talks_with("alice")


async def test_a_cold_transfer_to_who_is_busy_ends_with_an_apology(opened: Opening) -> None:
    async with opened(people("alice"), None, {OUTSIDE: Phone("busy", 0.1)}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        await day.ask(i.Transfer("alice", i.Target(number=OUTSIDE)))
        await anna.hears("We are sorry")
        await anna.is_sent_away()
        await day.becomes("alice", "available")


async def test_a_transfer_to_who_is_not_there_is_refused_and_they_talk_on(opened: Opening) -> None:
    async with opened(people("alice", "bob"), supervisors={"boss": Supervisor("sip:boss@x.com", ("other",))}) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        room = anna.leg.conference
        for intent in (
            i.Transfer("alice", i.Target(agent="nobody")),
            i.Transfer("alice", i.Target(queue="none")),
            i.Transfer("alice", i.Target(voicemail="none")),
            i.Supervise("alice", "boss"),
            i.CompleteTransfer("alice"),
        ):
            await day.ask(intent)
        await day.ask(i.Say("alice", text="Still here."))
        await until(lambda: ("conferences speak", 200) in day.centre.emulator.api.requests, "all has been looked at")
        await anna.talks_with("alice")
        assert anna.leg.conference == room
        assert day.leg_to("sip:boss@x.com") is None
