"""The one place from which HTTP leaves for Telnyx: a request, its answer or its error. Retries are the sender's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from worker.telnyx.calls import Calls
from worker.telnyx.conferences import Conferences
from worker.telnyx.errors import ApiError, DeadlineError, NetworkError, error_class
from worker.telnyx.models import Body, Page
from worker.telnyx.queues import Queues

T = TypeVar("T")

BASE_URL = "https://api.telnyx.com/v2"
REQUEST_SECS = 5.0
CONNECT_SECS = 3.0
MAX_CONNECTIONS = 64
PAGE_SIZE = 250

_encoder = msgspec.json.Encoder()


class _Source(msgspec.Struct):
    pointer: str | None = None
    parameter: str | None = None


class _Error(msgspec.Struct):
    code: str | int = ""
    title: str = ""
    detail: str = ""
    source: _Source | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] | dict[str, object]


_decode_errors = msgspec.json.Decoder(_Errors).decode


class TelnyxClient:
    """A Telnyx account's API. An async context manager; `calls`, `conferences` and `queues` are its resources."""

    def __init__(self, api_key: str, *, base_url: str = BASE_URL, request_secs: float = REQUEST_SECS) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=request_secs, connect=CONNECT_SECS)
        self._session: aiohttp.ClientSession | None = None
        self._decoders: dict[object, msgspec.json.Decoder[object]] = {}
        self.calls = Calls(self)
        self.conferences = Conferences(self)
        self.queues = Queues(self)

    def __repr__(self) -> str:
        return f"<TelnyxClient {self.base_url}>"

    async def __aenter__(self) -> TelnyxClient:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            trust_env=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, answer: type[T], query: dict[str, str] | None = None) -> T:
        """GET *path* and return the answer as *answer*. Raises what `request` raises."""
        return self._decode(await self.request("GET", path, query=query), answer)

    async def post(self, path: str, body: Body, answer: type[T]) -> T:
        """POST *body* to *path* and return the answer as *answer*. Raises what `request` raises."""
        return self._decode(await self.request("POST", path, body=body), answer)

    async def pages(self, path: str, page: type[Page[T]], query: dict[str, str]) -> AsyncIterator[Page[T]]:
        """Yield all pages of a list."""
        number = 1
        while True:
            asked = {**query, "page[number]": str(number), "page[size]": str(PAGE_SIZE)}
            answer = await self.get(path, page, asked)
            yield answer
            if number >= answer.meta.total_pages:
                return
            number += 1

    async def request(
        self, method: str, path: str, *, body: Body | None = None, query: dict[str, str] | None = None
    ) -> bytes:
        """Send one request, once, and return the answer's body.

        Raises:
            NetworkError: No answer, or none in time (DeadlineError); the request may have had its effect.
            ApiError: An answer that is an error.
        """
        if self._session is None:
            raise RuntimeError("the client is used outside its `async with` block")
        text = f"{self.base_url}{path}"
        if query:
            # Brackets left as they are give silently empty lists at Telnyx.
            text += "?" + "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items())
        data = _encoder.encode(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if data is not None else {}
        try:
            async with self._session.request(method, URL(text, encoded=True), data=data, headers=headers) as response:
                content = await response.read()
                if response.status >= 400:
                    raise api_error(response.status, content, response.headers.get)
                return content
        except TimeoutError:
            raise DeadlineError(f"{method} {path}: no answer in {self._timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError) as exc:
            raise NetworkError(f"{method} {path}: {type(exc).__name__}: {exc}") from None

    def _decode(self, content: bytes, answer: type[T]) -> T:
        decoder = self._decoders.get(answer)
        if decoder is None:
            decoder = self._decoders[answer] = msgspec.json.Decoder(answer)
        try:
            return decoder.decode(content)  # type: ignore[return-value]
        except msgspec.DecodeError as exc:
            raise NetworkError(f"Telnyx's answer is not as documented: {exc}") from None


def api_error(status: int, content: bytes, get: Callable[[str], str | None]) -> ApiError:
    """Return the error that an answer is, in any of the shapes that Telnyx gives it; *get* reads its headers."""
    request_id, wait = get("x-request-id"), _seconds(get("retry-after") or get("x-ratelimit-reset"))
    kind = error_class(status)
    try:
        errors = _decode_errors(content).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = re.sub(r"\s+", " ", content[:200].decode(errors="replace")).strip()
        return kind(status, detail=text, request_id=request_id, retry_after_secs=wait)
    if isinstance(errors, dict):
        detail = "; ".join(f"{field} {told}" for field, told in errors.items())
        return kind(status, detail=detail, request_id=request_id, retry_after_secs=wait)
    first = errors[0] if errors else _Error()
    pointer = (first.source.pointer or first.source.parameter) if first.source else None
    return kind(
        status,
        str(first.code),
        first.title,
        first.detail,
        pointer=pointer,
        request_id=request_id,
        retry_after_secs=wait,
    )


def _seconds(text: object) -> float | None:
    try:
        seconds = float(str(text))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None
