"""`switchhook deliveries`: what webhook targets have not taken, tried again or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec
import typer

from ingress.errors import ConfigError, NotThereError
from ingress.redis_client import connect
from worker.console.table import show_table
from worker.runtime.recording.keys import RecordKeys
from worker.runtime.recording.outbox import GivenUp, Outbox, Try
from worker.runtime.recording.targets import TargetsFile

COLUMNS = ("target", "id", "entry", "tries", "state", "error")


class Delivery(msgspec.Struct, frozen=True):
    """A record that a target has not taken: to be tried again (`id` is empty), or given up."""

    target: str
    id: str
    entry: str
    tries: int
    state: str
    error: str


class NoDeliveryError(NotThereError):
    """Raised when nothing of that id was given up."""


def show(webhooks: Path | None, redis_url: str, prefix: str, *, as_json: bool) -> None:
    """Show what the targets have not taken.

    Raises:
        ConfigError: The file of targets is not named, or wrong.
        UnavailableError: Redis failed.
    """
    found = anyio.run(look, names_of(webhooks), redis_url, prefix)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    elif found:
        show_table(COLUMNS, [[d.target, d.id, d.entry, str(d.tries), d.state, d.error] for d in found])
    else:
        typer.echo("every record was taken")


def settle(
    webhooks: Path | None,
    redis_url: str,
    prefix: str,
    target: str,
    ids: Sequence[str],
    *,
    everything: bool,
    again: bool,
) -> None:
    """Have what was given up tried again, or forget it.

    Raises:
        ConfigError: No such target, or it is not said which deliveries.
        NoDeliveryError: Nothing of an id was given up.
        UnavailableError: Redis failed.
    """
    if target not in names_of(webhooks):
        raise ConfigError(f"there is no target {target} in {webhooks}")
    if bool(ids) == everything:
        raise ConfigError("name the deliveries by their ids, or all with --all")
    number = anyio.run(_settle, redis_url, prefix, target, list(ids), again)
    deliveries = "1 delivery" if number == 1 else f"{number} deliveries"
    typer.echo(f"{deliveries}: {'tried again' if again else 'dropped'}")


def names_of(webhooks: Path | None) -> list[str]:
    """Return the names of the targets in a file; their secrets are not read.

    Raises:
        ConfigError: It is not named, or wrong.
    """
    if webhooks is None:
        raise ConfigError("name the workers' file of targets with --webhooks or SWITCHHOOK_WEBHOOKS")
    try:
        return sorted(msgspec.toml.decode(webhooks.read_bytes(), type=TargetsFile).targets)
    except OSError as exc:
        raise ConfigError(f"{webhooks} cannot be read: {exc.strerror}") from None
    except msgspec.DecodeError as exc:
        raise ConfigError(f"{webhooks}: {exc}") from None


async def look(names: Sequence[str], redis_url: str, prefix: str) -> list[Delivery]:
    """Return what the targets of these names have not taken.

    Raises:
        UnavailableError: Redis failed.
    """
    redis = connect(redis_url)
    try:
        found = []
        for name in names:
            outbox = Outbox(redis, RecordKeys(prefix), name)
            standing = await outbox.standing()
            found += [_of(name, "", entry, each, "waits") for entry, each in sorted(standing.waiting.items())]
            found += [_of(name, each.id, each.entry, each.last, "given up") for each in await outbox.given_up()]
        return found
    finally:
        await redis.aclose()


async def _settle(redis_url: str, prefix: str, target: str, ids: list[str], again: bool) -> int:
    redis = connect(redis_url)
    try:
        outbox = Outbox(redis, RecordKeys(prefix), target)
        known: dict[str, GivenUp] = {each.id: each for each in await outbox.given_up()}
        for missing in (name for name in ids if name not in known):
            raise NoDeliveryError(
                f"nothing of the id {missing} was given up: `switchhook deliveries list` shows what was"
            )
        for name in ids or known:
            await (outbox.again(known[name]) if again else outbox.drop(known[name]))
        return len(ids or known)
    finally:
        await redis.aclose()


def _of(target: str, ident: str, entry: str, last: Try, state: str) -> Delivery:
    return Delivery(target, ident, entry, last.tries, state, last.error)
