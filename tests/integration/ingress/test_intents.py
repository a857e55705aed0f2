"""Intents over HTTP: taken once, refused with a reason, and told what became of them; against a real Redis."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

import anyio
import msgspec
import pytest
from aiohttp import ClientSession, web
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.ids import command_id, notice_id, outcome_id
from ingress.intents import model as m
from ingress.intents.answers import Accepted, Problem
from ingress.intents.door import IntentDoor
from ingress.intents.past import Past
from ingress.intents.tokens import Token, Tokens
from ingress.log import EventLog, Keys, Partition
from ingress.metrics import Metrics
from ingress.redis_client import connect
from worker.commands import command as c
from worker.decisions.decision import Accept, Act, Decision, Quarantine, Refuse, Send, Tell, encode_decision
from worker.events import notices as n
from worker.events.event import read_event, write_entry
from worker.events.outcomes import Outcome, Refused, Succeeded, Unknown
from worker.runtime.journal import Entries

PARTITIONS = 16
ALICE = {"Authorization": "Bearer alice-secret"}
BOSS = {"Authorization": "Bearer boss-secret"}
HOLD = b'{"intent": "hold", "agent": "alice"}'
AGENT = Address("default", "agent", "alice")
ROOM = Address("default", "conference", "room")


def token(name: str, **given: object) -> Token:
    digest = hashlib.sha256(f"{name}-secret".encode()).digest()
    return msgspec.structs.replace(
        Token(name, "default", frozenset({"supervisor"}), frozenset(), digest),
        **given,
    )


TOKENS = Tokens(
    [
        token("alice", scopes=frozenset({"agent"}), agents=frozenset({"alice"})),
        token("boss"),
        token("elsewhere", tenant="elsewhere"),
    ]
)


class Door:
    """A door with a client before it, and the log behind it."""

    def __init__(self, session: ClientSession, base: str, redis: Redis, log: EventLog) -> None:
        self.session = session
        self.base = base
        self.redis = redis
        self.log = log

    async def ask(self, headers: Mapping[str, str] = {}, *, body: bytes = HOLD) -> Accepted:
        url, sent = f"{self.base}/intents/default", {**BOSS, **headers}
        async with self.session.post(url, data=body, headers=sent) as response:
            assert response.status == 202, await response.text()
            accepted = msgspec.json.decode(await response.read(), type=Accepted)
            assert response.headers["Location"] == accepted.status
            return accepted

    async def refused(self, status: int, body: bytes = HOLD, headers: Mapping[str, str] = {}) -> str:
        async with self.session.post(f"{self.base}/intents/default", data=body, headers=headers) as response:
            assert response.status == status, await response.text()
            return msgspec.json.decode(await response.read(), type=Problem).reason

    async def tell(self, accepted: Accepted, status: int = 200, headers: Mapping[str, str] = BOSS) -> Past:
        async with self.session.get(self.base + accepted.status, headers=headers) as response:
            assert response.status == status, await response.text()
            return msgspec.json.decode(await response.read(), type=Past) if status == 200 else cast("Past", None)

    async def entries(self, address: Address) -> list[LogEntry]:
        from ingress.log import decode_entry

        found = await self.redis.xrange(self.log.keys.log(self.log.partition_of(address)))
        return [decode_entry(fields) for _, fields in cast("Entries", found)]

    async def decide(self, where: Partition, entry_id: str, address: Address, acts: Sequence[Act]) -> None:
        """Do as the partition's owner does."""
        keys = self.log.keys
        decision = encode_decision(Decision(address, tuple(acts)))
        await self.redis.xadd(keys.journal(where), {"decision": decision}, id=entry_id)
        await self.redis.set(keys.position(where), entry_id)


