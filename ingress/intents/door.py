"""`POST /intents/{tenant}` and `GET /intents/{tenant}/{id}`: people and programs ask through the same door.

An intent is answered 202 when it is in the log. It never goes to the spool: what somebody asks of this moment, a
minute later may be the contrary of what he wants; so while Redis does not take it, the answer is 503.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import cast

import anyio
import msgspec
import structlog
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.envelope import LogEntry
from ingress.errors import LogUnavailableError
from ingress.intents import openapi
from ingress.intents.answers import MAX_WAIT_SECS, Accepted, Problem
from ingress.intents.model import Asked, to_of
from ingress.intents.past import Past, Pasts, State
from ingress.intents.reading import MAX_BODY_BYTES, BodyError, read_intent
from ingress.intents.scopes import refusal
from ingress.intents.tokens import Token, Tokens
from ingress.log import SEEN_TTL_MS, EventLog, Partition
from ingress.metrics import Metrics

log = structlog.get_logger(__name__)

PATIENCE_SECS = 2.0
POLL_SECS = 0.05
ENDED: frozenset[State] = frozenset({"done", "refused", "failed"})
RETRY_AFTER_SECS = 1
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ID = re.compile(r"([0-9]{1,4})-([0-9]{1,15}-[0-9]{1,10})")
_encoder = msgspec.json.Encoder()


class _RefusedError(Exception):
    """Ends a request with a status and a reason."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class IntentDoor:
    """Takes intents, and tells what became of them."""

    def __init__(self, tokens: Callable[[], Tokens], event_log: EventLog, redis: Redis, metrics: Metrics) -> None:
        self._tokens = tokens
        self._log = event_log
        self._redis = redis
        self._metrics = metrics
        self._pasts = Pasts(redis, event_log.keys, event_log.partitions)

    def routes(self) -> list[web.RouteDef]:
        """Return the paths."""
        return [
            web.post("/intents/{tenant}", self.ask),
            web.get("/intents/{tenant}/{id}", self.tell),
            web.get("/openapi.json", self.describe),
        ]

    async def describe(self, _: web.Request) -> web.Response:
        """Answer the OpenAPI document."""
        return web.Response(body=openapi.document(), content_type="application/json")

    async def ask(self, request: web.Request) -> web.Response:
        """Take one intent."""
        tenant = request.match_info["tenant"]
        try:
            accepted = await self._ask(request, tenant)
        except _RefusedError as exc:
            # A stranger chooses the path: only tenants that there are become labels.
            self._metrics.intents.labels("refused" if exc.status < 500 else "unavailable").inc()
            return _problem(exc)
        self._metrics.intents.labels("accepted").inc()
        return _json(202, accepted, {"Location": accepted.status})

    async def tell(self, request: web.Request) -> web.Response:
        """Tell what became of an intent; with `wait_secs`, not before it has come to an end, or that time is over."""
        try:
            return await self._tell(request)
        except _RefusedError as exc:
            return _problem(exc)

    async def _ask(self, request: web.Request, tenant: str) -> Accepted:
        token = self._authenticate(request, tenant)
        body = await _body(request)
        try:
            intent = read_intent(body)
        except BodyError as exc:
            raise _RefusedError(exc.status, str(exc)) from None
        reason = refusal(token, intent)
        if reason is not None:
            raise _RefusedError(403, reason)
        raw = _encoder.encode(Asked(intent, token.name))
        address = to_of(tenant, intent)
        event_id = await self._event_id(request, token, raw)
        entry = LogEntry(event_id, address, "intent", time.time_ns() // 1_000_000, raw)
        try:
            with anyio.fail_after(PATIENCE_SECS):
                (appended,) = await self._log.append([entry])
        except (LogUnavailableError, TimeoutError) as exc:
            raise _away(exc) from None
        name = f"{self._log.partition_of(address)}-{appended.entry_id}"
        log.info("intent", id=name, by=token.name, intent=str(intent.__struct_config__.tag), address=str(address))
        return Accepted(name, f"/intents/{tenant}/{name}")

    async def _event_id(self, request: web.Request, token: Token, raw: bytes) -> str:
        """Return the id that the append is deduplicated by: with a key the same for a day."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return f"i:{uuid.uuid4().hex}"
        if not _KEY.fullmatch(key):
            raise _RefusedError(400, "the Idempotency-Key is not of 1 to 255 visible ASCII characters")
        name = hashlib.sha256(f"{token.tenant}|{token.name}|{key}".encode()).hexdigest()[:32]
        digest = hashlib.sha256(raw).hexdigest()
        place = self._log.keys.asked(name)
        try:
            with anyio.fail_after(PATIENCE_SECS):
                await self._redis.set(place, digest, nx=True, px=SEEN_TTL_MS)
                first = cast("bytes | None", await self._redis.get(place))
        except (RedisError, OSError, TimeoutError) as exc:
            raise _away(exc) from None
        if first is not None and first.decode() != digest:
            raise _RefusedError(409, "this Idempotency-Key was used for another intent: use a new one for each")
        # With the digest: when the key has been forgotten, the log may still know the event of its earlier intent.
        return f"i:{name}:{digest[:16]}"

    async def _tell(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        token = self._authenticate(request, tenant)
        wait_secs = _wait_secs(request)
        found = _ID.fullmatch(request.match_info["id"])
        missing = _RefusedError(404, "there is no such intent here, or it has been trimmed from the log")
        if found is None:
            raise missing
        until = anyio.current_time() + wait_secs
        while True:
            past = await self._past(tenant, Partition(int(found[1])), found[2])
            if past is None or (past.by != token.name and token.scopes == {"agent"}):
                raise missing
            if past.state in ENDED or anyio.current_time() >= until:
                return _json(200, past)
            await anyio.sleep(POLL_SECS)

    async def _past(self, tenant: str, partition: Partition, entry_id: str) -> Past | None:
        try:
            with anyio.fail_after(PATIENCE_SECS):
                return await self._pasts.of(tenant, partition, entry_id)
        except (RedisError, OSError, TimeoutError) as exc:
            raise _away(exc) from None

    def _authenticate(self, request: web.Request, tenant: str) -> Token:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens().of(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            reason = "the token is unknown" if secret else "send a token: Authorization: Bearer …"
            raise _RefusedError(401, reason, {"WWW-Authenticate": 'Bearer realm="switchhook"'})
        if token.tenant != tenant:
            raise _RefusedError(403, "this token is of another tenant")
        return token


async def _body(request: web.Request) -> bytes:
    try:
        with anyio.fail_after(PATIENCE_SECS):
            body = await request.read()
    except TimeoutError:
        raise _RefusedError(408, "the body did not come in time") from None
    except web.HTTPRequestEntityTooLarge:
        body = b" " * (MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise _RefusedError(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
    return body


def _wait_secs(request: web.Request) -> float:
    given = request.query.get("wait_secs", "0")
    try:
        secs = float(given)
    except ValueError:
        secs = -1.0
    if not 0 <= secs <= MAX_WAIT_SECS:
        raise _RefusedError(400, f"wait_secs is {given[:20]!r}: use 0 to {MAX_WAIT_SECS:g}")
    return secs


def _away(exc: Exception) -> _RefusedError:
    log.warning("intent.unavailable", reason=str(exc) or "it took too long")
    told = "the log cannot be reached now: ask again, with the same Idempotency-Key"
    return _RefusedError(503, told, {"Retry-After": str(RETRY_AFTER_SECS)})


def _problem(exc: _RefusedError) -> web.Response:
    return _json(exc.status, Problem(str(exc)), exc.headers)


def _json(status: int, body: msgspec.Struct, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=_encoder.encode(body), status=status, content_type="application/json", headers=headers)
