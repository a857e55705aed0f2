"""How the ingress is started: from flags, the environment, and the public keys that the policy file points to."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from nacl.signing import VerifyKey

from ingress.durability import Durability
from ingress.envelope import DEFAULT_TENANT
from ingress.errors import ConfigError
from ingress.log import DEFAULT_PARTITIONS, DEFAULT_PREFIX, MAX_PARTITIONS
from ingress.secrets import SecretRef, read_secret
from ingress.signature import read_public_key
from ingress.spool.settings import Fsync, SpoolSettings

#: The environment variable of each setting.
ENVIRONMENT = {
    "redis_url": "SWITCHHOOK_REDIS_URL",
    "policy": "SWITCHHOOK_POLICY",
    "public_key": "SWITCHHOOK_PUBLIC_KEY",
    "host": "SWITCHHOOK_HOST",
    "port": "SWITCHHOOK_PORT",
    "prefix": "SWITCHHOOK_PREFIX",
    "partitions": "SWITCHHOOK_PARTITIONS",
    "grace_secs": "SWITCHHOOK_GRACE_SECS",
    "durability": "SWITCHHOOK_DURABILITY",
    "replicas": "SWITCHHOOK_REPLICAS",
    "confirm_ms": "SWITCHHOOK_CONFIRM_MS",
    "spool_dir": "SWITCHHOOK_SPOOL_DIR",
    "spool_fsync": "SWITCHHOOK_SPOOL_FSYNC",
    "spool_interval_ms": "SWITCHHOOK_SPOOL_INTERVAL_MS",
    "spool_max_bytes": "SWITCHHOOK_SPOOL_MAX_BYTES",
    "tokens": "SWITCHHOOK_TOKENS",
}
#: What is said when a setting without a default is missing.
HINTS = {
    "redis_url": "name a Redis with --redis or SWITCHHOOK_REDIS_URL, for example redis://127.0.0.1:6379/0",
    "policy": "name the policy file with --policy or SWITCHHOOK_POLICY",
}
#: A tenant's name stands in addresses and in the webhook's path; the engine takes no other either.
TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
T = TypeVar("T", bound=msgspec.Struct)


class IngressSettings(msgspec.Struct, frozen=True):
    """One ingress's settings."""

    redis_url: str
    #: The policy file; its tenants' `public_keys` are read.
    policy: str | None = None
    #: For one tenant without a policy file: the key itself; several with commas between them.
    public_key: str | None = None
    host: str = "127.0.0.1"
    #: 0: any free port.
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    prefix: str = DEFAULT_PREFIX
    partitions: int = DEFAULT_PARTITIONS
    #: From being unready to taking no more connections, so that load balancers notice first.
    grace_secs: Annotated[float, msgspec.Meta(ge=0, le=600)] = 5.0
    #: Where an event is before its webhook is answered 2xx: in Redis's memory, its append-only file, or its replicas.
    durability: Durability = "memory"
    #: How many of these, for `replica`.
    replicas: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    #: How long Redis waits for them, or for its disk. Together with the rest it has to fit into the time of an answer.
    confirm_ms: Annotated[int, msgspec.Meta(ge=1, le=800)] = 300
    #: Where events lie while Redis does not take them; without one such webhooks are answered 503.
    spool_dir: str | None = None
    spool_fsync: Fsync = "always"
    #: For `interval`: what a failing machine may lose of the spool.
    spool_interval_ms: Annotated[int, msgspec.Meta(ge=10, le=60_000)] = 200
    spool_max_bytes: Annotated[int, msgspec.Meta(ge=4096)] = 256 * 1024 * 1024
    #: The file of tokens that may ask (`ingress.intents.tokens`); without one nobody may.
    tokens: str | None = None

    @property
    def spool(self) -> SpoolSettings | None:
        """The spool's settings, where there is to be one."""
        if self.spool_dir is None:
            return None
        return SpoolSettings(Path(self.spool_dir), self.spool_fsync, self.spool_interval_ms, self.spool_max_bytes)


class _Tenant(msgspec.Struct, frozen=True):
    public_keys: list[SecretRef]
    #: Of each only the name is of interest; whether this is a table, the workers look.
    agents: object = None