@pytest.fixture
async def door(redis: Redis, keys: Keys) -> AsyncIterator[Door]:
    log = EventLog(redis, keys, PARTITIONS)
    app = web.Application()
    app.add_routes(IntentDoor(lambda: TOKENS, log, redis, Metrics()).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession() as session:
            yield Door(session, f"http://127.0.0.1:{runner.addresses[0][1]}", redis, log)
    finally:
        await runner.cleanup()


def place(accepted: Accepted) -> tuple[Partition, str]:
    partition, _, entry_id = accepted.id.partition("-")
    return Partition(int(partition)), entry_id


async def test_an_intent_is_in_its_agents_log_under_the_name_of_who_asked(door: Door) -> None:
    accepted = await door.ask()
    where, entry_id = place(accepted)
    (entry,) = await door.entries(AGENT)
    event = read_event(entry_id, entry)
    assert event.body == m.Asked(m.Hold("alice"), "boss")
    assert (event.address, where) == (AGENT, door.log.partition_of(AGENT))
    past = await door.tell(accepted)
    assert (past.state, past.by, past.id) == ("waiting", "boss", accepted.id)
    assert msgspec.json.decode(past.intent) == {"intent": "hold", "agent": "alice"}


async def test_with_the_same_key_an_intent_is_taken_once_and_another_is_refused(door: Door) -> None:
    first = await door.ask({"Idempotency-Key": "k1"})
    assert await door.ask({"Idempotency-Key": "k1"}) == first
    assert await door.ask({"Idempotency-Key": "k2"}) != first
    assert len(await door.entries(AGENT)) == 2
    other = b'{"intent": "hold", "agent": "bob"}'
    assert "used for another intent" in await door.refused(409, other, {**BOSS, "Idempotency-Key": "k1"})
    # Keys are each token's own.
    assert await door.ask({**ALICE, "Idempotency-Key": "k1"}) != first
    assert "Idempotency-Key" in await door.refused(400, HOLD, {**BOSS, "Idempotency-Key": "two words"})


async def test_without_a_key_it_is_taken_as_often_as_it_comes(door: Door) -> None:
    assert await door.ask() != await door.ask()
    assert len(await door.entries(AGENT)) == 2


async def test_who_may_not_ask_is_told_why_and_nothing_is_in_the_log(door: Door) -> None:
    assert "send a token" in await door.refused(401)
    assert "unknown" in await door.refused(401, HOLD, {"Authorization": "Bearer nobody"})
    assert "send a token" in await door.refused(401, HOLD, {"Authorization": "Basic"})
    assert "another tenant" in await door.refused(403, HOLD, {"Authorization": "Bearer elsewhere-secret"})
    bob = b'{"intent": "hold", "agent": "bob"}'
    assert "not one of this token's agents" in await door.refused(403, bob, ALICE)
    close = b'{"intent": "close_queue", "queue": "sales"}'
    assert "needs the scope" in await door.refused(403, close, ALICE)
    assert "not JSON" in await door.refused(400, b"{", BOSS)
    assert "is hold meant" in await door.refused(422, b'{"intent": "hodl"}', BOSS)
    assert "longer than" in await door.refused(413, b" " * 70_000, BOSS)
    assert not await door.redis.keys(f"{door.log.keys.prefix}:*")


async def test_what_became_of_it_is_followed_over_notices_to_the_commands_outcomes(door: Door) -> None:
    accepted = await door.ask()
    where, cause = place(accepted)
    room = door.log.partition_of(ROOM)
    care = Tell(ROOM, n.Care("i:1", m.Hold("alice")))
    await door.decide(
        where, cause, AGENT, [Tell(Address("default", "queue", "q"), n.AgentFree("alice", 1, 5, "")), care]
    )
    assert (await door.tell(accepted)).state == "under way"
    told = write_entry(notice_id(where, cause, 1), ROOM, n.Told(AGENT, care.notice), 5)
    (appended,) = await door.log.append([told])
    assert (await door.tell(accepted)).state == "under way"
    hangup = c.Hangup("caller")
    await door.decide(room, appended.entry_id, ROOM, [Send(hangup)])
    past = await door.tell(accepted)
    assert past.state == "under way"
    assert [step.address for step in past.decision.told] == [str(ROOM)]
    name = command_id("default", room, appended.entry_id, 0)
    await door.log.append([write_entry(outcome_id(name), ROOM, Outcome(name, hangup, Succeeded()), 5)])
    past = await door.tell(accepted)
    assert past.state == "done"
    (step,) = past.decision.told
    (carried,) = step.commands
    assert (step.notice, carried.command, carried.state) == ("care", "hangup", "accepted")
    assert msgspec.json.decode(carried.fields)["call"] == "caller"


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Refused(422, "90018", "it has ended", "gone"), "hangup: 422 90018: it has ended"),
        (Unknown("no answer"), "hangup: no answer"),
    ],
)
async def test_a_command_that_failed_is_told_with_telnyxs_reason(
    door: Door, result: Refused | Unknown, told: str
) -> None:
    accepted = await door.ask()
    where, cause = place(accepted)
    await door.decide(where, cause, AGENT, [Send(c.Hangup("caller"))])
    name = command_id("default", where, cause, 0)
    await door.log.append([write_entry(outcome_id(name), AGENT, Outcome(name, c.Hangup("caller"), result), 5)])
    past = await door.tell(accepted)
    assert (past.state, past.reason) == ("failed", told)


