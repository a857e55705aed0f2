"""What became of an intent: read from the log and the journal, by the names that events have (`ingress.ids`).

An intent leads to a decision; that to commands, each with its outcome, and to notices, upon which others decide.
Notices are followed for two steps: far enough for whatever an intent asks for. Event ids are remembered for a day
(`ingress.log.SEEN_TTL_MS`); what an older intent led to is told by `switchhook replay`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import msgspec
from redis.asyncio import Redis

from ingress.envelope import Address, LogEntry
from ingress.ids import command_id, notice_id, outcome_id
from ingress.log import Keys, Partition, decode_entry, partition_of

#: From the intent's own aggregate over the conference to the call.
MAX_DEPTH = 2
MAX_STEPS = 100
#: Notices that say how somebody is. What others make of that is not what was asked for.
NEWS = frozenset({"agent-free", "agent-gone"})
#: What is always answered: an intent itself, and one that an agent has passed on.
ANSWERED = (None, "care")
UNANSWERED = (
    "has not answered: it is in quarantine, where this waits with all that comes until an operator releases it "
    "(switchhook quarantine list), or its worker is of a release that does not know what is asked"
)

State = Literal["waiting", "under way", "done", "refused", "failed"]


class Carried(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command, and what became of it. `detail` is Telnyx's, or why nobody knows."""

    command: str
    state: Literal["under way", "accepted", "refused", "unknown", "read"]
    fields: msgspec.Raw
    detail: str | None = None


