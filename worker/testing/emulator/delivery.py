"""Signs webhooks and delivers them as Telnyx does: two seconds, three attempts, then the failover; or loses them."""

from __future__ import annotations

import base64
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import aiohttp
import anyio
from anyio.abc import TaskGroup
from nacl.signing import SigningKey

from worker.testing.emulator.clock import Clock
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.settings import Conditions, EmulatorSettings

#: The pause before the second attempt; it doubles up to the longest. Telnyx says "exponential backoff", and no numbers.
FIRST_PAUSE_SECS = 0.5
LONGEST_PAUSE_SECS = 4.0
RETRIED = {408, 429}
MOST_REDIRECTS = 3
#: So many attempts on the first URL have failed when the failover's turn comes.
BEFORE_FAILOVER = 2
#: Posts a body with headers to a URL, and returns the status of the answer; None: there was none.
Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[int | None]]


class Delivery:
    """Delivers webhooks, each in a task of its own, for Telnyx promises no order."""

    def __init__(self, settings: EmulatorSettings, clock: Clock, key: SigningKey, *, post: Post | None = None) -> None:
        """Make one that delivers by *post*; none: by HTTP."""
        self.conditions: Conditions = settings.conditions
        #: Event types of which the next webhook gets lost.
        self.lost_next: list[str] = []
        self.counts = {"sent": 0, "delivered": 0, "retried": 0, "duplicated": 0, "lost": 0, "failed": 0, "failover": 0}
        self._settings = settings
        self._clock = clock
        self._key = key
        self._random = random.Random(f"{settings.seed} webhooks")
        self._post = post
        #: Webhooks that have neither been delivered nor given up, and those of them that wait for the clock.
        self.under_way = 0
        self._waiting = 0
        self._changed = anyio.Event()
        #: The world's Unix time, not the emulator's: receivers refuse what is too far from their own.
        self.world_time: Callable[[], float] = time.time

    @property
    def public_key(self) -> str:
        """The public key as Telnyx's portal shows it."""
        return base64.b64encode(bytes(self._key.verify_key)).decode()

    async def run(self, tasks: TaskGroup, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Hold the connections while the emulator lives."""
        async with AsyncExitStack() as stack:
            if self._post is None:
                timeout = aiohttp.ClientTimeout(total=self._settings.webhook_timeout_secs)
                session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
                self._post = self._over(await stack.enter_async_context(session))
            self._tasks = tasks
            task_status.started()
            await anyio.sleep_forever()

    def send(
        self,
        event_type: str,
        event_id: str,
        payload: dict[str, object],
        *,
        at: str,
        occurred: str,
        wrapped: bool,
        leg: Leg | None,
    ) -> None:
        """Deliver a webhook soon, perhaps twice, perhaps never."""
        self.counts["sent"] += 1
        # Chance is asked in the same order whatever the conditions are, so that a seed stays comparable.
        lost, twice, late, pause, again, elsewhere = (self._random.random() for _ in range(6))
        other_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        conditions = self.conditions
        early = elsewhere < conditions.to_failover
        if event_type in self.lost_next:
            self.lost_next.remove(event_type)
            lost = -1.0
        if lost < conditions.lost:
            self.counts["lost"] += 1
            return
        pause_secs = pause * conditions.reorder_secs + (conditions.late_secs if late < conditions.late else 0.0)
        document = self._document(event_type, event_id, payload, at=at, occurred=occurred, wrapped=wrapped)
        self._begin(document, event_type, leg, pause_secs, early=early)
        if twice < conditions.duplicated:
            self.counts["duplicated"] += 1
            if self._settings.unconfirmed.duplicate_id == "new":
                document = self._document(event_type, other_id, payload, at=at, occurred=occurred, wrapped=wrapped)
            self._begin(document, event_type, leg, again * conditions.reorder_secs, early=early)

    async def settle(self) -> None:
        """Return when no webhook is on its way; those that wait for a clock that stands are not."""
        while self.under_way > (0 if self._settings.speed else self._waiting):
            await self._changed.wait()

    def sign(self, body: bytes, timestamp: str) -> dict[str, str]:
        """Return the headers that Telnyx sends with *body*."""
        signature = self._key.sign(timestamp.encode() + b"|" + body).signature
        return {
            "Content-Type": "application/json",
            "User-Agent": "telnyx-webhooks",
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        }

    def _document(
        self, event_type: str, event_id: str, payload: dict[str, object], *, at: str, occurred: str, wrapped: bool
    ) -> dict[str, object]:
        if self._settings.webhook_api_version == "1":
            payload = {**payload, "occurred_at": at}
            head = {"record_type": "event", "event_type": event_type, "webhook_id": event_id, "created_at": at}
            return {**head, "payload": payload}
        if occurred == "payload":
            payload = {**payload, "occurred_at": at}
        data: dict[str, object] = {
            "record_type": "event",
            "event_type": event_type,
            "id": event_id,
            "payload": payload,
        }
        if occurred == "data":
            data["occurred_at"] = at
        return {"data": data} if wrapped else data

    def _begin(
        self, document: dict[str, object], event_type: str, leg: Leg | None, pause_secs: float, *, early: bool
    ) -> None:
        url = self._settings.webhook_url
        retries = range(self._settings.webhook_attempts - 1)
        pauses = [min(FIRST_PAUSE_SECS * 2**number, LONGEST_PAUSE_SECS) for number in retries]
        if leg is not None:
            url = leg.webhook_urls.get(event_type) or leg.webhook_url or url
            if event_type in leg.webhook_pauses_ms:
                pauses = [ms / 1000 for ms in leg.webhook_pauses_ms[event_type]]
        self.under_way += 1
        if pause_secs <= 0:
            self._tasks.start_soon(self._deliver, document, url, pauses, early)
            return

        def start() -> None:
            self._waiting -= 1
            self._tasks.start_soon(self._deliver, document, url, pauses, early)

        # From now, not from when its task first runs: the clock may be moved on before.
        self._waiting += 1
        self._clock.later(pause_secs, start)

    async def _deliver(self, document: dict[str, object], url: str, pauses: list[float], early: bool) -> None:
        failover, timestamp = self._settings.webhook_failover_url, ""
        try:
            for attempt, pause_secs in enumerate([0.0, *pauses], 1):
                await self._pause(pause_secs)
                self.counts["retried"] += 1 if attempt > 1 else 0
                if not timestamp or self._settings.unconfirmed.signed_anew:
                    timestamp = str(int(self.world_time()))
                elsewhere = failover and (early or attempt > BEFORE_FAILOVER)
                self.counts["failover"] += 1 if elsewhere else 0
                answer = await self._attempt(document, failover if elsewhere else url, attempt, timestamp)
                if answer is not None and 200 <= answer < 300:
                    self.counts["delivered"] += 1
                    return
                if answer is not None and answer < 500 and answer not in RETRIED:
                    break
            self.counts["failed"] += 1
        finally:
            self.under_way -= 1
            self._tell()

    async def _pause(self, secs: float) -> None:
        """Wait for the clock. Who is woken counts as on its way at once, before its task goes on."""
        if secs <= 0:
            return
        over = anyio.Event()

        def wake() -> None:
            self._waiting -= 1
            over.set()

        self._waiting += 1
        self._tell()
        timer = self._clock.later(secs, wake)
        try:
            await over.wait()
        finally:
            if not over.is_set():
                self._waiting -= 1
            timer.cancel()

    def _tell(self) -> None:
        """Let those who settle look again."""
        self._changed.set()
        self._changed = anyio.Event()

    async def _attempt(self, document: dict[str, object], url: str, attempt: int, timestamp: str) -> int | None:
        if self._post is None or self.conditions.unreachable:
            return None
        if "data" in document:
            document = {**document, "meta": {"attempt": attempt, "delivered_to": url}}
        body = json.dumps(document).encode()
        return await self._post(url, body, self.sign(body, timestamp))

    def _over(self, session: aiohttp.ClientSession) -> Post:
        redirected = self._settings.unconfirmed.redirects == "followed"

        async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
            try:
                async with session.post(
                    url, data=body, headers=headers, allow_redirects=redirected, max_redirects=MOST_REDIRECTS
                ) as response:
                    return response.status
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                return None

        return post
