"""The handler of `POST /webhooks/{tenant}`: verify, route, append, answer.

200 only when the event is in the log, or in the spool where there is one.

A valid webhook is never answered 4xx, for Telnyx does not deliver those again; 503 makes it come back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import anyio
from aiohttp import web
from prometheus_client import Counter

from ingress.batch import PATIENCE_SECS, Batcher
from ingress.envelope import DEFAULT_TENANT, LogEntry, read_webhook
from ingress.errors import EnvelopeError, LogUnavailableError, SignatureError
from ingress.log import EventLog
from ingress.logs import SparseLog
from ingress.metrics import Metrics
from ingress.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier

MAX_BODY_BYTES = 1024 * 1024
#: How long the rest of a body may take to come.
READ_SECS = 1.5
RETRY_AFTER_SECS = 1


class WebhookHandler:
    """Answers webhooks of the tenants that it was given keys of."""

    def __init__(
        self, verifiers: Mapping[str, Verifier], event_log: EventLog, batcher: Batcher, metrics: Metrics
    ) -> None:
        self._verifiers = verifiers
        self._log = event_log
        self._batcher = batcher
        self._metrics = metrics
        self._warn = SparseLog().warning
        self._counters: dict[tuple[str, str], Counter] = {}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one webhook."""
        tenant = request.match_info.get("tenant", DEFAULT_TENANT)
        verifier = self._verifiers.get(tenant)
        if verifier is None:
            return _answer(404, "there is no such tenant")
        try:
            body = await self._read(request)
            received_ms = time.time_ns() // 1_000_000
            headers = request.headers
            verifier.verify(
                headers.get(SIGNATURE_HEADER), headers.get(TIMESTAMP_HEADER), body, now_secs=received_ms / 1000
            )
            return await self._take(tenant, body, received_ms)
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(tenant, 413, f"the body has more than {MAX_BODY_BYTES} bytes")
        except SignatureError as exc:
            return self._refuse(tenant, 400 if exc.malformed else 401, exc.reason)
        except TimeoutError:
            return self._refuse(tenant, 408, f"the body did not come within {READ_SECS:g} s")
        except LogUnavailableError as exc:
            self._count(tenant, "unavailable")
            self._warn("webhook.unavailable", tenant=tenant, reason=str(exc))
            again = {"Retry-After": str(RETRY_AFTER_SECS)}
            return _answer(503, "the event could not be kept; send it again", headers=again)

    async def refuse_method(self, _: web.Request) -> web.Response:
        """Answer what is not a POST."""
        return _answer(405, "webhooks are sent with POST", headers={"Allow": "POST"})

    async def _read(self, request: web.Request) -> bytes:
        """Return the body. It has mostly come with the head, and a deadline for what is there costs more than reading.

        Raises:
            TimeoutError: It did not come in time.
        """
        if request.content.is_eof():
            return await request.read()
        with anyio.fail_after(READ_SECS):
            return await request.read()

    async def _take(self, tenant: str, body: bytes, received_ms: int) -> web.Response:
        try:
            webhook = read_webhook(tenant, body)
        except EnvelopeError as exc:
            # Telnyx signed it, so it is kept for a person to look at, and Telnyx need not send it again.
            await self._keep_unrouted(tenant, str(exc), received_ms, body)
            self._count(tenant, "unrouted")
            self._warn("webhook.unrouted", tenant=tenant, reason=str(exc))
            return _answer(200, "kept, and routed nowhere")
        began = time.perf_counter()
        entry = LogEntry(webhook.event_id, webhook.address, "webhook", received_ms, body)
        appended = await self._batcher.append(entry)
        self._metrics.seconds.observe(time.perf_counter() - began)
        result = "spooled" if appended.spooled else "duplicate" if appended.duplicate else "accepted"
        self._count(tenant, result)
        return web.Response(status=200)

    async def _keep_unrouted(self, tenant: str, reason: str, received_ms: int, body: bytes) -> None:
        with anyio.move_on_after(PATIENCE_SECS) as waiting:
            await self._log.keep_unrouted(tenant, reason, received_ms, body)
        if waiting.cancelled_caught:
            raise LogUnavailableError("it took too long to keep it")

    def _refuse(self, tenant: str, status: int, reason: str) -> web.Response:
        self._count(tenant, "refused")
        self._warn("webhook.refused", tenant=tenant, reason=reason)
        return _answer(status, reason)

    def _count(self, tenant: str, result: str) -> None:
        counter = self._counters.get((tenant, result))
        if counter is None:
            counter = self._counters[tenant, result] = self._metrics.webhooks.labels(tenant, result)
        counter.inc()


def _answer(status: int, reason: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"reason": reason}, status=status, headers=headers)
