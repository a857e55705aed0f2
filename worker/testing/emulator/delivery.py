"""Signs webhooks and delivers them as Telnyx does: two seconds, three attempts, late and twice if so asked."""

from __future__ import annotations

import base64
import json
import random
import time

import aiohttp
import anyio
from anyio.abc import TaskGroup
from nacl.signing import SigningKey

from worker.testing.emulator.settings import EmulatorSettings

#: Pauses before the second and the third attempt. Telnyx says "exponential backoff", and no numbers.
RETRY_PAUSES_SECS = (0.5, 1.0, 2.0, 4.0)
RETRIED = {408, 429}


class Delivery:
    """Delivers webhooks to one URL, each in a task of its own, for Telnyx promises no order."""

    def __init__(self, settings: EmulatorSettings, key: SigningKey, rng: random.Random) -> None:
        self.url = settings.webhook_url
        #: Event types of which the next webhook gets lost.
        self.lost_next: list[str] = []
        self.counts = {"sent": 0, "delivered": 0, "retried": 0, "duplicated": 0, "lost": 0, "failed": 0}
        self._settings = settings
        self._key = key
        self._random = rng
        self._session: aiohttp.ClientSession | None = None
        #: Webhooks that have neither been delivered nor given up.
        self.under_way = 0
        self._idle = anyio.Event()

    @property
    def public_key(self) -> str:
        """The public key as Telnyx's portal shows it."""
        return base64.b64encode(bytes(self._key.verify_key)).decode()

    async def run(self, tasks: TaskGroup, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Hold the connections while the emulator lives."""
        timeout = aiohttp.ClientTimeout(total=self._settings.webhook_timeout_secs)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
            self._session, self._tasks = session, tasks
            task_status.started()
            await anyio.sleep_forever()

    def send(self, document: dict[str, object], event_type: str) -> None:
        """Deliver *document* soon, and perhaps twice."""
        self.counts["sent"] += 1
        if event_type in self.lost_next:
            self.lost_next.remove(event_type)
            self.counts["lost"] += 1
            return
        copies = 1
        if self._random.random() < self._settings.duplicate_rate:
            self.counts["duplicated"] += 1
            copies = 2
        for _ in range(copies):
            self.under_way += 1
            self._tasks.start_soon(self._deliver, document, self._random.random() * self._settings.reorder_secs)

    async def settle(self) -> None:
        """Return when no webhook is on its way."""
        while self.under_way:
            self._idle = anyio.Event()
            await self._idle.wait()

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the headers that Telnyx sends with *body*."""
        timestamp = str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + b"|" + body).signature
        return {
            "Content-Type": "application/json",
            "User-Agent": "telnyx-webhooks",
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        }

    async def _deliver(self, document: dict[str, object], pause_secs: float) -> None:
        try:
            await anyio.sleep(pause_secs)
            for attempt in range(1, self._settings.webhook_attempts + 1):
                answer = await self._attempt(document, attempt)
                if answer is not None and 200 <= answer < 300:
                    self.counts["delivered"] += 1
                    return
                if answer is not None and answer < 500 and answer not in RETRIED:
                    break
                if attempt < self._settings.webhook_attempts:
                    self.counts["retried"] += 1
                    await anyio.sleep(RETRY_PAUSES_SECS[min(attempt, len(RETRY_PAUSES_SECS)) - 1])
            self.counts["failed"] += 1
        finally:
            self.under_way -= 1
            self._idle.set()

    async def _attempt(self, document: dict[str, object], attempt: int) -> int | None:
        if self._session is None:
            return None
        if "data" in document:
            document = {**document, "meta": {"attempt": attempt, "delivered_to": self.url}}
        body = json.dumps(document).encode()
        try:
            async with self._session.post(self.url, data=body, headers=self.sign(body)) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
