"""What has to be delivered to a webhook target, as Redis holds it: how far it is, what is tried again, what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import load_script
from worker.runtime.errors import FencedError, UnavailableError
from worker.runtime.journal import Entries
from worker.runtime.lease import Lease
from worker.runtime.recording.keys import RecordKeys

POSITION = "position"
#: Of what was given up, so many are looked at.
MOST_SHOWN = 1_000


class Try(msgspec.Struct, frozen=True):
    """How often something was tried, when it is tried again (Redis time, ms), and what was wrong the last time."""

    tries: int
    due_ms: int
    error: str


class Standing(msgspec.Struct, frozen=True):
    """How far a target is: the last record that was tried once; None: it is new."""

    position: str | None
    waiting: dict[str, Try]


class GivenUp(msgspec.Struct, frozen=True):
    """A record that the target has not taken: the id of it here, the record's entry, and the last try."""

    id: str
    entry: str
    last: Try


class Outbox:
    """The deliveries to one target."""

    def __init__(self, redis: Redis, keys: RecordKeys, target: str) -> None:
        self._redis = redis
        self._keys = keys
        self._target = target
        self._note = redis.register_script(load_script("worker.runtime", "deliver.lua"))

    async def standing(self) -> Standing:
        """Return how far the target is.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            found = cast("dict[bytes, bytes]", await self._redis.hgetall(self._keys.deliveries(self._target)))
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the deliveries to {self._target} could not be read: {exc}") from exc
        position = found.pop(POSITION.encode(), None)
        waiting = {name.decode(): _tries.decode(raw) for name, raw in found.items()}
        return Standing(position.decode() if position else None, waiting)

    async def note(
        self, lease: Lease, position: str, tries: Mapping[str, Try | None], given_up: Mapping[str, Try]
    ) -> None:
        """Note the *position*, what is to be tried again (None: no more), and what is given up.

        Raises:
            FencedError: Another worker is the recorder.
            UnavailableError: Nobody knows whether it was noted.
        """
        fields: list[str | bytes] = [POSITION, position]
        for name, each in tries.items():
            fields += (name, b"" if each is None else _encoder.encode(each))
        args: list[str | bytes | int] = [lease.token, len(fields) // 2, *fields]
        for name, each in given_up.items():
            args += (name, _encoder.encode(each))
        k = self._keys
        keys = [k.lease(lease.partition), k.deliveries(self._target), k.undelivered(self._target)]
        try:
            noted = await self._note(keys=keys, args=args)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the deliveries to {self._target} could not be noted: {exc}") from exc
        if not noted:
            lease.drop()
            raise FencedError("deliveries were refused: another worker is the recorder")

    async def given_up(self) -> list[GivenUp]:
        """Return what was given up, the oldest first.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            found = await self._redis.xrange(self._keys.undelivered(self._target), count=MOST_SHOWN)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the deliveries to {self._target} could not be read: {exc}") from exc
        return [
            GivenUp(name.decode(), fields[b"entry"].decode(), _tries.decode(fields[b"try"]))
            for name, fields in cast("Entries", found)
        ]

    async def again(self, given_up: GivenUp) -> None:
        """Have something tried from the beginning again. Harmless when it is asked for twice.

        Raises:
            UnavailableError: Redis failed.
        """
        fresh = _encoder.encode(Try(0, 0, given_up.last.error))
        try:
            await self._redis.hset(self._keys.deliveries(self._target), given_up.entry, fresh)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the delivery could not be asked for: {exc}") from exc
        await self.drop(given_up)

    async def drop(self, given_up: GivenUp) -> None:
        """Forget something that was given up.

        Raises:
            UnavailableError: Redis failed.
        """
        try:
            await self._redis.xdel(self._keys.undelivered(self._target), given_up.id)
        except (RedisError, OSError) as exc:
            raise UnavailableError(f"the delivery could not be dropped: {exc}") from exc


_encoder = msgspec.json.Encoder()
_tries = msgspec.json.Decoder(Try)
