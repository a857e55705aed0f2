"""How a worker is started: from flags and the environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping

import msgspec

from ingress.errors import ConfigError
from ingress.log import DEFAULT_PARTITIONS, DEFAULT_PREFIX
from ingress.settings import decode_settings


class WorkerSettings(msgspec.Struct, frozen=True):
    """One worker's settings. Times are seconds."""

    redis_url: str
    policy: str
    prefix: str = DEFAULT_PREFIX
    partitions: int = DEFAULT_PARTITIONS
    worker_id: str = ""
    lease_secs: float = 5.0
    #: The one budget of a shutdown: commands under way may take so long.
    drain_secs: float = 25.0
    health_host: str = "127.0.0.1"
    #: 0: any free port; None: no health endpoint.
    health_port: int | None = 8081
    #: The file of the tokens of those who may see the centre's state; none: whoever reaches a loopback address.
    tokens: str | None = None
    #: Overrides the policy's `api_base`, for an emulator.
    api_base: str | None = None
    #: Requests to Telnyx at once, of all tenants; and of one, 0: an equal share, at least a quarter.
    max_commands: int = 64
    max_tenant_commands: int = 0
    #: A partition reads its log no further while so many of its commands wait.
    max_waiting_commands: int = 1_000
    #: A partition whose oldest event waits for longer is behind, which metrics and readiness tell.
    lag_secs: float = 10.0
    #: A snapshot is taken after so many events, or so long after the last one.
    snapshot_events: int = 10_000
    snapshot_secs: float = 300.0
    #: Older events are trimmed from the log; 0: none ever is.
    retention_hours: float = 168.0
    #: The directory that events are archived in before they are trimmed; empty: they are not.
    archive: str = ""
    #: Every live aggregate is compared with what Telnyx shows within so long; 0: none ever is.
    reconcile_secs: float = 60.0
    #: Reads in a second that this may cost.
    reconcile_rate: float = 10.0
    #: Records are dropped from Redis when they are older; 0: none ever is.
    records_hours: float = 744.0
    #: The database that records are written to as well, sqlite:///… or postgresql://…; empty: none.
    records_url: str = ""
    #: The file of targets that records are POSTed to; empty: none.
    webhooks: str = ""


#: The environment variable of each setting.
ENVIRONMENT = {
    "redis_url": "SWITCHHOOK_REDIS_URL",
    "policy": "SWITCHHOOK_POLICY",
    "prefix": "SWITCHHOOK_PREFIX",
    "partitions": "SWITCHHOOK_PARTITIONS",
    "worker_id": "SWITCHHOOK_WORKER_ID",
    "lease_secs": "SWITCHHOOK_LEASE_SECS",
    "drain_secs": "SWITCHHOOK_DRAIN_SECS",
    "health_host": "SWITCHHOOK_HEALTH_HOST",
    "health_port": "SWITCHHOOK_HEALTH_PORT",
    "tokens": "SWITCHHOOK_TOKENS",
    "api_base": "SWITCHHOOK_API_BASE",
    "max_commands": "SWITCHHOOK_MAX_COMMANDS",
    "max_tenant_commands": "SWITCHHOOK_MAX_TENANT_COMMANDS",
    "max_waiting_commands": "SWITCHHOOK_MAX_WAITING_COMMANDS",
    "lag_secs": "SWITCHHOOK_LAG_SECS",
    "snapshot_events": "SWITCHHOOK_SNAPSHOT_EVENTS",
    "snapshot_secs": "SWITCHHOOK_SNAPSHOT_SECS",
    "retention_hours": "SWITCHHOOK_RETENTION_HOURS",
    "archive": "SWITCHHOOK_ARCHIVE",
    "reconcile_secs": "SWITCHHOOK_RECONCILE_SECS",
    "reconcile_rate": "SWITCHHOOK_RECONCILE_RATE",
    "records_hours": "SWITCHHOOK_RECORDS_HOURS",
    "records_url": "SWITCHHOOK_RECORDS_URL",
    "webhooks": "SWITCHHOOK_WEBHOOKS",
}


def worker_settings(
    flags: Mapping[str, str | int | float | None], environment: Mapping[str, str] = os.environ
) -> WorkerSettings:
    """Return the settings that *flags* (those that are not None) and *environment* say; flags win.

    Raises:
        ConfigError: One is missing or wrong; the sentence names it.
    """
    settings = decode_settings(WorkerSettings, ENVIRONMENT, flags, environment)
    if not settings.worker_id:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        settings = msgspec.structs.replace(settings, worker_id=name)
    _check(settings)
    return settings


def _check(settings: WorkerSettings) -> None:
    if not 0.5 <= settings.lease_secs <= 60:
        raise ConfigError(f"SWITCHHOOK_LEASE_SECS is {settings.lease_secs:g}: use 0.5 to 60 seconds")
    if settings.drain_secs < 0:
        raise ConfigError(f"SWITCHHOOK_DRAIN_SECS is {settings.drain_secs:g}: it cannot be negative")
    if settings.snapshot_events < 1 or settings.snapshot_secs <= 0:
        raise ConfigError("SWITCHHOOK_SNAPSHOT_EVENTS and SWITCHHOOK_SNAPSHOT_SECS are more than 0")
    if settings.max_commands < 1 or settings.max_waiting_commands < 1:
        raise ConfigError("SWITCHHOOK_MAX_COMMANDS and SWITCHHOOK_MAX_WAITING_COMMANDS are at least 1")
    if settings.max_tenant_commands < 0:
        raise ConfigError(f"SWITCHHOOK_MAX_TENANT_COMMANDS is {settings.max_tenant_commands}: it cannot be negative")
    if settings.lag_secs <= 0:
        raise ConfigError(f"SWITCHHOOK_LAG_SECS is {settings.lag_secs:g}: it is more than 0")
    if settings.retention_hours < 0:
        raise ConfigError(f"SWITCHHOOK_RETENTION_HOURS is {settings.retention_hours:g}: it cannot be negative")
    if settings.reconcile_secs < 0:
        raise ConfigError(f"SWITCHHOOK_RECONCILE_SECS is {settings.reconcile_secs:g}: it cannot be negative")
    if settings.records_hours < 0:
        raise ConfigError(f"SWITCHHOOK_RECORDS_HOURS is {settings.records_hours:g}: it cannot be negative")
    if not 0 < settings.reconcile_rate <= 1000:
        raise ConfigError(
            f"SWITCHHOOK_RECONCILE_RATE is {settings.reconcile_rate:g}: use more than 0 and at most 1000 reads a second"
        )
    if ":" in settings.worker_id or " " in settings.worker_id:
        raise ConfigError(
            f"SWITCHHOOK_WORKER_ID is {settings.worker_id!r}: a worker's name has no colon or space in it"
        )