async def test_a_refusal_is_told_with_its_reason_wherever_it_was_made(door: Door) -> None:
    accepted = await door.ask()
    where, cause = place(accepted)
    await door.decide(where, cause, AGENT, [Refuse("alice is not in a conversation")])
    past = await door.tell(accepted)
    assert (past.state, past.reason) == ("refused", "alice is not in a conversation")
    broken = await door.ask()
    where, cause = place(broken)
    await door.decide(where, cause, AGENT, [Quarantine("ValueError: of the test")])
    past = await door.tell(broken)
    assert (past.state, past.reason) == ("failed", "default/agent:alice is in quarantine: ValueError: of the test")


async def test_what_an_aggregate_in_quarantine_holds_is_not_told_as_done(door: Door) -> None:
    accepted = await door.ask()
    where, entry_id = place(accepted)
    # Its owner has read it, and has journaled nothing.
    await door.redis.set(door.log.keys.position(where), entry_id)
    past = await door.tell(accepted)
    assert past.state == "failed"
    assert past.reason is not None
    assert past.reason.startswith("default/agent:alice has not answered: it is in quarantine, where this waits")


async def test_a_key_that_was_forgotten_swallows_no_other_intent(door: Door) -> None:
    key = {"Idempotency-Key": "k1"}
    hold = await door.ask(key)
    # The key is forgotten a moment before the event id is.
    for name in await door.redis.keys(f"{door.log.keys.prefix}:asked:*"):
        await door.redis.delete(name)
    mute = await door.ask(key, body=b'{"intent": "mute", "agent": "alice"}')
    assert mute.id != hold.id
    assert len(await door.entries(AGENT)) == 2


async def test_a_foreign_intent_is_denied_before_any_waiting(door: Door) -> None:
    accepted = await door.ask()
    waiting = msgspec.structs.replace(accepted, status=accepted.status + "?wait_secs=30")
    with anyio.fail_after(5):
        await door.tell(waiting, 404, ALICE)


async def test_an_intent_is_seen_by_who_asked_and_by_supervisors_alone(door: Door) -> None:
    by_boss, by_alice = await door.ask(), await door.ask(ALICE)
    await door.tell(by_alice, headers=ALICE)
    await door.tell(by_alice)
    await door.tell(by_boss, 404, ALICE)
    await door.tell(by_boss, 403, {"Authorization": "Bearer elsewhere-secret"})
    await door.tell(by_boss, 401, {"Authorization": "Bearer nobody"})


@pytest.mark.parametrize("name", ["x", "3", "%D9%A3-1-0", "99-1-0", "3-1-0", "3-1", "3-99999999999999999-0"])
async def test_what_is_no_intents_id_is_not_found(door: Door, name: str) -> None:
    await door.tell(Accepted(name, f"/intents/default/{name}"), 404)


async def test_what_no_token_asked_is_not_told(door: Door) -> None:
    timer = LogEntry("t:1", AGENT, "timer", 5, b'{"type":"timer-fired","key":"x","due_ms":1}')
    (appended,) = await door.log.append([timer])
    name = f"{door.log.partition_of(AGENT)}-{appended.entry_id}"
    await door.tell(Accepted(name, f"/intents/default/{name}"), 404)


async def test_waiting_ends_as_soon_as_there_is_an_end(door: Door) -> None:
    accepted = await door.ask()
    waiting = msgspec.structs.replace(accepted, status=accepted.status + "?wait_secs=0.1")
    assert (await door.tell(waiting)).state == "waiting"
    where, cause = place(accepted)
    await door.decide(where, cause, AGENT, [Accept()])
    waiting = msgspec.structs.replace(accepted, status=accepted.status + "?wait_secs=30")
    assert (await door.tell(waiting)).state == "done"
    await door.tell(msgspec.structs.replace(accepted, status=accepted.status + "?wait_secs=soon"), 400)


async def test_while_redis_is_away_nothing_is_promised(keys: Keys) -> None:
    async with connect("redis://127.0.0.1:1/0") as away, ClientSession() as session:
        app = web.Application()
        app.add_routes(IntentDoor(lambda: TOKENS, EventLog(away, keys, PARTITIONS), away, Metrics()).routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/intents/default"
        for headers in (BOSS, BOSS | {"Idempotency-Key": "k"}):
            async with session.post(url, data=HOLD, headers=headers) as response:
                assert response.status == 503
                assert response.headers["Retry-After"] == "1"
        async with session.get(f"{url}/1-1-0", headers=BOSS) as response:
            assert response.status == 503
        await runner.cleanup()
