"""The `switchhook` command."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from worker.console.asking.group import groups
from worker.console.operators import archive_group, partitions, quarantine_group, replay, verify
from worker.console.options import (
    PartitionsOption,
    PolicyOption,
    PrefixOption,
    RedisOption,
    errors_for_people,
)
from worker.console.policies import check, policy_group
from worker.console.recorded import deliveries_group, report
from worker.console.telnyx.group import telnyx
from worker.console.watching.commands import top

app = typer.Typer(
    name="switchhook",
    help="Turns Telnyx webhooks into a contact centre: an ingress that keeps every event, workers that act on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(quarantine_group)
app.add_typer(archive_group)
app.add_typer(deliveries_group)
app.add_typer(policy_group)
app.add_typer(telnyx)
for _group in groups():
    app.add_typer(_group)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"switchhook {version('switchhook')}")
        raise typer.Exit


@app.callback()
def main_options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Turns Telnyx webhooks into a contact centre."""


@app.command()
def ingress(
    redis: RedisOption = None,
    policy: PolicyOption = None,
    host: Annotated[str | None, typer.Option(envvar="SWITCHHOOK_HOST", help="Default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(envvar="SWITCHHOOK_PORT", help="Default 8080; 0: any free one.")] = None,
    prefix: PrefixOption = None,
    partitions: PartitionsOption = None,
    grace_secs: Annotated[
        float | None,
        typer.Option(envvar="SWITCHHOOK_GRACE_SECS", help="From being unready to ending, default 5."),
    ] = None,
    durability: Annotated[
        str | None,
        typer.Option(envvar="SWITCHHOOK_DURABILITY", help="200 when an event is in: memory (default), aof, replica."),
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(envvar="SWITCHHOOK_REPLICAS", help="How many, for durability replica; default 1.")
    ] = None,
    confirm_ms: Annotated[
        int | None,
        typer.Option(envvar="SWITCHHOOK_CONFIRM_MS", help="Longest wait for the replicas or the file, default 300."),
    ] = None,
    spool_dir: Annotated[
        Path | None,
        typer.Option(envvar="SWITCHHOOK_SPOOL_DIR", help="Keeps events while Redis is away; default: answer 503."),
    ] = None,
    spool_fsync: Annotated[
        str | None, typer.Option(envvar="SWITCHHOOK_SPOOL_FSYNC", help="always (default), interval or never.")
    ] = None,
    spool_interval_ms: Annotated[
        int | None, typer.Option(envvar="SWITCHHOOK_SPOOL_INTERVAL_MS", help="For interval; default 200.")
    ] = None,
    spool_max_bytes: Annotated[
        int | None, typer.Option(envvar="SWITCHHOOK_SPOOL_MAX_BYTES", help="Default 268435456; full: answer 503.")
    ] = None,
    tokens: Annotated[
        Path | None, typer.Option(envvar="SWITCHHOOK_TOKENS", help="The file of tokens for intents; none: nobody asks.")
    ] = None,
) -> None:
    """Take Telnyx's webhooks: verify, keep in the log, answer. Keys: from the policy, or SWITCHHOOK_PUBLIC_KEY."""
    from ingress.app import run
    from ingress.settings import ingress_settings

    flags = {
        "redis_url": redis,
        "policy": str(policy) if policy else None,
        "host": host,
        "port": port,
        "prefix": prefix,
        "partitions": partitions,
        "grace_secs": grace_secs,
        "durability": durability,
        "replicas": replicas,
        "confirm_ms": confirm_ms,
        "spool_dir": str(spool_dir) if spool_dir else None,
        "spool_fsync": spool_fsync,
        "spool_interval_ms": spool_interval_ms,
        "spool_max_bytes": spool_max_bytes,
        "tokens": str(tokens) if tokens else None,
    }
    with errors_for_people():
        raise typer.Exit(run(ingress_settings(flags)))


@app.command()
def worker(
    redis: RedisOption = None,
    policy: PolicyOption = None,
    prefix: PrefixOption = None,
    partitions: PartitionsOption = None,
    worker_id: Annotated[
        str | None, typer.Option("--id", envvar="SWITCHHOOK_WORKER_ID", help="Default: host, process id and chance.")
    ] = None,
    lease_secs: Annotated[
        float | None, typer.Option(envvar="SWITCHHOOK_LEASE_SECS", help="A dead worker's share is free after it; 5.")
    ] = None,
    drain_secs: Annotated[
        float | None, typer.Option(envvar="SWITCHHOOK_DRAIN_SECS", help="What a shutdown may take at most; 25.")
    ] = None,
    health_host: Annotated[str | None, typer.Option(envvar="SWITCHHOOK_HEALTH_HOST", help="127.0.0.1.")] = None,
    health_port: Annotated[
        int | None, typer.Option(envvar="SWITCHHOOK_HEALTH_PORT", help="Health and metrics; 8081, 0: any free one.")
    ] = None,
    api_base: Annotated[
        str | None, typer.Option(envvar="SWITCHHOOK_API_BASE", help="Goes before the policy's api_base.")
    ] = None,
) -> None:
    """Replay the log, decide, and act on the Telnyx API. Start as many as are needed: they share the partitions."""
    from worker.runtime.run import run
    from worker.settings import worker_settings

    flags = {
        "redis_url": redis,
        "policy": str(policy) if policy else None,
        "prefix": prefix,
        "partitions": partitions,
        "worker_id": worker_id,
        "lease_secs": lease_secs,
        "drain_secs": drain_secs,
        "health_host": health_host,
        "health_port": health_port,
        "api_base": api_base,
    }
    with errors_for_people():
        raise typer.Exit(run(worker_settings(flags)))


@app.command()
def emulator(
    webhook_url: Annotated[str | None, typer.Option(help="Where webhooks go; http://127.0.0.1:8080/webhooks.")] = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", metavar="FILE", help="More settings, in TOML (docs/emulator.md).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen; 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="4010; 0: any free one.")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="SWITCHHOOK_EMULATOR_API_KEY", help="What clients must send; a new one.")
    ] = None,
    signing_seed: Annotated[
        str | None,
        typer.Option(envvar="SWITCHHOOK_EMULATOR_SEED", help="Base64 of 32 bytes for the signing key; a new one."),
    ] = None,
    connection_id: Annotated[str | None, typer.Option(help="The Call Control application.")] = None,
    seed: Annotated[int | None, typer.Option(help="Makes what is random, ids too, repeatable; a new one.")] = None,
    speed: Annotated[float | None, typer.Option(help="Its seconds in one of ours; 1. 0: only as asked for.")] = None,
    to: Annotated[str | None, typer.Option(help="The number that callers ring; +13125550131.")] = None,
    calls_per_minute: Annotated[float | None, typer.Option(help="Callers who ring by themselves; 0.")] = None,
    duplicate_rate: Annotated[float | None, typer.Option(help="Share of webhooks delivered twice; 0.")] = None,
    lost_rate: Annotated[float | None, typer.Option(help="Share of webhooks that get lost; 0.")] = None,
    reorder_secs: Annotated[float | None, typer.Option(help="Webhooks are held back by up to so long; 0.")] = None,
) -> None:
    """Serve a Telnyx to develop against, without a phone: same operations, signed webhooks, callers and agents."""
    from worker.testing.emulator.load import load_settings
    from worker.testing.emulator.server import run

    flags: dict[str, object] = {
        "webhook_url": webhook_url,
        "host": host,
        "port": port,
        "api_key": api_key,
        "signing_seed": signing_seed,
        "connection_id": connection_id,
        "seed": seed,
        "speed": speed,
        "conditions": {"duplicated": duplicate_rate, "lost": lost_rate, "reorder_secs": reorder_secs},
        "traffic": {"to": to, "per_minute": calls_per_minute},
    }
    with errors_for_people():
        raise typer.Exit(run(load_settings(settings, flags)))


