"""What is answered where no operation or endpoint is, and where the emulator's own endpoints refuse: JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from worker.testing.emulator.problems import Problem

OURS = "/emulator/"
TELNYXS = "/v2/"


@web.middleware
async def answer_in_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Give what is refused outside Telnyx's operations a body: Telnyx's form, or `{"error": ...}` below /emulator."""
    try:
        return await handler(request)
    except ConnectionResetError:
        # Who asked has given up in the middle of the request: this answer reaches nobody.
        return web.Response()
    except web.HTTPClientError as refused:
        if request.path.startswith(OURS):
            return web.json_response({"error": _told(request, refused)}, status=refused.status)
        code, title = ("10005", "Resource not found") if _missing(refused) else ("10015", "Bad Request")
        problem = Problem(refused.status, code, title, _told(request, refused))
        return web.json_response(problem.body(), status=problem.status)


def _told(request: web.Request, refused: web.HTTPClientError) -> str:
    if not _missing(refused):
        return refused.text or refused.reason
    told = f"There is no {request.method} {request.path}"
    if request.path.startswith((OURS, TELNYXS)):
        return told
    return f"{told}: Telnyx's operations are below /v2, with which the API's base URL must end"


def _missing(refused: web.HTTPClientError) -> bool:
    """Return whether there is nothing at the address; a text besides the status is of somebody who knows better."""
    bare = f"{refused.status}: {refused.reason}"
    return isinstance(refused, web.HTTPNotFound | web.HTTPMethodNotAllowed) and refused.text == bare
