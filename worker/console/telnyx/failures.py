"""Errors as one line for people, and the exit status that their class has."""

from __future__ import annotations

from ingress.errors import ConfigError, SwitchhookError
from worker.console.exits import Exit
from worker.console.telnyx.cells import readable
from worker.telnyx import errors
from worker.telnyx.addresses import BASE_URL
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
#: Codes that say "there is no such thing" with another status than 404.
_NOT_FOUND = ("90015", "90058")
ACCEPTED = "it was accepted: look before you repeat it"
PERHAPS = "it may have had its effect: look before you repeat it"


def exit_of(error: SwitchhookError) -> Exit:
    """Return the status for the class of *error*."""
    if isinstance(error, errors.ApiError) and error.code in _NOT_FOUND:
        return Exit.NOT_FOUND
    return next((_EXITS[kind] for kind in type(error).__mro__ if kind in _EXITS), Exit.BROKEN)


def line_of(error: SwitchhookError, kind: OperationClass, base: str = BASE_URL) -> str:
    """Return one line: what happened, where, and what an operation of *kind*, sent to *base*, may have done."""
    told = [str(error).rstrip(".")]
    if isinstance(error, errors.NotFoundError) and not error.code and not base.rstrip("/").endswith("/v2"):
        told.append(f"Telnyx's addresses end with /v2, and {base} does not")
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
