"""The root of Switchhook's errors, and those that the ingress and the log raise.

An error carries its facts as attributes and says, in one sentence, what was wrong, where, and what to do.
"""

from __future__ import annotations


class SwitchhookError(Exception):
    """Root of every error that Switchhook raises on purpose."""


class ConfigError(SwitchhookError):
    """Raised when a setting is missing or wrong; nothing was started."""


class PlacedError(ConfigError):
    """Each line of the message begins with the file and, where it is known, the line in it: `p.toml:12: …`."""


class NotThereError(SwitchhookError):
    """Raised when what was named, as a log or a file, is not there."""


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


class SpoolFullError(LogUnavailableError):
    """Raised when the disk spool has reached the size that it was allowed."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"Redis does not take events and the spool is full at {limit_bytes} bytes: mend Redis, or raise "
            "SWITCHHOOK_SPOOL_MAX_BYTES"
        )
        self.limit_bytes = limit_bytes


class SpoolFailedError(LogUnavailableError):
    """Raised when the disk did not take an event, or did not say that it is durable."""

    def __init__(self, directory: str, cause: OSError) -> None:
        super().__init__(f"Redis does not take events and the disk of {directory} neither: {cause.strerror or cause}")
        self.directory = directory
        self.errno = cause.errno
