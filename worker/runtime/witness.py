"""What an owner says of its state to those who look from outside: its standing by itself, its digests when asked.

Nobody decides by it. The log is the truth; this is how `switchhook verify` sees whether memory still agrees with it,
and how `switchhook partitions` and `switchhook quarantine list` need not read whole logs.
"""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import anyio.lowlevel
import msgspec
import structlog
import zstandard
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.log import Keys
from worker.ledger import image
from worker.ledger.ledger import Ledger
from worker.runtime.clock import RedisClock, monotonic
from worker.runtime.lease import Lease

log = structlog.get_logger(__name__)

#: How often the owner looks for a question, and says a change of its quarantine.
PAUSE_SECS = 1.0
#: How often it says how much there is, while something happens.
SAY_SECS = 10.0
#: Questions and answers are forgotten after so long.
ANSWER_TTL_MS = 60_000
LEVEL = 1


class Waiting(msgspec.Struct, frozen=True):
    """An aggregate in quarantine, in short. `events` is how many wait, the one that raised among them."""

    address: str
    error: str
    since_ms: int
    events: int


class Standing(msgspec.Struct, frozen=True):
    """What an owner last said. It counts while the partition's epoch is the same."""

    epoch: int
    position: str
    at_ms: int
    aggregates: int
    commands: int
    timers: int
    quarantined: tuple[Waiting, ...]


class Question(msgspec.Struct, frozen=True):
    """Asks for the digests of a partition, and for the whole of `states` (addresses; "" for the rest)."""

    id: str
    states: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What an owner's state came to, by `image.digests`, right after the event at `position`."""

    token: str
    position: str
    digests: dict[str, str]
    states: dict[str, msgspec.Raw]


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of an answer."""

    token: str = ""
    position: str = ""
    digests: dict[str, str] = {}
    states: dict[str, msgspec.Raw] = {}


class Witness:
    """Of one partition while it is held. `run` belongs to the partition's task group."""

    def __init__(self, lease: Lease, redis: Redis, keys: Keys, clock: RedisClock) -> None:
        self._lease = lease
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._standing: Standing | None = None
        self._said: Standing | None = None
        self._said_at = 0.0
        self._question: Question | None = None
        self._answered = ""
        self._picture: image.Picture | None = None
        self._taken = anyio.Event()

    def note(self, ledger: Ledger, position: str) -> None:
        """Look at *ledger*, in which all that is journaled up to *position*, and nothing more, has been taken in."""
        if self._question is not None and self._picture is None:
            self._picture = image.take(ledger, position, self._clock.now_ms())
            self._taken.set()
        if self._standing is None or self._standing.position != position:
            self._standing = Standing(
                self._lease.epoch,
                position,
                self._clock.now_ms(),
                len(ledger.aggregates),
                len(ledger.pending),
                len(ledger.timers),
                waiting_of(ledger),
            )

    async def run(self) -> None:
        """Say and answer, for ever. When Redis fails, that round is left out: the runtime sees it by itself."""
        while True:
            try:
                await self._say()
                await self._hear()
                if self._question is not None:
                    await self._answer(self._question)
            except (RedisError, OSError) as exc:
                log.debug("witness.interrupted", partition=self._lease.partition, error=str(exc))
            await anyio.sleep(PAUSE_SECS)

    async def _say(self) -> None:
        now, said = self._standing, self._said
        if now is None or now is said or not self._lease.held:
            return
        if said is None or now.quarantined != said.quarantined or monotonic() - self._said_at >= SAY_SECS:
            await self._redis.set(self._keys.standing(self._lease.partition), _encoder.encode(now))
            self._said, self._said_at = now, monotonic()

    async def _hear(self) -> None:
        raw = await self._redis.get(self._keys.question(self._lease.partition))
        self._question = None
        if raw is None:
            return
        try:
            question = _questions.decode(raw)
        except msgspec.DecodeError:
            # A later release's: who asks sees that nothing comes.
            return
        if question.id != self._answered:
            self._picture, self._taken, self._question = None, anyio.Event(), question

    async def _answer(self, question: Question) -> None:
        """Answer once there is a picture, if that is soon: the question is heard again otherwise."""
        with anyio.move_on_after(2 * PAUSE_SECS):
            await self._taken.wait()
        picture, self._question, self._picture = self._picture, None, None
        if picture is None:
            return
        compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        packed: list[bytes] = []
        for line in _lines(picture, question, self._lease.token):
            packed.append(compressor.compress(line))
            await anyio.lowlevel.checkpoint()
        packed.append(compressor.flush())
        if self._lease.held:
            key = self._keys.answer(self._lease.partition, question.id)
            await self._redis.set(key, b"".join(packed), px=ANSWER_TTL_MS)
            self._answered = question.id


def waiting_of(ledger: Ledger) -> tuple[Waiting, ...]:
    """Return what is in quarantine in *ledger*."""
    return tuple(Waiting(str(a.address), a.error, a.since_ms, a.events) for a in ledger.quarantined.values())


def write_question(question: Question) -> bytes:
    """Return what stands under `Keys.question`."""
    return _encoder.encode(question)


def read_answer(raw: bytes) -> Answer:
    """Return what an owner answered.

    Raises:
        ValueError: It is not an answer of this form.
    """
    try:
        lines = zstandard.ZstdDecompressor().decompressobj().decompress(raw).splitlines()
    except zstandard.ZstdError as exc:
        raise ValueError(f"the answer cannot be unpacked: {exc}") from exc
    parts = [_parts.decode(line) for line in lines]
    if not parts:
        raise ValueError("the answer is empty")
    digests: dict[str, str] = {}
    states: dict[str, msgspec.Raw] = {}
    for part in parts:
        digests |= part.digests
        states |= part.states
    return Answer(parts[0].token, parts[0].position, digests, states)


def read_standing(raw: bytes) -> Standing | None:
    """Return what stands under `Keys.standing`; None: it is of another release."""
    try:
        return _standings.decode(raw)
    except msgspec.DecodeError:
        return None


def states_of(picture: image.Picture, wanted: frozenset[str]) -> Iterator[dict[str, msgspec.Raw]]:
    """Yield what *picture* has of *wanted*, as JSON, in parts of about a millisecond; the rest is named ""."""
    for start in range(0, len(picture.states) if wanted else 0, image.CHUNK):
        yield {
            str(state.address): msgspec.Raw(_ordered.encode(state))
            for state in picture.states[start : start + image.CHUNK]
            if str(state.address) in wanted
        }
    if "" in wanted:
        head = picture.head
        rest = {
            "commands": {each.command_id: each for each in head.pending},
            "timers": {f"{each.address} {each.key}": each for each in head.timers},
            "finished": {str(address): at_ms for address, at_ms in head.finished},
            "quarantined": {str(each.address): each for each in head.quarantined},
        }
        yield {"": msgspec.Raw(_ordered.encode(rest))}


def _lines(picture: image.Picture, question: Question, token: str) -> Iterator[bytes]:
    yield _encoder.encode(_Part(token, picture.head.position)) + b"\n"
    for digests in image.digests(picture):
        yield _encoder.encode(_Part(digests=digests)) + b"\n"
    for states in states_of(picture, frozenset(question.states)):
        yield _encoder.encode(_Part(states=states)) + b"\n"


_encoder = msgspec.json.Encoder()
#: Sets come in one order, so that two states can be compared.
_ordered = msgspec.json.Encoder(order="deterministic")
_questions = msgspec.json.Decoder(Question)
_standings = msgspec.json.Decoder(Standing)
_parts = msgspec.json.Decoder(_Part)
