"""`switchhook check` and `switchhook policy`: what is done with policies besides running them."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from ingress.errors import ConfigError
from worker.console.exits import Exit
from worker.console.options import (
    DEFAULT_URL,
    DEFAULT_WAIT_SECS,
    JsonOption,
    KeyOption,
    PolicyOption,
    PrefixOption,
    RedisOption,
    TokenFileOption,
    UrlOption,
    WaitOption,
    errors_for_people,
    prefix_of,
    redis_of,
    say_error,
    status_of,
)

policy_group = typer.Typer(
    name="policy", help="Look at the policy in force, replace it, and hash PINs for one.", no_args_is_help=True
)

PIN = re.compile(r"^[0-9]{4,12}$")
DIGEST = re.compile(r"[0-9a-f]{64}")


def check(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The policy file.", show_default=False)] = None,
    policy: PolicyOption = None,
    redis: RedisOption = None,
    prefix: PrefixOption = None,
    show: Annotated[bool, typer.Option("--show", help="Print the policy with all its defaults, as TOML.")] = False,
) -> None:
    """Check the policy, its keys and Redis, as a start would; exit 2 or 5 with what is wrong."""
    from worker.check import check_all

    with errors_for_people():
        wrong = check_all(file or policy, redis, prefix, show=show)
        for error in wrong:
            say_error(error)
        raise typer.Exit(status_of(wrong[0]) if wrong else Exit.OK)


@policy_group.callback()
def _group() -> None:
    """Look at the policy in force, replace it, and hash PINs for one."""


@policy_group.command("load")
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")],
    redis: RedisOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Put a policy file into force for all workers, even if it was before; a bad one changes nothing, and says why."""
    from worker.console.reloading import load_into_force

    with errors_for_people():
        raise typer.Exit(load_into_force(file, redis_of(redis), prefix_of(prefix)))


@policy_group.command("reload")
def reload(
    url: UrlOption = DEFAULT_URL,
    token_file: TokenFileOption = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose token it is.")] = "default",
    key: KeyOption = None,
    wait_secs: WaitOption = DEFAULT_WAIT_SECS,
    as_json: JsonOption = False,
    digest: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="Only if the worker's file is this one; default: whatever it is."),
    ] = None,
) -> None:
    """Ask a worker, through an ingress, to read its policy file again and put it into force for all workers.

    Scopes, one of: operator. A file with mistakes changes nothing, and all of them are said.
    """
    from ingress.intents.model import ReloadPolicy
    from worker.console.asking.door import Door, ask

    if digest is not None and not DIGEST.fullmatch(digest):
        raise typer.BadParameter("it is 64 hexadecimal digits, as sha256sum and switchhook check --show print them.")
    raise typer.Exit(ask(Door(url, token_file, tenant, key, wait_secs, as_json), ReloadPolicy(digest)))


@policy_group.command("show")
def show(redis: RedisOption = None, prefix: PrefixOption = None) -> None:
    """Print the policy in force, as its file was written, and who loaded it."""
    from worker.console.reloading import show_in_force

    with errors_for_people():
        raise typer.Exit(show_in_force(redis_of(redis), prefix_of(prefix)))


@policy_group.command("pin")
def pin() -> None:
    """Print the salted hash of a PIN, for an agent's `pin` in the policy file. The PIN is read without being shown."""
    from worker.policy.model.pin import pin_hash

    with errors_for_people():
        typer.echo(pin_hash(_read_pin(), secrets.token_hex(8)))


def _read_pin() -> str:
    """Read a PIN: twice and unseen from a terminal, one line of anything else.

    Raises:
        ConfigError: It is no PIN, or was not entered the same twice.
    """
    if sys.stdin.isatty():
        entered = str(typer.prompt("PIN", hide_input=True, err=True))
        again = str(typer.prompt("The same again", hide_input=True, err=True))
        if entered != again:
            raise ConfigError("the two were not the same")
    else:
        entered = sys.stdin.readline().strip()
    if not PIN.fullmatch(entered):
        raise ConfigError("a PIN is 4 to 12 digits, for it is entered on a telephone")
    return entered
