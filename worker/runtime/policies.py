"""The policy in force, for all workers: who brings a new one, who may not, and how it gets into each partition's log.

A stream in Redis has the policies that came into force, the newest last. Workers look at it with their heartbeat, and
the owner of each partition appends the new one to the partition's log, with what its agents have to be told. A process
that dies in between leaves nothing half done: the next owner sees what its log does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import anyio
import anyio.to_thread
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from ingress.log import Keys
from worker.events.policies import PolicyLoaded
from worker.ledger.governing import policy_of
from worker.policy.load import LoadedPolicy, digest_of
from worker.policy.model import Policy
from worker.runtime.clock import monotonic
from worker.runtime.errors import UnavailableError
from worker.runtime.journal import entries_of

#: So many policies are kept to be looked at, and so many digests of earlier ones to know them again.
KEPT, KNOWN = 20, 200
#: So often the newest policy is read whole; in between only what comes after it.
WHOLE_SECS = 10.0
#: Characters of a policy that is read in so little time that nothing else needs to go on meanwhile.
LARGE = 50_000


class Standing(msgspec.Struct, frozen=True):
    """What became of a policy that was brought.

    `loaded`: it is in force from now on. `same`: it was already. `superseded`: it was in force before the one that is,
    and was not meant to replace it. `force` is the one that is in force now.
    """

    result: Literal["loaded", "same", "superseded"]
    force: PolicyLoaded


class Policies:
    """The policies of all workers that share a prefix."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.policies()
        #: The newest that `look` has seen, and that is read.
        self.newest: PolicyLoaded | None = None
        self._unread: PolicyLoaded | None = None
        self._seen = anyio.Event()
        self._looked_at = float("-inf")

    @property
    def policy(self) -> Policy | None:
        """What the newest that `look` has seen reads as; None: there is none, or this release cannot read it."""
        return policy_of(self.newest.text) if self.newest else None

    @property
    def reading(self) -> bool:
        """Whether there is a newer one than `newest`, which is being read."""
        return self._unread is not None

    async def look(self) -> PolicyLoaded | None:
        """Return the policy in force; None: there has been none.

        Raises:
            UnavailableError: Redis failed.
        """
        if monotonic() >= self._looked_at + WHOLE_SECS:
            return await self._look_whole()
        known = self._unread or self.newest
        after = f"{known.number if known else 0}-0"
        try:
            reply = await self._redis.xread({self._key: after})
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the policy in force could not be read: {exc}") from exc
        for entry_id, fields in entries_of(reply):
            self._see(_loaded(entry_id, fields))
        return self.newest

    async def _look_whole(self) -> PolicyLoaded | None:
        """See too whether the stream went back, as when Redis lost its newest writes, and goes on otherwise."""
        try:
            self._see(await self.in_force())
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the policy in force could not be read: {exc}") from exc
        self._looked_at = monotonic()
        return self.newest

    def _see(self, newest: PolicyLoaded | None) -> None:
        """Note the newest; a large one that is new is to be read first, by `read_ahead`."""
        if newest is None or newest == self.newest or len(newest.text) < LARGE:
            self.newest, self._unread = newest, None
        elif newest != self._unread:
            self._unread = newest
            self._seen.set()

    async def read_ahead(self, stopping: anyio.Event) -> None:
        """Read large policies until *stopping*, beside what is being decided, and only then let them be `newest`.

        Whoever needs what one reads as finds it read: the owner of a partition appends none that is not.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read_large)
            await stopping.wait()
            tasks.cancel_scope.cancel()

    async def _read_large(self) -> None:
        while True:
            await self._seen.wait()
            self._seen, coming = anyio.Event(), self._unread
            if coming is not None:
                await anyio.to_thread.run_sync(policy_of, coming.text)
                if coming == self._unread:
                    self.newest, self._unread = coming, None

    async def in_force(self) -> PolicyLoaded | None:
        """Return the policy in force, for who looks once; None: there has been none.

        Raises:
            RedisError, OSError: Redis failed.
        """
        entry = await self._last()
        return _loaded(*entry) if entry else None

    async def bring(self, policy: LoadedPolicy, by: str, *, again: bool) -> Standing:
        """Let *policy* come into force. With *again*: even if it was before the one that is in force now.

        Without, it is a process that starts with the file that it finds, which may be an old one: it replaces what
        others have loaded only if it is new.

        Raises:
            RedisError, OSError: Redis failed.
        """
        while True:
            entry = await self._last()
            force, known = (_loaded(*entry), entry[1].get(b"known", b"").decode().split()) if entry else (None, [])
            if force is not None and force.digest == policy.digest:
                return Standing("same", force)
            if force is not None and policy.digest in known and not again:
                return Standing("superseded", force)
            number = force.number + 1 if force else 1
            new = PolicyLoaded(number, policy.digest, policy.text, by)
            if force is not None:
                known = [*(digest for digest in known if digest != force.digest), force.digest][-KNOWN:]
            if await self._add(new, known):
                return Standing("loaded", new)

    async def keep_up(self, ruling: PolicyLoaded) -> None:
        """See to it that the stream is not behind what rules a partition by its log, as when Redis lost writes.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            entry = await self._last()
            force = _loaded(*entry) if entry else None
            if force is None or force.number < ruling.number:
                await self._add(ruling, [force.digest] if force else [])
            elif force.number == ruling.number and force.digest != ruling.digest:
                # The number was given twice, the first time to what was lost: the later one gets another.
                await self._add(msgspec.structs.replace(force, number=force.number + 1), [ruling.digest])
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the policy in force could not be read or kept: {exc}") from exc

    async def _last(self) -> tuple[bytes, Mapping[bytes, bytes]] | None:
        found = await self._redis.xrevrange(self._key, count=1)
        return cast("list[tuple[bytes, Mapping[bytes, bytes]]]", found)[0] if found else None

    async def _add(self, new: PolicyLoaded, known: list[str]) -> bool:
        """Add *new*; return False when another one of its number was quicker."""
        fields: dict[str | bytes, str | bytes] = {
            "digest": new.digest, "text": new.text, "by": new.by, "known": " ".join(known),
        }  # fmt: skip
        try:
            await self._redis.xadd(self._key, cast("dict", fields), id=f"{new.number}-0", maxlen=KEPT)  # type: ignore[type-arg]
        except ResponseError as exc:
            if "equal or smaller" not in str(exc):
                raise
            return False
        return True


def needs_restart(before: Policy, after: Policy) -> list[str]:
    """Return, a sentence each, what *after* changes that processes read at their start alone."""
    old, new = before.tenants, after.tenants
    told = [f"tenants.{name} is {'new' if name in new else 'gone'}" for name in sorted(old.keys() ^ new.keys())]
    return told + [
        f"tenants.{name}.{key} is another"
        for name in sorted(old.keys() & new.keys())
        for key in ("api_key", "public_keys", "api_base")
        if getattr(old[name], key) != getattr(new[name], key)
    ]


def _loaded(entry_id: bytes, fields: Mapping[bytes, bytes]) -> PolicyLoaded:
    text = fields[b"text"].decode()
    number = int(entry_id.partition(b"-")[0])
    return PolicyLoaded(number, fields.get(b"digest", b"").decode() or digest_of(text), text, fields[b"by"].decode())
