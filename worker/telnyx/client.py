"""The one place from which HTTP leaves for Telnyx: a request, its answer or its error. Retries are the sender's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from yarl import URL

from ingress.errors import ConfigError
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
    """A Telnyx account's API. An async context manager; `calls`, `conferences` and `queues` are its resources.

    A proxy that the environment names is used. Entering raises ConfigError when that is not a proxy's address.
    """

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
            # aiohttp's own trust_env would read ~/.netrc too, and refuse every request when the host stands in it.
            proxy=environment_proxy(URL(self.base_url)),
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
            # A redirect is not followed: it would turn a POST into a GET, whose 200 says nothing of the command.
            async with self._session.request(
                method, URL(text, encoded=True), data=data, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
                if response.status >= 300:
                    raise api_error(response.status, content, response.headers.get)
                return content
        except TimeoutError:
            raise DeadlineError(f"{method} {path}: no answer in {self._timeout.total:g} s") from None
        except aiohttp.ClientHttpProxyError as exc:
            # Its own text has the proxy's address, with the password that may be in it.
            raise NetworkError(f"{method} {path}: the proxy answered {exc.status}") from None
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


def environment_proxy(url: URL) -> URL | None:
    """Return the proxy that the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) names for *url*.

    Raises:
        ConfigError: What the environment names is not the address of a proxy. It may hold a password: it is not said.
    """
    named = getproxies().get(url.scheme)
    if not named or url.host is None or proxy_bypass(url.host):
        return None
    proxy = URL(named)
    if proxy.scheme not in ("http", "https") or proxy.host is None:
        variable = f"{url.scheme.upper()}_PROXY"
        raise ConfigError(f"the environment variable {variable} is not a proxy's address: write http://HOST:PORT")
    return proxy


def api_error(status: int, content: bytes, get: Callable[[str], str | None]) -> ApiError:
    """Return the error that an answer is, in any of the shapes that Telnyx gives it; *get* reads its headers."""
    request_id, wait = get("x-request-id"), _seconds(get("retry-after"))
    if wait is None:
        wait = _seconds(get("x-ratelimit-reset"))
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
