"""What operators and agents ask, by HTTP or not, down to the state in which it ends."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import ClientSession, web
from redis.asyncio import Redis

from ingress.intents import model as i
from ingress.intents.answers import Accepted, Problem
from ingress.intents.door import IntentDoor
from ingress.intents.past import Past
from ingress.intents.tokens import Scope, Token, Tokens
from ingress.log import EventLog, Keys
from ingress.metrics import Metrics
from tests.integration.runtime.conftest import NUMBER, PARTITIONS
from tests.integration.scenarios.day import ANNA, BERT, Opening, people, person, queue, until
from worker.policy.model import Goal, Number, Voicemail
from worker.testing.emulator.settings import Phone
from worker.views.queue import view_of_queue

OTHER_NUMBER = "+13125550132"
OUTSIDE = "+13125550177"


def token(name: str, scope: Scope, *agents: str) -> Token:
    digest = hashlib.sha256(f"{name}-secret".encode()).digest()
    return Token(name, "default", frozenset({scope}), frozenset(agents), digest)


TOKENS = Tokens([token("alice", "agent", "alice"), token("boss", "supervisor"), token("ops", "operator")])


class Desk:
    """Somebody with a token, before the door of the centre."""

    def __init__(self, session: ClientSession, base: str, name: str) -> None:
        self.session = session
        self.base = base
        self.headers = {"Authorization": f"Bearer {name}-secret"}

    async def asks(self, intent: i.AnyIntent) -> Past:
        """Ask, and return what has become of it in the end."""
        url, body = f"{self.base}/intents/default", msgspec.json.encode(intent)
        async with self.session.post(url, data=body, headers=self.headers) as response:
            assert response.status == 202, await response.text()
            accepted = msgspec.json.decode(await response.read(), type=Accepted)
        async with self.session.get(f"{self.base}{accepted.status}?wait_secs=20", headers=self.headers) as response:
            assert response.status == 200, await response.text()
            return msgspec.json.decode(await response.read(), type=Past)

    async def may_not(self, intent: i.AnyIntent) -> str:
        """Ask for what the token does not allow, and return why not."""
        url, body = f"{self.base}/intents/default", msgspec.json.encode(intent)
        async with self.session.post(url, data=body, headers=self.headers) as response:
            assert response.status == 403
            return msgspec.json.decode(await response.read(), type=Problem).reason


@asynccontextmanager
async def at_the_door(redis: Redis, keys: Keys, name: str) -> AsyncIterator[Desk]:
    """Stand before the door with the token of *name*."""
    app = web.Application()
    app.add_routes(IntentDoor(lambda: TOKENS, EventLog(redis, keys, PARTITIONS), redis, Metrics()).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession() as session:
            yield Desk(session, f"http://127.0.0.1:{runner.addresses[0][1]}", name)
    finally:
        await runner.cleanup()


async def test_an_agent_holds_and_takes_back_by_http_and_may_ask_for_nobody_else(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    async with opened(people("alice", "bob")) as day, at_the_door(redis, keys, "alice") as alice:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        rooms = day.centre.emulator.telephony.conferences.by_id
        room = rooms[anna.leg.conference or ""]
        for on in (True, False):
            past = await alice.asks(i.Hold("alice", on=on))
            assert (past.state, past.by, past.reason) == ("done", "alice", None)
            there = room.participant(anna.leg.id)
            assert there is not None
            assert there.on_hold is on
        assert "bob" in await alice.may_not(i.Hold("bob"))


async def test_what_cannot_be_done_is_refused_with_the_reason_and_changes_nothing(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    async with opened(people("alice")) as day, at_the_door(redis, keys, "boss") as boss:
        await day.log_in("alice")
        before = day.agent("alice")
        for intent, why in (
            (i.Hold("alice"), "not in a conversation"),
            (i.WrapUp("alice", 0), "not wrapping up"),
            (i.Decline("alice"), "No caller is being offered"),
            (i.SetAgentState("nobody", "paused"), "no agent nobody"),
        ):
            past = await boss.asks(intent)
            assert past.state == "refused"
            assert why in (past.reason or "")
        assert (day.agent("alice").duty, day.agent("alice").turn) == (before.duty, before.turn)


async def test_a_supervisor_pauses_an_agent_by_http(opened: Opening, redis: Redis, keys: Keys) -> None:
    async with opened(people("alice")) as day, at_the_door(redis, keys, "boss") as boss:
        await day.log_in("alice")
        assert (await boss.asks(i.SetAgentState("alice", "paused", "training"))).state == "done"
        await day.becomes("alice", "paused")
        anna = day.rings()
        await anna.waits()
        assert (await boss.asks(i.SetAgentState("alice", "available"))).state == "done"
        await anna.talks_with("alice")


async def test_a_closed_queue_sends_away_who_waits_and_who_comes_until_it_is_opened(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    closed = queue(closed=Goal(say="We had to close."))
    async with opened(people("alice"), {"support": closed}) as day, at_the_door(redis, keys, "ops") as operator:
        anna = day.rings(ANNA)
        await anna.waits()
        assert (await operator.asks(i.CloseQueue("support", "fire drill", send_away=True))).state == "done"
        bert = day.rings(BERT)
        for caller in (anna, bert):
            await caller.hears("We had to close.")
            await caller.is_sent_away()
        assert (await operator.asks(i.OpenQueue("support"))).state == "done"
        await day.log_in("alice")
        await day.rings(ANNA).talks_with("alice")


async def test_who_waits_stays_in_a_queue_that_is_closed_without_sending_away(opened: Opening) -> None:
    closed = queue(closed=Goal(say="We had to close."))
    async with opened(people("alice"), {"support": closed}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        await day.ask(i.CloseQueue("support"))
        bert = day.rings(BERT)
        await bert.hears("We had to close.")
        await bert.is_sent_away()
        await day.log_in("alice")
        await anna.talks_with("alice")


async def test_a_closed_queue_that_is_emptied_later_keeps_the_reason_for_which_it_was_closed(opened: Opening) -> None:
    closed = queue(closed=Goal(say="We had to close."))
    async with opened(people("alice"), {"support": closed}) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        await day.ask(i.CloseQueue("support", "fire drill"))
        await day.ask(i.CloseQueue("support", send_away=True))
        await anna.is_sent_away()
        view = view_of_queue(day.queue())
        assert view.closed is not None
        assert view.closed.reason == "fire drill"


async def test_a_supervisor_moves_a_caller_to_another_queue_where_his_age_counts(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    numbers = {NUMBER: Number("sales"), OTHER_NUMBER: Number("support")}
    queues = {"sales": queue(), "support": queue()}
    async with (
        opened(people("alice"), queues, numbers=numbers) as day,
        at_the_door(redis, keys, "boss") as boss,
    ):
        anna = day.rings(ANNA)
        await anna.waits("sales")
        bert = day.rings(BERT, OTHER_NUMBER)
        await bert.waits("support")
        past = await boss.asks(i.MoveCaller("sales", anna.name, i.Target(queue="support")))
        assert past.state == "done"
        await anna.waits("support")
        await day.log_in("alice")
        await anna.talks_with("alice")
        past = await boss.asks(i.MoveCaller("sales", anna.name, i.Target(queue="support")))
        assert past.state == "refused"


async def test_a_caller_moved_to_one_agent_waits_for_her_alone(opened: Opening) -> None:
    async with opened(people("alice", "bob")) as day:
        await day.log_in("alice", "bob")
        await day.says("alice", "paused")
        await day.says("bob", "paused")
        anna = day.rings()
        await anna.waits()
        await day.ask(i.MoveCaller("support", anna.name, i.Target(agent="alice")))
        await until(lambda: day.queue().callers[anna.name].agent == "alice", "she is meant")
        await day.says("bob", "available")
        await anna.waits()
        await day.ask(i.SetAgentState("alice", "available"))
        await anna.talks_with("alice")


async def test_a_raised_priority_goes_before_those_who_came_earlier(opened: Opening) -> None:
    async with opened(people("alice")) as day:
        anna = day.rings(ANNA)
        await anna.waits()
        bert = day.rings(BERT)
        await bert.waits()
        await day.ask(i.SetPriority("support", bert.name, 10))
        await until(lambda: day.queue().callers[bert.name].priority == 10, "he goes first")
        await day.log_in("alice")
        await bert.talks_with("alice")


async def test_a_cold_transfer_to_a_number_frees_the_agent_and_connects_the_caller(
    opened: Opening, redis: Redis, keys: Keys
) -> None:
    phones = {OUTSIDE: Phone("answer")}
    async with opened(people("alice"), None, phones) as day, at_the_door(redis, keys, "alice") as alice:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        past = await alice.asks(i.Transfer("alice", i.Target(number=OUTSIDE)))
        assert past.state == "done"
        outside = await day.rung(OUTSIDE)
        await until(lambda: outside.peer == anna.leg.id, "she talks with somebody outside")
        await day.rings(BERT).talks_with("alice")
        assert anna.leg.alive


async def test_a_cold_transfer_to_voicemail_takes_a_message(opened: Opening) -> None:
    boxes = {"box": Voicemail("Speak after the tone.", max_secs=60, silence_secs=30)}
    async with opened(people("alice"), voicemails=boxes) as day:
        await day.log_in("alice")
        anna = day.rings()
        await anna.talks_with("alice")
        await day.ask(i.Transfer("alice", i.Target(voicemail="box")))
        await anna.hears("Speak after the tone.")
        await day.becomes("alice", "available")
        await until(lambda: bool(day.centre.emulator.telephony.recordings.all), "she is recorded")
        anna.presses("#")
        await anna.is_sent_away()
        await until(lambda: bool(anna.known and anna.known.messages), "her message is saved")


async def test_a_cold_transfer_to_a_queue_keeps_the_callers_age_there(opened: Opening) -> None:
    numbers = {NUMBER: Number("support"), OTHER_NUMBER: Number("sales")}
    agents = {"alice": person("alice", "support"), "bob": person("bob", "sales")}
    async with opened(agents, {"support": queue(), "sales": queue()}, numbers=numbers) as day:
        await day.log_in("alice")
        anna = day.rings(ANNA)
        await anna.talks_with("alice")
        bert = day.rings(BERT, OTHER_NUMBER)
        await bert.waits("sales")
        await day.ask(i.Transfer("alice", i.Target(queue="sales")))
        await anna.waits("sales")
        await day.becomes("alice", "available")
        await day.log_in("bob")
        await anna.talks_with("bob")