@app.command()
def demo(
    redis: RedisOption = None,
    seconds: Annotated[
        float, typer.Option(envvar="DEMO_SECONDS", min=10, max=3600, help="How long it goes on.")
    ] = 30.0,
    seed: Annotated[int, typer.Option(envvar="DEMO_SEED", help="Another seed, other callers.")] = 1,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a live picture, as without a terminal.")
    ] = False,
) -> None:
    """Run the main job on an embedded default (Redis, emulator, ingress, two workers, callers), then audit its log."""
    from worker.demo.run import run

    with errors_for_people():
        raise typer.Exit(run(redis_url=redis, seconds=seconds, seed=seed, plain=plain))


@app.command()
def soak(
    seed: Annotated[int | None, typer.Option(help="Run this one.")] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="A..B", help="Run these, A and B among them; default: new ones.")
    ] = None,
    history: Annotated[Path | None, typer.Option(metavar="FILE", help="Run the history that a soak has kept.")] = None,
    secs: Annotated[
        float | None,
        typer.Option(
            envvar="SOAK_SECONDS", min=0, help="Begin no further run after so long; default 60, with --seeds none."
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Show what the processes log; with --seed or --history.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the history of a seed that fails is kept.")] = Path(
        "tests/data/histories"
    ),
) -> None:
    """Simulate whole deployments under faults, by seed and on virtual time; exit 1 with what was wrong."""
    from worker.testing.simulation import soak as simulation

    with errors_for_people():
        simulation.check_asked(seed=seed, seeds=seeds, history=history, lines=lines)
        if history is not None:
            raise typer.Exit(simulation.rerun(history, typer.echo, lines=lines))
        if seed is not None:
            raise typer.Exit(simulation.rerun_seed(seed, typer.echo, lines=lines))
        if seeds is not None:
            raise typer.Exit(simulation.soak(simulation.seeds_of(seeds), typer.echo, secs=secs, folder=folder))
        new = simulation.new_seeds()
        raise typer.Exit(simulation.soak(new, typer.echo, secs=60 if secs is None else secs, folder=folder))


app.command()(check)
app.command()(top)
app.command()(replay)
app.command()(partitions)
app.command()(verify)
app.command()(report)


def main() -> None:
    """Run the command."""
    app()


def run_worker_command() -> None:
    """Run `switchhook worker` with this process's arguments."""
    _only("worker")


def run_emulator_command() -> None:
    """Run `switchhook emulator` with this process's arguments."""
    _only("emulator")


def _only(command: str) -> None:
    app([command, *sys.argv[1:]])


if __name__ == "__main__":
    main()
