"""Signatures of outgoing webhooks in the form of the Standard Webhooks specification (standardwebhooks.com).

A request has three headers: `webhook-id` (the same for each try, so that who receives it can tell repetitions),
`webhook-timestamp` (Unix seconds of this try) and `webhook-signature`: `v1,` and the base64 of the HMAC-SHA256 of
`id.timestamp.body`. A secret is written as `whsec_` and the base64 of 24 to 64 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from ingress.errors import ConfigError

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


def read_key(secret: str, where: str) -> bytes:
    """Return the key that a secret is; *where* names the setting for messages.

    Raises:
        ConfigError: It is none.
    """
    text = secret.strip()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ConfigError(f"{where}: a secret is whsec_ and the base64 of {LEAST_BYTES} to {MOST_BYTES} bytes")
    return key


def headers_of(key: bytes, ident: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a request that is sent at *timestamp* (Unix seconds)."""
    signed = hmac.new(key, f"{ident}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
