"""What went wrong when no answer came, told without what aiohttp's own errors carry along.

Those hold the request's headers and the proxy's address, with the key and the password that are in them.
"""

from __future__ import annotations

import errno

import aiohttp

from worker.telnyx.errors import DeadlineError, NetworkError, NotSentError

_MOST_CHARACTERS = 300


def network_error(error: Exception, what: str, *, connect_secs: float, request_secs: float) -> NetworkError:
    """Return the error to raise for *error* of *what*: a NotSentError only if the request certainly never left."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return NotSentError(f"{what}: no connection in {connect_secs:g} s")
        case TimeoutError():
            return DeadlineError(f"{what}: no answer in {request_secs:g} s")
        case aiohttp.ClientHttpProxyError():
            return NotSentError(f"{what}: the proxy answered {error.status}")
        case aiohttp.ClientConnectorDNSError():
            return NotSentError(f"{what}: the name {error.host} is not known, or cannot be looked up")
        case aiohttp.ClientConnectorError() if error.os_error.errno == errno.ECONNREFUSED:
            where = f"[{error.host}]" if ":" in error.host else error.host
            return NotSentError(f"{what}: nothing listens at {where}:{error.port} (connection refused)")
        case aiohttp.ClientConnectorError():
            return NotSentError(_told(error, what))
        case _:
            return NetworkError(_told(error, what))


def _told(error: Exception, what: str) -> str:
    return f"{what}: {type(error).__name__}: {error}"[:_MOST_CHARACTERS]
