"""Is this webhook Telnyx's, and is it of now? Ed25519 over `timestamp|raw body`, checked before anything is parsed.

Source: Telnyx's webhook documentation; the tolerance of 300 s is that of Telnyx's own SDK.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from ingress.errors import ConfigError, SignatureError

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIMESTAMP_HEADER = "telnyx-timestamp"
TOLERANCE_SECS = 300
KEY_BYTES = 32
SIGNATURE_BYTES = 64


def read_public_key(text: str, where: str) -> VerifyKey:
    """Return the key in *text* (base64 of 32 raw bytes); *where* names the setting for messages.

    Raises:
        ConfigError: The text is not such a key.
    """
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ConfigError(
            f"{where} is not an Ed25519 public key: copy the one from the Telnyx portal, Keys & Credentials, "
            "Public Key (base64 of 32 bytes)"
        )
    return VerifyKey(raw)


class Verifier:
    """Checks webhooks against a tenant's public keys; more than one while a key is being changed."""

    def __init__(self, keys: Sequence[VerifyKey]) -> None:
        self._keys = tuple(keys)

    def verify(self, signature: str | None, timestamp: str | None, body: bytes, *, now_secs: float) -> None:
        """Return if *body* was signed by one of the keys, not more than 300 s before or after *now_secs*.

        Raises:
            SignatureError: It was not; the reason says why, and `malformed` whether a header was not in its form.
        """
        if signature is None or timestamp is None:
            missing = SIGNATURE_HEADER if signature is None else TIMESTAMP_HEADER
            raise SignatureError(f"the header {missing} is missing", malformed=True)
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise SignatureError(f"the header {TIMESTAMP_HEADER} is not in Unix seconds", malformed=True)
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != SIGNATURE_BYTES:
            raise SignatureError(f"the header {SIGNATURE_HEADER} is not base64 of 64 bytes", malformed=True)
        age_secs = now_secs - int(timestamp)
        if age_secs > TOLERANCE_SECS:
            raise SignatureError(f"the timestamp is too old: {age_secs:.0f} s, at most {TOLERANCE_SECS} are allowed")
        if age_secs < -TOLERANCE_SECS:
            raise SignatureError(f"the timestamp is too new: {-age_secs:.0f} s ahead of this machine's clock")
        signed = timestamp.encode() + b"|" + body
        for key in self._keys:
            try:
                key.verify(signed, raw)
            except BadSignatureError:
                continue
            return
        raise SignatureError("the signature is not of any of the tenant's public keys")
