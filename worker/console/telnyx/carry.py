"""One operation from the command line, carried out: the question, the request, the answer shown, the exit status."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import anyio
import msgspec
import typer

from ingress.errors import SwitchhookError
from worker.console.exits import Exit
from worker.console.options import write_no_more
from worker.console.telnyx.access import Access, base_of, client_of
from worker.console.telnyx.cells import readable
from worker.console.telnyx.failures import PERHAPS, exit_of, line_of
from worker.console.telnyx.output import Output, output_of
from worker.telnyx.addresses import BASE_URL
from worker.telnyx.answers import PAGE_SIZE, Meta
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import TelnyxError
from worker.telnyx.operation import RESEND_WITHIN_SECS, Body, Operation, OperationClass, Query

#: How many items of a list are shown at once, where neither `--page-size` nor `--all` is given.
SHOWN_AT_ONCE = 50


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer is wanted."""

    as_json: bool = False
    every_page: bool = False
    page: int | None = None
    page_size: int | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One operation with all that it takes."""

    operation: Operation[object]
    ids: tuple[str, ...] = ()
    body: Body | None = None
    query: Query | None = None


def carry_out(access: Access, request: Request, shown: Shown, *, everybody: bool = False) -> Exit:
    """Send *request*, show its answer, and return the exit status. What went wrong is said on standard error.

    Args:
        access: How Telnyx is reached.
        request: What is asked.
        shown: How the answer is wanted.
        everybody: Whether it concerns all participants, and this was not said: then it is asked, or refused.
    """
    kind = request.operation.kind
    size = shown.page_size or (PAGE_SIZE if shown.every_page else SHOWN_AT_ONCE)
    base = BASE_URL
    try:
        base = base_of(access)
        client = client_of(access, page_size=size, heard=_Patience(access.retry_secs, kind).heard)
        if everybody and not _agreed(request):
            return Exit.USAGE
        anyio.run(_ask, client, request, shown, output_of(as_json=shown.as_json))
    except SwitchhookError as error:
        _say(line_of(error, kind, base))
        return exit_of(error)
    except BrokenPipeError:
        write_no_more()
        return Exit.CLOSED
    except OSError as error:
        _say(f"the answer has come, and cannot be written: {error.strerror}")
        write_no_more()
        return Exit.BROKEN
    except (KeyboardInterrupt, typer.Abort) as stop:
        sent = isinstance(stop, KeyboardInterrupt) and kind is not OperationClass.READ
        _say(f"interrupted; {PERHAPS}" if sent else "interrupted")
        return Exit.INTERRUPTED
    return Exit.OK


class _Patience:
    """Says once that a request failed, and for how long it is tried again."""

    def __init__(self, retry_secs: float, kind: OperationClass) -> None:
        self._secs = min(retry_secs, RESEND_WITHIN_SECS) if kind is OperationClass.KEYED else retry_secs
        self._said = False

    def heard(self, error: TelnyxError) -> None:
        """Take notice of an error after which it goes on."""
        if not self._said:
            _say(f"{line_of(error, OperationClass.READ)}; trying again for up to {self._secs:g} s")
        self._said = True


async def _ask(client: TelnyxClient, request: Request, shown: Shown, output: Output) -> None:
    operation, ids, query = request.operation, request.ids, request.query
    async with client:
        if not operation.listed:
            output.one(await client.ask(operation, *ids, body=request.body, query=query), operation.answer)
            return
        if shown.every_page:
            # Item by item rather than page by page: what moves over a page's edge meanwhile comes once.
            async for items in _chunks(client.each(operation, *ids, query=query), shown.page_size or PAGE_SIZE):
                output.page(items, operation.answer)
            output.end()
            return
        number = shown.page or 1
        page = await client.page(operation, *ids, query=query, number=number)
        output.page(page.data, operation.answer)
        output.end()
        _say_rest(page.meta, number, len(page.data))


async def _chunks(items: AsyncIterator[object], size: int) -> AsyncIterator[list[object]]:
    """Yield *items* in lists of *size*; one that is empty where there are none."""
    chunk: list[object] = []
    chunks = 0
    async for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk, chunks = [], chunks + 1
    if chunk or not chunks:
        yield chunk


def _say_rest(meta: Meta, number: int, count: int) -> None:
    if number > max(meta.total_pages, 1):
        typer.echo(f"there is no page {number}: the last one is {max(meta.total_pages, 1)}", err=True)
    elif meta.total_pages > 1 or number > 1:
        typer.echo(f"page {number} of {meta.total_pages}: {count} of {meta.total_results}; --all shows all", err=True)


def _agreed(request: Request) -> bool:
    """Ask whether everybody is meant; where nobody can be asked, nobody agrees."""
    whom = f"all participants of {readable(request.ids[0])}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        _say(f"this concerns {whom}: name some with --call-control-ids, or say --all-participants")
        return False
    if typer.confirm(f"This concerns {whom}. Go on?", err=True):
        return True
    _say("nothing was sent")
    return False


def _say(told: str) -> None:
    typer.echo(f"switchhook: {told}", err=True)
