"""How an agent's PIN stands in the policy: salted and hashed, never itself.

A PIN has few digits: whoever has the policy file can try them all. The hash keeps it from being read at a glance.
"""

from __future__ import annotations

import hashlib
import hmac


def pin_hash(pin: str, salt: str) -> str:
    """Return what stands in the policy for *pin*; *salt* is 16 hexadecimal digits, another for each agent."""
    return f"sha256:{salt}:{hashlib.sha256(f'{salt}:{pin}'.encode()).hexdigest()}"


def is_pin(stored: str | None, pin: str) -> bool:
    """Return whether *pin* is the one that *stored* stands for; without one, none is."""
    if stored is None or not pin:
        return False
    _, _, rest = stored.partition(":")
    salt, _, _ = rest.partition(":")
    return hmac.compare_digest(pin_hash(pin, salt), stored)
