"""The root of Switchhook's errors, and those that the ingress and the log raise.

An error carries its facts as attributes and says, in one sentence, what was wrong, where, and what to do.
"""

from __future__ import annotations


class SwitchhookError(Exception):
    """Root of every error that Switchhook raises on purpose."""


class ConfigError(SwitchhookError):
    """Raised when a setting is missing or wrong; nothing was started."""


class SignatureError(SwitchhookError):
    """Raised when a webhook's signature or timestamp cannot be accepted."""

    def __init__(self, reason: str, *, malformed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        #: True when a header is missing or not in its documented form (answered 400 rather than 401).
        self.malformed = malformed


class EnvelopeError(SwitchhookError):
    """Raised when a signed body is not a Telnyx webhook that can be routed."""


class TopologyError(SwitchhookError):
    """Raised when the log in Redis has another number of partitions than this process was given."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            f"the log has {found} partitions and this process was started with {expected}: "
            f"set SWITCHHOOK_PARTITIONS={found} (the number is fixed when the log is made)"
        )
        self.expected = expected
        self.found = found


class LogUnavailableError(SwitchhookError):
    """Raised when Redis could not take an append; the caller must not say that the event is safe."""
