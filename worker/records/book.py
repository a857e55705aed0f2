"""The book of callers: takes in what the log says in its order, and gives out each record when it is whole.

Pure. A record is given out when the caller's legs have ended and nothing more was heard for `SETTLE_MS`; what is heard
later, within `KEPT_MS`, makes another revision of it, and after that it is lost. What never ends is given out as it is
when nothing was heard for `LONGEST_MS`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import msgspec

from ingress.ids import record_id
from worker.aggregates.agent.state import Agent
from worker.aggregates.machine import AggregateState
from worker.decisions.decision import Act
from worker.events.event import Event
from worker.policy.model import Policy
from worker.records import facts as f
from worker.records import model as m
from worker.records.building import record_of
from worker.records.known import Facts
from worker.records.reading import Key, Same, said

SETTLE_MS = 60_000
KEPT_MS = 7_200_000
LONGEST_MS = 172_800_000


class Dossier(msgspec.Struct, frozen=True):
    """What is known of one caller, or of something that is not known yet whose it is."""

    key: Key
    facts: frozenset[f.AnyFact] = frozenset()
    #: When something new was heard last, by the log's clock.
    latest_ms: int = 0
    #: How often the record was given out, and of how many facts the last time.
    revision: int = 0
    given: int = 0


class Standing(msgspec.Struct, frozen=True):
    """What an agent is, and since when."""

    tenant: str
    agent: str
    state: str
    since_ms: int
    reason: str = ""


class Book:
    """All callers who are not long gone, and all agents."""

    def __init__(self, dossiers: Iterable[Dossier] = (), standings: Iterable[Standing] = ()) -> None:
        self.dossiers: dict[Key, Dossier] = {}
        self.standings: dict[tuple[str, str], Standing] = {(each.tenant, each.agent): each for each in standings}
        #: Whose a leg or an offer is.
        self._whose: dict[Key, Key] = {}
        #: When each is to be looked at; what is in the heap and not here as well has been put off or brought forward.
        self._due: list[tuple[int, Key]] = []
        self._looked_at: dict[Key, int] = {}
        #: What has changed since `changes` was asked last.
        self._changed: set[Key] = set()
        self._moved: set[tuple[str, str]] = set()
        for dossier in dossiers:
            self.dossiers[dossier.key] = dossier
            for fact in dossier.facts:
                self._note_whose(dossier.key, fact)
            # Whatever it is waiting for: looked at the first time, it is put where it belongs.
            self._look_at(dossier.key, dossier.latest_ms + SETTLE_MS)

    def take(
        self,
        before: AggregateState,
        after: AggregateState,
        event: Event,
        acts: tuple[Act, ...],
        policy: Policy | None = None,
    ) -> Iterator[m.Record]:
        """Take in an event, *policy* being the one that ruled then, and yield what is whole by now."""
        yield from self.settle(event.received_ms)
        for key, what in said(before, after, event, acts, policy):
            if isinstance(what, Same):
                self._join(key, Key(key.tenant, "leg", what.whose), event.received_ms)
            else:
                self._add(key, what, event.received_ms)
        if isinstance(before, Agent) and isinstance(after, Agent):
            yield from self._agent(before, after, event)

    def settle(self, now_ms: int) -> Iterator[m.InteractionRecord]:
        """Yield the records that are whole at a moment up to which all is known."""
        while self._due and self._due[0][0] <= now_ms:
            at_ms, key = heapq.heappop(self._due)
            if self._looked_at.get(key) != at_ms:
                continue
            del self._looked_at[key]
            dossier = self.dossiers.get(key)
            if dossier is not None:
                yield from self._look(dossier, at_ms)

    def open(self) -> Iterator[m.InteractionRecord]:
        """Yield the record of each caller as far as it is known and not given out yet."""
        for dossier in self.dossiers.values():
            if dossier.given < len(dossier.facts):
                record = record_of(dossier.key.tenant, dossier.facts, dossier.revision + 1)
                if record is not None:
                    yield record

    def changes(self) -> tuple[dict[Key, Dossier | None], dict[tuple[str, str], Standing]]:
        """Return what has changed since the last time: None is what has gone."""
        dossiers = {key: self.dossiers.get(key) for key in sorted(self._changed)}
        standings = {who: self.standings[who] for who in sorted(self._moved)}
        self._changed, self._moved = set(), set()
        return dossiers, standings

    def _look(self, dossier: Dossier, at_ms: int) -> Iterator[m.InteractionRecord]:
        latest_ms = dossier.latest_ms
        if at_ms < latest_ms + SETTLE_MS:
            self._put(dossier, latest_ms + SETTLE_MS)
        elif dossier.given == len(dossier.facts):
            if at_ms < latest_ms + KEPT_MS:
                self._put(dossier, latest_ms + KEPT_MS)
            else:
                self._drop(dossier)
        elif Facts(dossier.facts).over or at_ms >= latest_ms + LONGEST_MS:
            record = record_of(dossier.key.tenant, dossier.facts, dossier.revision + 1)
            if record is not None:
                yield record
            given = msgspec.structs.replace(dossier, revision=dossier.revision + 1, given=len(dossier.facts))
            self._put(given, latest_ms + KEPT_MS)
        else:
            self._put(dossier, latest_ms + LONGEST_MS)

    def _add(self, key: Key, fact: f.AnyFact, now_ms: int) -> None:
        key = self._whose.get(key, key)
        dossier = self.dossiers.get(key) or Dossier(key)
        if fact in dossier.facts:
            return
        self._note_whose(key, fact)
        new = msgspec.structs.replace(dossier, facts=dossier.facts | {fact}, latest_ms=max(dossier.latest_ms, now_ms))
        self._put(new, new.latest_ms + SETTLE_MS)

    def _join(self, key: Key, whose: Key, now_ms: int) -> None:
        whose = self._whose.get(whose, whose)
        if key == whose or self._whose.get(key) == whose:
            return
        self._whose[key] = whose
        orphan = self.dossiers.pop(key, None)
        if orphan is not None:
            self._changed.add(key)
            for fact in orphan.facts:
                self._add(whose, fact, now_ms)

    def _note_whose(self, key: Key, fact: f.AnyFact) -> None:
        """Note what a fact says of legs and offers, so that a book read anew knows it too."""
        match fact:
            case f.Offered(offer=offer) | f.HandedOn(offer=offer) if key.kind == "leg":
                self._whose[Key(key.tenant, "offer", offer)] = key
            case f.CalledBack(leg=leg) if leg != key.id and key.kind == "leg":
                self._whose[Key(key.tenant, "leg", leg)] = key
            case _:
                pass

    def _put(self, dossier: Dossier, due_ms: int) -> None:
        if self.dossiers.get(dossier.key) != dossier:
            self._changed.add(dossier.key)
        self.dossiers[dossier.key] = dossier
        self._look_at(dossier.key, due_ms)

    def _look_at(self, key: Key, due_ms: int) -> None:
        if due_ms < self._looked_at.get(key, due_ms + 1):
            self._looked_at[key] = due_ms
            heapq.heappush(self._due, (due_ms, key))

    def _drop(self, dossier: Dossier) -> None:
        self._changed.add(dossier.key)
        del self.dossiers[dossier.key]
        for fact in dossier.facts:
            match fact:
                case f.Offered(offer=offer) | f.HandedOn(offer=offer):
                    self._whose.pop(Key(dossier.key.tenant, "offer", offer), None)
                case f.CalledBack(leg=leg):
                    self._whose.pop(Key(dossier.key.tenant, "leg", leg), None)
                case _:
                    pass

    def _agent(self, before: Agent, after: Agent, event: Event) -> Iterator[m.AgentStateChange]:
        who = (after.address.tenant, after.name)
        known = self.standings.get(who) or Standing(*who, before.duty, event.received_ms, _reason(before))
        new = Standing(*who, after.duty, event.received_ms, _reason(after))
        if (known.state, known.reason) == (new.state, new.reason):
            return
        self.standings[who] = new
        self._moved.add(who)
        offer = after.offer or (before.offer if after.duty == "wrapping-up" else None)
        queue, call = (offer.queue, offer.call) if offer else ("", "")
        ident = record_id(after.address.tenant, f"{after.name}|{event.id}")
        yield m.AgentStateChange(
            ident, *who, event.received_ms, new.state, known.state, known.since_ms, new.reason, queue, call
        )


def _reason(agent: Agent) -> str:
    match agent.duty:
        case "paused":
            return agent.reason
        case "delayed":
            return agent.delay or ""
        case "offline":
            return agent.trouble if agent.standing != "offline" else agent.reason
        case _:
            return ""
