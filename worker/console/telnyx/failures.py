"""Errors as one line for people, and the exit status that their class has."""

from __future__ import annotations

from ingress.errors import ConfigError, SwitchhookError
from worker.console.exits import Exit
from worker.console.telnyx.cells import readable
from worker.telnyx import errors
from worker.telnyx.operation import OperationClass
from worker.telnyx.retries import had_no_effect

_EXITS: dict[type[SwitchhookError], Exit] = {
    ConfigError: Exit.USAGE,
    errors.AuthenticationError: Exit.DENIED,
    errors.PermissionDeniedError: Exit.DENIED,
    errors.NotFoundError: Exit.NOT_FOUND,
    errors.RateLimitedError: Exit.LIMITED,
    errors.ServerError: Exit.FAILED,
    errors.ApiError: Exit.REFUSED,
    errors.NetworkError: Exit.UNREACHABLE,
    errors.UnreadableError: Exit.FAILED,
    errors.TelnyxError: Exit.USAGE,  # What is left: a request that cannot be made.
}
ACCEPTED = "it was accepted: look before you repeat it"
PERHAPS = "it may have had its effect: look before you repeat it"


def exit_of(error: SwitchhookError) -> Exit:
    """Return the status for the class of *error*."""
    return next((_EXITS[kind] for kind in type(error).__mro__ if kind in _EXITS), Exit.BROKEN)


def line_of(error: SwitchhookError, kind: OperationClass) -> str:
    """Return one line: what happened, where, and what an operation of *kind* may have done nevertheless."""
    told = [str(error).rstrip(".")]
    if isinstance(error, errors.ApiError):
        if error.request_id:
            told.append(f"request id {error.request_id}")
        if error.retry_after_secs:
            told.append(f"Telnyx asks to wait {error.retry_after_secs:g} s")
    if isinstance(error, errors.UnreadableError) and kind is not OperationClass.READ:
        told.append(ACCEPTED)
    unsure = isinstance(error, errors.NetworkError | errors.ServerError) and not had_no_effect(error)
    if unsure and kind is not OperationClass.READ:
        told.append(PERHAPS)
    return readable(" ".join("; ".join(told).split()))
