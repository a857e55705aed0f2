"""What can go wrong with a request to Telnyx, and what each answer means to the engine: one tree, one table.

Telnyx's codes are ambiguous (10007 is "not found" with 404 and "unavailable" with 503), so the status and the code
together are what is judged. Sources: Telnyx's OpenAPI document of July 2026 and its page of API error codes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import Enum

import msgspec

from ingress.errors import SwitchhookError


class TelnyxError(SwitchhookError):
    """Root of what a request to Telnyx raises."""


class NetworkError(TelnyxError):
    """Raised when there was no answer: no connection, or one that broke. The request may have had its effect."""


class DeadlineError(NetworkError):
    """Raised when no answer came in time. The request may have had its effect."""


class NotSentError(NetworkError):
    """Raised when the request never left: no connection was made. It had no effect."""


class UnreadableError(TelnyxError):
    """Raised when Telnyx accepted a request (2xx), and its answer is not as documented: no repetition tells more."""


class UnsendableError(TelnyxError):
    """Raised for a request that cannot be made: an id that is empty or points elsewhere, or text that is no Unicode."""


class ApiError(TelnyxError):
    """Raised when Telnyx answered with an error."""

    def __init__(
        self,
        status: int,
        code: str = "",
        title: str = "",
        detail: str = "",
        *,
        pointer: str | None = None,
        request_id: str | None = None,
        retry_after_secs: float | None = None,
    ) -> None:
        told = ": ".join(part for part in (title, detail) if part) or "no explanation"
        where = f" at {pointer}" if pointer else ""
        known = f" (code {code})" if code else ""
        super().__init__(f"Telnyx answered {status}{known}{where}: {told}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.pointer = pointer
        self.request_id = request_id
        self.retry_after_secs = retry_after_secs


class AuthenticationError(ApiError):
    """Raised for 401: the API key is not accepted."""


class PermissionDeniedError(ApiError):
    """Raised for 403: the account may not do this."""


class NotFoundError(ApiError):
    """Raised for 404."""


class ConflictError(ApiError):
    """Raised for 409."""


class UnprocessableError(ApiError):
    """Raised for 422: a parameter is wrong, or the call is not in a state for it."""


class RateLimitedError(ApiError):
    """Raised for 429."""


class HeldBackError(RateLimitedError):
    """Raised in place of a request that would be over the account's limit until it is too late. Nothing was sent."""

    def __init__(self, wait_secs: float) -> None:
        told = f"the account's limit is used up for {wait_secs:.1f} s more"
        super().__init__(429, title="Not sent", detail=told, retry_after_secs=wait_secs)
        self.args = (f"not sent: {told}",)


class ServerError(ApiError):
    """Raised for 5xx."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
}


def error_class(status: int) -> type[ApiError]:
    """Return the class for an HTTP status."""
    return ServerError if status >= 500 else _BY_STATUS.get(status, ApiError)


class Meaning(Enum):
    """What an error answer means to the engine."""

    RETRY = "retry"
    WAIT = "wait"
    GONE = "gone"
    ALREADY = "already"
    OVERFLOW = "overflow"
    CONFLICT = "conflict"
    FATAL = "fatal"
    STOP = "stop"


#: (status, code) → meaning. A status of None stands for any 4xx that has no row of its own.
_MEANINGS: dict[tuple[int | None, str], Meaning] = {
    (None, "90015"): Meaning.GONE,  # no call has this id; we ask for none that there was not
    (None, "90018"): Meaning.GONE,  # call has already ended
    (None, "90019"): Meaning.GONE,  # conference has already ended
    (404, "90058"): Meaning.GONE,  # conference does not exist
    (None, "90020"): Meaning.WAIT,  # recording before there is audio
    (None, "90034"): Meaning.WAIT,  # call not answered yet
    (None, "90032"): Meaning.OVERFLOW,  # too many participants
    (None, "90036"): Meaning.OVERFLOW,  # queue full
    (None, "90041"): Meaning.RETRY,  # user channel limit
    (None, "90042"): Meaning.RETRY,  # profile channel limit
    (None, "90043"): Meaning.RETRY,  # connection channel limit
    (None, "90033"): Meaning.CONFLICT,  # a conference of that name is active
    (None, "90035"): Meaning.ALREADY,  # not in a queue
    (None, "90038"): Meaning.ALREADY,  # already in this queue
    (None, "90044"): Meaning.ALREADY,  # already in this conference
    (409, "10036"): Meaning.RETRY,  # the resource is being processed
    (423, "10036"): Meaning.RETRY,
}
_BY_STATUS_ALONE: dict[int, Meaning] = {
    401: Meaning.STOP,
    403: Meaning.STOP,
    404: Meaning.GONE,
    408: Meaning.RETRY,
    429: Meaning.RETRY,
}


def meaning_of(status: int, code: str) -> Meaning:
    """Return what an answer of *status* with *code* means."""
    if status >= 500:
        return Meaning.RETRY
    for key in ((status, code), (None, code)):
        if key in _MEANINGS:
            return _MEANINGS[key]
    return _BY_STATUS_ALONE.get(status, Meaning.FATAL)


_MOST_RESET_SECS = 3600.0


class _Error(msgspec.Struct):
    """One error, of whose fields each may be of another type than documented: its code must not be lost by that."""

    code: object = None
    title: object = None
    detail: object = None
    source: object = None


class _Errors(msgspec.Struct):
    errors: list[object] | dict[str, object]


_decode_errors = msgspec.json.Decoder(_Errors).decode


def api_error(status: int, content: bytes, get: Callable[[str], str | None]) -> ApiError:
    """Return the error that an answer is, in any of the shapes that Telnyx gives it; *get* reads its headers."""
    request_id, wait = get("x-request-id"), _retry_after(get)
    if wait is None and status == 429 and _seconds(get("x-ratelimit-remaining")) in (None, 0.0):
        # The window's end is in every answer; only for one that was turned away at an empty window is it the time to
        # wait for.
        reset = _seconds(get("x-ratelimit-reset"))
        # An hour or more is hardly a window's rest: other APIs put the time of day, in Unix seconds, into this header.
        wait = reset if reset is not None and reset < _MOST_RESET_SECS else None
    kind = error_class(status)
    try:
        errors = _decode_errors(content).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = re.sub(r"\s+", " ", content[:200].decode(errors="replace")).strip()
        return kind(status, detail=text, request_id=request_id, retry_after_secs=wait)
    if isinstance(errors, dict):
        detail = "; ".join(f"{field} {told}" for field, told in errors.items())
        return kind(status, detail=detail, request_id=request_id, retry_after_secs=wait)
    first = msgspec.convert(errors[0], _Error) if errors and isinstance(errors[0], dict) else _Error()
    source = first.source if isinstance(first.source, dict) else {}
    return kind(
        status,
        _written(first.code),
        _written(first.title),
        _written(first.detail),
        pointer=_written(source.get("pointer") or source.get("parameter")) or None,
        request_id=request_id,
        retry_after_secs=wait,
    )


def _written(value: object) -> str:
    """Return a value that should be a text as one."""
    return "" if value is None else value if isinstance(value, str) else str(value)


def _retry_after(get: Callable[[str], str | None]) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date; a date is judged by the answer's own clock."""
    text, date = get("retry-after"), get("date")
    if not text or not date or text[:1].isdigit():
        return _seconds(text)
    try:
        return _seconds(str((parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
