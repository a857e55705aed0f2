"""Asks an ingress, waits for what becomes of it, and says that."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import aiohttp
import anyio
import msgspec
import typer

from ingress.errors import ConfigError, SwitchhookError
from ingress.intents import model as m
from ingress.intents.answers import Accepted, Problem
from ingress.intents.past import Decided, Past
from worker.console.exits import Exit
from worker.telnyx.errors import NetworkError, NotSentError
from worker.telnyx.failures import network_error

TOKEN_VARIABLE = "SWITCHHOOK_TOKEN"  # noqa: S105
#: For one request, beyond what it waits by itself.
REQUEST_SECS = 10.0
CONNECT_SECS = 5.0
_STATUSES = {401: Exit.DENIED, 403: Exit.DENIED, 404: Exit.NOT_FOUND, 503: Exit.UNREACHABLE}
_ENDS = {"done": Exit.OK, "refused": Exit.REFUSED, "failed": Exit.FAILED}


T = TypeVar("T", bound=msgspec.Struct)


class Door(msgspec.Struct, frozen=True):
    """How the ingress is reached, and how its answer is wanted. The token itself is not among it."""

    url: str
    token_file: Path | None
    tenant: str
    key: str | None
    wait_secs: float
    as_json: bool


class _AnswerError(SwitchhookError):
    """Raised when the door has said no, or nothing."""

    def __init__(self, told: str, status: Exit) -> None:
        super().__init__(told)
        self.status = status


def ask(door: Door, intent: m.AnyIntent) -> Exit:
    """Ask *intent*, say what became of it, and return the exit status."""
    try:
        past = anyio.run(_ask, door, intent)
    except ConfigError as error:
        typer.echo(f"switchhook: {error}", err=True)
        return Exit.USAGE
    except _AnswerError as error:
        typer.echo(f"switchhook: {error}", err=True)
        return error.status
    except KeyboardInterrupt:
        typer.echo("switchhook: interrupted; it may have been asked", err=True)
        return Exit.INTERRUPTED
    if door.as_json:
        typer.echo(msgspec.json.encode(past).decode())
    else:
        for line in lines_of(past):
            typer.echo(line)
    if past.state in _ENDS:
        return _ENDS[past.state]
    return Exit.OK if door.wait_secs == 0 else Exit.UNREACHABLE


def lines_of(past: Past) -> Iterator[str]:
    """Yield what became of an intent in lines; the reason why not once, in the first."""
    yield f"{past.state}: {past.reason}" if past.reason else past.state
    yield from _tree(past.decision, "  ", past.reason or "")
    yield f"(event {past.id})"


def _tree(step: Decided, before: str, why: str) -> Iterator[str]:
    """Yield a step and what followed from it, without what *why* has said already."""
    said = f" ({step.notice})" if step.notice else ""
    reason = f": {step.reason}" if step.reason and not why.endswith(step.reason) else ""
    yield f"{before}{step.address}{said} {step.state}{reason}"
    for command in step.commands:
        known = why == f"{command.command}: {command.detail}"
        detail = f" ({command.detail})" if command.detail and not known else ""
        yield f"{before}  → {command.command}: {command.state}{detail}"
    for told in step.told:
        yield from _tree(told, before + "  ", why)


async def _ask(door: Door, intent: m.AnyIntent) -> Past:
    headers = {"Authorization": f"Bearer {_token(door.token_file)}", "Content-Type": "application/json"}
    if door.key is not None:
        headers["Idempotency-Key"] = door.key
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECS + door.wait_secs, sock_connect=CONNECT_SECS)
    base = door.url.rstrip("/")
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        body = msgspec.json.encode(intent)
        accepted = await _answer(session, "POST", f"{base}/intents/{door.tenant}", Accepted, body)
        where = f"{base}{accepted.status}?wait_secs={door.wait_secs:g}"
        return await _answer(session, "GET", where, Past, None)


async def _answer(session: aiohttp.ClientSession, method: str, url: str, kind: type[T], body: bytes | None) -> T:
    try:
        async with session.request(method, url, data=body) as response:
            raw = await response.read()
            status = response.status
    except aiohttp.InvalidURL:
        raise ConfigError(f"{url} is no address: set SWITCHHOOK_INGRESS_URL, as http://127.0.0.1:8080") from None
    except (aiohttp.ClientError, OSError, TimeoutError) as exc:
        error = network_error(exc, url, connect_secs=CONNECT_SECS, request_secs=session.timeout.total or 0)
        raise _AnswerError(f"{error}; {_effect(error, body)}", Exit.UNREACHABLE) from None
    if status >= 400:
        otherwise = Exit.USAGE if status < 500 else Exit.FAILED
        raise _AnswerError(_problem(raw, status, url), _STATUSES.get(status, otherwise))
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        raise _AnswerError(f"{url} did not answer as an ingress does", Exit.FAILED) from None


def _effect(error: NetworkError, body: bytes | None) -> str:
    """Return whether a request to which no answer came may have asked for something."""
    if body is None:
        return "it was asked, and what becomes of it is told there"
    return "nothing was asked" if isinstance(error, NotSentError) else "whether it was asked is not known"


def _problem(raw: bytes, status: int, url: str) -> str:
    try:
        return f"{status}: {msgspec.json.decode(raw, type=Problem).reason}"
    except msgspec.DecodeError:
        return f"{url} answered {status}, not as an ingress does"


def _token(path: Path | None) -> str:
    if path is not None:
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"the token's file {path} cannot be read") from None
    else:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise ConfigError(f"no token: set {TOKEN_VARIABLE}, or name its file with --token-file")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ConfigError("the token holds more than a token: it has spaces, lines or letters that no token has")
    return token
