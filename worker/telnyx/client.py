"""The one place from which HTTP leaves for Telnyx."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator, Callable
from types import NoneType, TracebackType
from typing import TypeVar, cast
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp import hdrs
from yarl import URL

from ingress.errors import ConfigError
from worker.telnyx.addresses import BASE_URL, checked_base, checked_proxy, environment_proxy
from worker.telnyx.answers import PAGE_SIZE, One, Page, decoded, identity
from worker.telnyx.calls.operations import DIAL
from worker.telnyx.calls.resource import Calls
from worker.telnyx.conferences.resource import Conferences
from worker.telnyx.errors import TelnyxError, UnreadableError, UnsendableError, api_error
from worker.telnyx.failures import network_error
from worker.telnyx.operation import RESEND_WITHIN_SECS, Body, Operation, OperationClass, Query
from worker.telnyx.pacing import DIALS_PER_SEC, Pacer
from worker.telnyx.queues.resource import Queues
from worker.telnyx.retries import may_repeat, repeat

A = TypeVar("A")
B = TypeVar("B")

REQUEST_SECS = 5.0
CONNECT_SECS = 3.0
MAX_CONNECTIONS = 64

_encoder = msgspec.json.Encoder()


class TelnyxClient:
    """A Telnyx account's API. An async context manager; `calls`, `conferences` and `queues` are its resources."""

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = BASE_URL,
        request_secs: float = REQUEST_SECS,
        retry_secs: float = 0.0,
        max_connections: int = MAX_CONNECTIONS,
        proxy: str | None = None,
        dials_per_sec: float = DIALS_PER_SEC,
        page_size: int = PAGE_SIZE,
        jitter: random.Random | None = None,
        whole_tries: bool = False,
        heard: Callable[[TelnyxError], None] = lambda _: None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            api_key: Of the account. It is in no error, log or repr.
            base_url: `addresses.REGIONS` has those of Telnyx.
            request_secs: How long one request may take.
            retry_secs: How long a request that may be repeated is, in all; 0: never. With it, an operation that takes a
                command_id is given one if its body has none, and is repeated only while Telnyx knows it.
            max_connections: At the same time.
            proxy: `http://HOST:PORT`; default: what the environment names (HTTPS_PROXY, NO_PROXY).
            dials_per_sec: Telnyx allows 30 by default.
            page_size: How many items of a list to ask for at once; Telnyx allows 250.
            jitter: Chance for the pauses between repetitions.
            whole_tries: Whether a try that began within `retry_secs` still has all of `request_secs`.
            heard: Told each error after which a request is repeated.

        Raises:
            ConfigError: The base URL or the proxy is not an address, or would send the key in the clear to Telnyx; or
                the key cannot be one.
        """
        if not api_key or not all("!" <= character <= "~" for character in api_key):
            raise ConfigError(
                "the API key is empty, or has a space or a line's end in it: copy it from Telnyx's portal"
            )
        self._key = api_key
        self.base_url = checked_base(base_url)
        self._base_path = URL(self.base_url).raw_path.rstrip("/")
        self._headers = {hdrs.AUTHORIZATION: f"Bearer {api_key}", hdrs.ACCEPT: "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=request_secs, connect=CONNECT_SECS)
        self._retry_secs = retry_secs
        self._max_connections = max_connections
        # aiohttp's own trust_env would read ~/.netrc too, and refuse every request when the host stands in it.
        self._proxy = checked_proxy(proxy, "the proxy") if proxy else environment_proxy(URL(self.base_url))
        self._pacer = Pacer(dials_per_sec=dials_per_sec)
        self._page_size = page_size
        self._jitter = jitter or random.Random()
        self._try_secs = request_secs if whole_tries else 0.0
        self._heard = heard
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
            connector=aiohttp.TCPConnector(limit=self._max_connections),
            proxy=self._proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, operation: Operation[A], *ids: str, body: Body | None = None, query: Query | None = None) -> A:
        """Carry *operation* out and return its answer.

        Raises:
            NetworkError: No answer, or none in time (DeadlineError); the request may have had its effect, unless it is
                a NotSentError.
            ApiError: An answer that is an error. What ends something may, after a repetition, be told that it is gone.
            UnreadableError: It was accepted, and the answer is not as documented.
            UnsendableError: An id is empty, or a text cannot be written.
        """
        if self._retry_secs and body is not None and operation.keyed:
            body = _named(body)
        key = body is not None and getattr(body, "command_id", None) is not None
        target = self._target(operation, ids, query, {})
        try:
            data = _encoder.encode(body) if body is not None else None
        except UnicodeEncodeError:
            raise UnsendableError(f"{operation.name}: a text in its body is no Unicode: nothing was sent") from None
        if operation.answer is NoneType:
            await self._repeatedly(operation, target, data, None, key=key)
            return cast("A", None)
        frame: type[One[A]] = One[operation.answer]  # type: ignore[name-defined]
        return (await self._repeatedly(operation, target, data, frame, key=key)).data

    async def pages(self, operation: Operation[A], *ids: str, query: Query | None = None) -> AsyncIterator[Page[A]]:
        """Yield all pages of a list, up to an empty one, however many more are promised. Raises what `ask` raises."""
        number = 1
        before: list[A] = []
        while True:
            page = await self.page(operation, *ids, query=query, number=number)
            if page.data and page.data == before:
                raise UnreadableError(f"{operation.name}: page {number} of the list is the one before it again")
            yield page
            if number >= page.meta.total_pages or not page.data:
                return
            number, before = number + 1, page.data

    async def each(self, operation: Operation[A], *ids: str, query: Query | None = None) -> AsyncIterator[A]:
        """Yield all items of a list, over all its pages. Raises what `ask` raises.

        What comes or goes meanwhile moves the others over the pages' edges: an item that is seen twice is yielded once,
        one that slips through is missed.
        """
        seen: set[str] = set()
        async for page in self.pages(operation, *ids, query=query):
            for item in page.data:
                known = identity(item)
                if known and known in seen:
                    continue
                seen.add(known)
                yield item

    async def page(self, operation: Operation[A], *ids: str, query: Query | None = None, number: int = 1) -> Page[A]:
        """Return one page of a list; the first is number 1. Raises what `ask` raises."""
        place = {"page[number]": str(number), "page[size]": str(self._page_size)}
        target = self._target(operation, ids, query, place)
        frame: type[Page[A]] = Page[operation.answer]  # type: ignore[name-defined]
        return await self._repeatedly(operation, target, None, frame, key=False)

    def _target(self, operation: Operation[A], ids: tuple[str, ...], query: Query | None, more: dict[str, str]) -> URL:
        asked = {name: _text(value) for name, value in msgspec.to_builtins(query).items()} if query else {}
        asked |= more
        try:
            text = self.base_url + operation.path_of(*ids)
            if asked:
                # Brackets left as they are give silently empty lists at Telnyx.
                text += "?" + "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in asked.items())
        except UnicodeEncodeError:
            raise UnsendableError(f"{operation.name}: a text in its address is no Unicode: nothing was sent") from None
        return URL(text, encoded=True)

    async def _repeatedly(
        self, operation: Operation[A], target: URL, data: bytes | None, frame: type[B] | None, *, key: bool
    ) -> B:
        """Send a request as often as its class allows, and return the answer, read as a *frame*; None: unread."""

        async def once() -> B:
            content = await self._once(operation, target, data)
            return self._decode(operation, content, frame) if frame is not None else cast("B", None)

        keyed = operation.kind is OperationClass.KEYED
        return await repeat(
            once,
            for_secs=min(self._retry_secs, RESEND_WITHIN_SECS) if keyed else self._retry_secs,
            again=lambda error: may_repeat(operation.kind, key=key, error=error),
            jitter=self._jitter,
            try_secs=self._try_secs,
            heard=self._heard,
        )

    async def _once(self, operation: Operation[A], target: URL, data: bytes | None) -> bytes:
        """Send one request and return the answer's body."""
        what = f"{operation.method} {target.raw_path.removeprefix(self._base_path)}"
        await self._pacer.admit(dial=operation is DIAL)
        failure: TelnyxError
        try:
            status, content, header = await self._exchange(operation.method, target, data)
            self._pacer.heed(header)
            if status < 300:
                return content
            # A gateway's page, or a header of its answer, may repeat the request, with its key.
            content = content.replace(self._key.encode(), b"(the API key)")
            failure = api_error(status, content, lambda name: self._masked(header(name)))
        except (aiohttp.ClientError, OSError) as exc:
            failure = network_error(
                exc, what, connect_secs=CONNECT_SECS, request_secs=self._timeout.total or float("inf")
            )
        # Raised out here, it has no context: aiohttp's errors hold the request's headers.
        raise failure

    async def _exchange(
        self, method: str, target: URL, data: bytes | None
    ) -> tuple[int, bytes, Callable[[str], str | None]]:
        """Return the status, the body and the headers of the answer to one request."""
        if self._session is None:
            raise RuntimeError("the client is used outside its `async with` block")
        headers = {hdrs.CONTENT_TYPE: "application/json"} if data is not None else {}
        # A redirect is not followed: it would turn a POST into a GET, whose 200 says nothing of the command.
        # aiohttp sends a GET, PUT or DELETE again by itself when a kept connection had been closed; never a POST.
        async with self._session.request(method, target, data=data, headers=headers, allow_redirects=False) as response:
            return response.status, await response.read(), response.headers.get

    def _masked(self, text: str | None) -> str | None:
        return text and text.replace(self._key, "(the API key)")

    def _decode(self, operation: Operation[A], content: bytes, answer: type[B]) -> B:
        decoder = self._decoders.get(answer)
        if decoder is None:
            decoder = self._decoders[answer] = msgspec.json.Decoder(answer)
        try:
            return cast("B", decoded(content, decoder))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise UnreadableError(f"{operation.name}: Telnyx's answer is not as documented: {exc}") from None


def _named(body: Body) -> Body:
    if getattr(body, "command_id", None) is not None:
        return body
    return msgspec.structs.replace(body, command_id=str(uuid.uuid4()))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
