"""The group `switchhook telnyx` and its options. What is behind it is loaded when it is asked for, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from worker.console.exits import Exit, told

#: What the client calls `retrieve` is `get` to many.
OTHER_WORDS: Mapping[str, str] = {"get": "retrieve"}

_EXITS: dict[Exit, str] = {status: status.meaning for status in Exit if status is not Exit.BROKEN}


class ResourceGroup(TyperGroup):
    """The operations of one resource, each made into a command when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002
        """Return the words of the operations, in the order of their table."""
        from worker.console.telnyx.commands import operations_of

        return list(operations_of(str(self.name)))

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002
        """Return the command of an operation; None: there is none of that word."""
        from worker.console.telnyx.commands import command_of, operations_of

        operation = operations_of(str(self.name)).get(OTHER_WORDS.get(cmd_name, cmd_name))
        return command_of(operation) if operation is not None else None


telnyx = typer.Typer(
    name="telnyx",
    help="Ask Telnyx by hand: every operation for calls, conferences and queues.",
    epilog=told(_EXITS),
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for _resource, _help in (
    ("calls", "Call legs: dial, answer, speak, gather, record, enqueue, bridge, transfer, hang up."),
    ("conferences", "Conferences and who is in them."),
    ("queues", "Queues and who waits in them."),
):
    telnyx.add_typer(
        typer.Typer(name=_resource, cls=ResourceGroup, help=_help, no_args_is_help=True, rich_markup_mode="markdown")
    )


@telnyx.callback()
def options(
    ctx: typer.Context,
    api_key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file with the API key; else TELNYX_API_KEY in the environment has it."),
    ] = None,
    api_base: Annotated[
        str | None,
        typer.Option(
            metavar="URL", envvar="SWITCHHOOK_API_BASE", help="Another address, up to its /v2: an emulator's."
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option(metavar="us|eu", help="Where conferences and queues live; us.", show_default=False)
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, max=600, help="For one request.")] = 5.0,
    retry_secs: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="How long what may be repeated is repeated; 0: never."),
    ] = 20.0,
    proxy: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="http://HOST:PORT; else HTTPS_PROXY in the environment, the place for a password."
        ),
    ] = None,
) -> None:
    """Keep how Telnyx is reached for the command."""
    from worker.console.telnyx.access import Access

    ctx.obj = Access(
        api_key_file=api_key_file,
        api_base=api_base,
        region=region,
        timeout_secs=timeout,
        retry_secs=retry_secs,
        proxy=proxy,
    )
