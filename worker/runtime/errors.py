"""What ends the holding of a partition."""

from __future__ import annotations

from ingress.errors import SwitchhookError


class FencedError(SwitchhookError):
    """Raised when this worker no longer owns the partition; nothing of it may be done any more."""


class LapsedError(FencedError):
    """Raised when the lease is over by our own clock: nobody has said so, and why is another's to know."""


class NamesakeError(SwitchhookError):
    """Raised when another process has this worker's id, and may be alive or not: for now this one is no worker."""


class UnavailableError(SwitchhookError):
    """Raised when Redis cannot be reached, or answers with an error: state in memory can no longer be trusted."""
