"""The groups of the intents' commands and their options. What is behind them is loaded when it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from worker.console.exits import ASKING, told
from worker.console.options import (
    DEFAULT_URL,
    DEFAULT_WAIT_SECS,
    JsonOption,
    KeyOption,
    TokenFileOption,
    UrlOption,
    WaitOption,
)

#: Whom an intent is for: the group's word, which is the intent's first field too, and its help.
GROUPS = {
    "agent": "Agents and their conversations: list, show; state, wrap-up, hold, transfer, supervise, record.",
    "queue": "Queues and who waits in them: list, show; close, open, move, priority, prepare, delete.",
    "call": "Call legs: list, show; end.",
    "conference": "Conferences and their participants: list, show; rights.",
}
#: The words that look, and ask nothing.
LOOKS = ("list", "show")


class IntentGroup(TyperGroup):
    """The intents for one kind of aggregate, each made into a command when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002
        """Return `list` and `show`, and the words of the intents in the order of their table."""
        from worker.console.asking.commands import intents_of

        return [*LOOKS, *intents_of(str(self.name))]

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002
        """Return the command of an intent, or one that looks; None: there is none of that word."""
        from worker.console.asking.commands import command_of, intents_of

        if cmd_name in LOOKS:
            from worker.console.watching.commands import looking

            return looking(cmd_name, str(self.name))
        kind = intents_of(str(self.name)).get(cmd_name)
        return command_of(cmd_name, kind) if kind is not None else None


def groups() -> list[typer.Typer]:
    """Return all groups."""
    made = []
    for name, purpose in GROUPS.items():
        group = typer.Typer(
            name=name, cls=IntentGroup, help=purpose, epilog=told(ASKING), no_args_is_help=True,
            rich_markup_mode="markdown",
        )  # fmt: skip
        group.callback()(_options)
        made.append(group)
    return made


def _options(
    ctx: typer.Context,
    url: UrlOption = DEFAULT_URL,
    token_file: TokenFileOption = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose it is.")] = "default",
    key: KeyOption = None,
    wait_secs: WaitOption = DEFAULT_WAIT_SECS,
    as_json: JsonOption = False,
) -> None:
    """Keep how the ingress is reached for the command."""
    from worker.console.asking.door import Door

    ctx.obj = Door(url, token_file, tenant, key, wait_secs, as_json)