class Decided(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one aggregate made of it. `notice` is what it was told; none: it was asked itself."""

    address: str
    state: Literal["waiting", "decided", "refused", "quarantine", "unanswered"]
    at_ms: int | None = None
    notice: str | None = None
    reason: str | None = None
    commands: tuple[Carried, ...] = ()
    told: tuple[Decided, ...] = ()


class Past(msgspec.Struct, frozen=True, omit_defaults=True):
    """An intent, by whom, and what became of it. `state` sums up what stands in `decision`; `reason` says why not."""

    id: str
    state: State
    by: str
    asked_ms: int
    intent: msgspec.Raw
    decision: Decided
    reason: str | None = None


class _Asked(msgspec.Struct, frozen=True, tag="asked"):
    by: str
    intent: msgspec.Raw


class _Body(msgspec.Struct, frozen=True):
    command: str = ""
    notice: str = ""


class _Act(msgspec.Struct, frozen=True):
    """Any act, as the journal has it."""

    type: str
    command: msgspec.Raw = msgspec.Raw(b"{}")
    notice: msgspec.Raw = msgspec.Raw(b"{}")
    to: Address | None = None
    reason: str = ""
    error: str = ""


class _Decision(msgspec.Struct, frozen=True):
    acts: tuple[_Act, ...]


class _Result(msgspec.Struct, frozen=True):
    type: str = ""
    status: int = 0
    code: str = ""
    detail: str = ""
    reason: str = ""


class _End(msgspec.Struct, frozen=True):
    """An outcome, or what was observed."""

    type: str
    result: _Result | None = None


_asked = msgspec.json.Decoder(_Asked)
_bodies = msgspec.json.Decoder(_Body)
_decisions = msgspec.json.Decoder(_Decision)
_ends = msgspec.json.Decoder(_End)


class Pasts:
    """Reads what became of intents."""

    def __init__(self, redis: Redis, keys: Keys, partitions: int) -> None:
        self._redis = redis
        self._keys = keys
        self._partitions = partitions

    async def of(self, tenant: str, partition: Partition, entry_id: str) -> Past | None:
        """Return what became of the intent that is this entry; None where there is none of *tenant*'s.

        Raises:
            RedisError: Redis failed.
            OSError: As before.
        """
        if partition >= self._partitions:
            return None
        entry = await self._entry(partition, entry_id)
        if entry is None or entry.kind != "intent" or entry.address.tenant != tenant:
            return None
        try:
            asked = _asked.decode(entry.raw)
        except msgspec.ValidationError:
            # The policy's or an operator's own: nobody has a token for those.
            return None
        decision = await _Chase(self).decided(partition, entry_id, entry.address, None, 0)
        state, reason = _sum(decision)
        name = f"{partition}-{entry_id}"
        asked_ms = int(entry_id.partition("-")[0])
        return Past(name, state, asked.by, asked_ms, asked.intent, decision, reason)

    async def _entry(self, partition: Partition, entry_id: str) -> LogEntry | None:
        found = await self._redis.xrange(self._keys.log(partition), min=entry_id, max=entry_id, count=1)
        entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", found)
        return decode_entry(entries[0][1]) if entries else None

    async def journaled(self, partition: Partition, entry_id: str) -> tuple[_Act, ...] | None:
        """Return what was decided upon an entry; None: nothing."""
        found = await self._redis.xrange(self._keys.journal(partition), min=entry_id, max=entry_id, count=1)
        entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", found)
        return _decisions.decode(entries[0][1][b"decision"]).acts if entries else None

    async def position(self, partition: Partition) -> tuple[int, int]:
        """Return up to which entry a partition's log has been decided."""
        return _order(cast("bytes | None", await self._redis.get(self._keys.position(partition))) or b"0-0")

    async def seen(self, partition: Partition, event_id: str) -> str | None:
        """Return the entry that the event of this id is."""
        found = cast("bytes | None", await self._redis.get(self._keys.seen(partition, event_id)))
        return found.decode() if found else None

    async def end(self, partition: Partition, command: str) -> _End | None:
        """Return how a command ended."""
        entry_id = await self.seen(partition, outcome_id(command))
        entry = await self._entry(partition, entry_id) if entry_id else None
        return _ends.decode(entry.raw) if entry else None

    def partition_of(self, address: Address) -> Partition:
        """Return the partition that holds *address*."""
        return partition_of(address, self._partitions)


class _Chase:
    """One walk from an intent to all that it led to."""

    def __init__(self, pasts: Pasts) -> None:
        self._pasts = pasts
        self._steps = 0

    async def decided(
        self, partition: Partition, entry_id: str, address: Address, notice: str | None, depth: int
    ) -> Decided:
        self._steps += 1
        if await self._pasts.position(partition) < _order(entry_id.encode()):
            return Decided(str(address), "waiting", notice=notice)
        acts = await self._pasts.journaled(partition, entry_id)
        at_ms = int(entry_id.partition("-")[0])
        if acts is None and notice in ANSWERED:
            return Decided(str(address), "unanswered", at_ms, notice, f"{address} {UNANSWERED}")
        acts = acts or ()
        for act in acts:
            if act.type == "quarantine":
                return Decided(str(address), "quarantine", at_ms, notice, act.error)
        refused = next((act.reason for act in acts if act.type == "refuse"), None)
        commands = [
            await self._carried(act, partition, command_id(address.tenant, partition, entry_id, index))
            for index, act in enumerate(acts)
            if act.type == "send"
        ]
        told = await self._told(partition, entry_id, acts, depth)
        state: Literal["decided", "refused"] = "decided" if refused is None else "refused"
        return Decided(str(address), state, at_ms, notice, refused, tuple(commands), tuple(told))

    async def _told(self, partition: Partition, cause_id: str, acts: Sequence[_Act], depth: int) -> list[Decided]:
        told = []
        for index, act in enumerate(acts):
            if act.type != "tell" or act.to is None or depth >= MAX_DEPTH or self._steps >= MAX_STEPS:
                continue
            name = _bodies.decode(act.notice).notice
            if name in NEWS:
                continue
            where = self._pasts.partition_of(act.to)
            entry_id = await self._pasts.seen(where, notice_id(partition, cause_id, index))
            if entry_id is None:
                told.append(Decided(str(act.to), "waiting", notice=name))
            else:
                told.append(await self.decided(where, entry_id, act.to, name, depth + 1))
        return told

    async def _carried(self, act: _Act, partition: Partition, name: str) -> Carried:
        command = _bodies.decode(act.command).command
        end = await self._pasts.end(partition, name)
        if end is None:
            return Carried(command, "under way", act.command)
        result = end.result
        if result is None:
            return Carried(command, "read", act.command)
        match result.type:
            case "succeeded":
                return Carried(command, "accepted", act.command)
            case "refused":
                return Carried(command, "refused", act.command, f"{result.status} {result.code}: {result.detail}")
            case _:
                return Carried(command, "unknown", act.command, result.reason)


def _sum(decision: Decided) -> tuple[State, str | None]:
    """Return what *decision*, with all that followed from it, comes to."""
    steps = list(_all(decision))
    for step in steps:
        if step.state == "refused":
            return "refused", step.reason
        if step.state == "unanswered":
            return "failed", step.reason
        if step.state == "quarantine":
            return "failed", f"{step.address} is in quarantine: {step.reason}"
    if decision.state == "waiting":
        return "waiting", None
    commands = [command for step in steps for command in step.commands]
    for command in commands:
        if command.state in {"refused", "unknown"}:
            return "failed", f"{command.command}: {command.detail}"
    if any(step.state == "waiting" for step in steps) or any(each.state == "under way" for each in commands):
        return "under way", None
    return "done", None


def _all(decision: Decided) -> Sequence[Decided]:
    return [decision, *(step for told in decision.told for step in _all(told))]


def _order(entry_id: bytes) -> tuple[int, int]:
    ms, _, number = entry_id.partition(b"-")
    return int(ms), int(number)
