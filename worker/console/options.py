"""The options that many commands share, and how their errors end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ingress.errors import ConfigError, LogUnavailableError, NotThereError, PlacedError, SwitchhookError
from worker.console.exits import Exit
from worker.runtime.errors import UnavailableError

#: As `ingress.envelope` has it, which is loaded only where it is needed.
DEFAULT_TENANT = "default"

RedisOption = Annotated[
    str | None,
    typer.Option(
        "--redis", metavar="URL", envvar="SWITCHHOOK_REDIS_URL", help="Redis's address, as redis://host:6379/0."
    ),
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", envvar="SWITCHHOOK_POLICY", help="The policy file.")
]
PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", envvar="SWITCHHOOK_PREFIX", help="The start of every key in Redis; default switchhook."),
]
PartitionsOption = Annotated[
    int | None,
    typer.Option("--partitions", envvar="SWITCHHOOK_PARTITIONS", help="Partitions of the log; fixed when it is made."),
]
TenantOption = Annotated[str, typer.Option("--tenant", help="The tenant of an address that names none.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
#: How an ingress is asked.
UrlOption = Annotated[str, typer.Option("--url", metavar="URL", envvar="SWITCHHOOK_INGRESS_URL", help="An ingress.")]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="The file with the token; else SWITCHHOOK_TOKEN in the environment has it."
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="With the same key the same intent is taken once within a day."),
]
WaitOption = Annotated[
    float,
    typer.Option(
        "--wait-secs", metavar="SECONDS", min=0, max=30, help="How long to wait for what becomes of it; 0: not."
    ),
]
DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_WAIT_SECS = 10.0


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Turn an error that the user can mend into one sentence and an exit status."""
    try:
        yield
    except SwitchhookError as error:
        say_error(error)
        raise typer.Exit(status_of(error)) from None
    except KeyboardInterrupt:
        typer.echo("switchhook: interrupted", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        write_no_more()
        raise typer.Exit(Exit.CLOSED) from None


def say_error(error: SwitchhookError) -> None:
    """Say on stderr what is wrong: with its file and line first, for programs that go there, or else with our name."""
    typer.echo(str(error) if isinstance(error, PlacedError) else f"switchhook: {error}", err=True)


def status_of(error: SwitchhookError) -> Exit:
    """Return the exit status of a command that ends with *error*."""
    match error:
        case LogUnavailableError() | UnavailableError():
            return Exit.UNREACHABLE
        case NotThereError():
            return Exit.NOT_FOUND
        case _:
            return Exit.USAGE


def write_no_more() -> None:
    """Let standard output go nowhere: at its end, Python would try to write what is left, and speak of that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def redis_of(url: str | None) -> str:
    """Return *url*.

    Raises:
        ConfigError: Redis is not named.
    """
    if url is None:
        raise ConfigError("name a Redis with --redis or SWITCHHOOK_REDIS_URL")
    return url


def prefix_of(prefix: str | None) -> str:
    """Return *prefix*, or the one that a log has by default."""
    from ingress.log import DEFAULT_PREFIX

    return prefix or DEFAULT_PREFIX
