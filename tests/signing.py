"""Signs webhooks as Telnyx does, for tests."""

from __future__ import annotations

import base64
import time

from nacl.signing import SigningKey


class Signer:
    """A key pair, and the headers that a body signed by it comes with."""

    def __init__(self) -> None:
        self._key = SigningKey.generate()
        self.public_key = base64.b64encode(bytes(self._key.verify_key)).decode()
        self.seed = bytes(self._key)
        self.seed_text = base64.b64encode(self.seed).decode()

    def headers(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        """Return the headers of *body*, signed now or *at* a Unix time."""
        timestamp = str(int(time.time() if at is None else at))
        signature = self._key.sign(timestamp.encode() + b"|" + body).signature
        return {
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
            "content-type": "application/json",
        }