class _Policy(msgspec.Struct, frozen=True):
    """The part of the policy file that the ingress reads; what is in the rest is not its business."""

    tenants: dict[str, _Tenant]


def ingress_settings(
    flags: Mapping[str, str | int | float | None], environment: Mapping[str, str] = os.environ
) -> IngressSettings:
    """Return the settings that *flags* (those that are not None) and *environment* say; flags win.

    Raises:
        ConfigError: One is missing or wrong; the sentence names it.
    """
    return decode_settings(IngressSettings, ENVIRONMENT, flags, environment)


def decode_settings(
    kind: type[T],
    variables: Mapping[str, str],
    flags: Mapping[str, str | int | float | None],
    environment: Mapping[str, str],
) -> T:
    """Return settings of *kind*, each from its flag, else from its environment variable, else its default.

    Raises:
        ConfigError: One is missing or wrong; the sentence names its variable.
    """
    values: dict[str, str | int | float] = {}
    for name, variable in variables.items():
        value = flags.get(name)
        if value is None:
            value = environment.get(variable) or None
        if value is not None:
            values[name] = value
    for name, hint in HINTS.items():
        if name not in values and name in kind.__struct_fields__ and name not in _optional(kind):
            raise ConfigError(hint)
    try:
        settings = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as exc:
        field = str(exc).rpartition("$.")[2].rstrip("`")
        told = str(exc).partition(" - at ")[0]
        raise ConfigError(f"{variables.get(field, field)} is {values.get(field)!r}: {told}") from None
    partitions = values.get("partitions")
    if partitions is not None and not 1 <= int(partitions) <= MAX_PARTITIONS:
        raise ConfigError(f"{variables['partitions']} is {partitions}: use 1 to {MAX_PARTITIONS}")
    return settings


def _optional(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind) if not field.required}


def tenant_keys(settings: IngressSettings, environment: Mapping[str, str] = os.environ) -> dict[str, list[VerifyKey]]:
    """Return each tenant's public keys. There is no way to run without any.

    Raises:
        ConfigError: There is none, or one cannot be read.
    """
    if settings.policy is not None:
        return _policy_keys(settings.policy, environment)
    if settings.public_key:
        where = "SWITCHHOOK_PUBLIC_KEY"
        return {DEFAULT_TENANT: [read_public_key(text, where) for text in settings.public_key.split(",")]}
    raise ConfigError(
        "no public key: name the policy file with --policy or SWITCHHOOK_POLICY, or set SWITCHHOOK_PUBLIC_KEY to the "
        "key from the Telnyx portal, Keys & Credentials, Public Key"
    )


def tenant_agents(settings: IngressSettings) -> dict[str, frozenset[str]] | None:
    """Return the names of each tenant's agents; None: there is no policy that says them.

    Raises:
        ConfigError: The policy cannot be read.
    """
    if settings.policy is None:
        return None
    tenants = _read_policy(settings.policy).tenants
    return {name: frozenset(each.agents if isinstance(each.agents, dict) else ()) for name, each in tenants.items()}


def _read_policy(path: str) -> _Policy:
    try:
        return msgspec.convert(tomllib.loads(Path(path).read_text(encoding="utf-8-sig")), _Policy)
    except OSError as exc:
        raise ConfigError(f"{path}: the policy cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{path}: {exc} (switchhook check --policy {path} tells more)") from None


def _policy_keys(path: str, environment: Mapping[str, str]) -> dict[str, list[VerifyKey]]:
    policy = _read_policy(path)
    keys: dict[str, list[VerifyKey]] = {}
    for name, tenant in policy.tenants.items():
        if not TENANT.fullmatch(name):
            raise ConfigError(f"{path}: tenants.{name}: a tenant's name is of a to z, 0 to 9 and -, at most 63 of them")
        where = f"{path}: tenants.{name}.public_keys"
        if not tenant.public_keys:
            raise ConfigError(f"{where} is empty: no webhook of this tenant could be accepted")
        keys[name] = [read_public_key(read_secret(ref, where, environment), where) for ref in tenant.public_keys]
    if not keys:
        raise ConfigError(f"{path}: there are no tenants")
    return keys
