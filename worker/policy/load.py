"""Reads the policy file. A mistake is refused whole, with the file, the key, the value and what is allowed."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec

from ingress.errors import ConfigError
from worker.policy.model import Agent, Number, Policy, Queue, Secret, Tenant

E164 = re.compile(r"^\+[1-9][0-9]{4,14}$")
TENANT = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
SECTIONS: dict[str, type[msgspec.Struct]] = {"numbers": Number, "queues": Queue, "agents": Agent}
SECRET_KEYS = ("api_key", "public_keys")


class PolicyError(ConfigError):
    """Raised when a policy file cannot be used. `mistakes` has one sentence for each mistake."""

    def __init__(self, path: str, mistakes: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in mistakes))
        self.path = path
        self.mistakes = tuple(mistakes)


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy with where it came from. `digest` is the SHA-256 of the file's text."""

    policy: Policy
    digest: str
    path: str
    warnings: tuple[str, ...]


def load_policy(path: str | Path) -> LoadedPolicy:
    """Read the policy file at *path*.

    Raises:
        PolicyError: The file cannot be read, or has a mistake.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise PolicyError(str(path), [f"the policy cannot be read: {reason}"]) from None
    return parse_policy(text, str(path))


def parse_policy(text: str, path: str) -> LoadedPolicy:
    """Read a policy from its *text*; *path* is for messages.

    Raises:
        PolicyError: The text has a mistake.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise PolicyError(path, [f"this is not TOML: {exc}"]) from None
    plain = list(_plain_secrets(document))
    if plain:
        raise PolicyError(path, plain)
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as exc:
        raise PolicyError(path, list(_find(document)) or [str(exc)]) from None
    mistakes = list(_cross_check(policy))
    if mistakes:
        raise PolicyError(path, mistakes)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return LoadedPolicy(policy, digest, path, tuple(_warnings(policy)))


def read_secret(secret: Secret, where: str) -> str:
    """Return the secret that *secret* points to.

    Raises:
        ConfigError: The variable is not set, or the file cannot be read; *where* says which key asked for it.
    """
    if secret.env is not None:
        value = os.environ.get(secret.env, "").strip()
        if not value:
            raise ConfigError(f"{where}: the environment variable {secret.env} is not set: set it to the secret")
        return value
    path = Path(secret.file or "")
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        raise ConfigError(f"{where}: the file {path} cannot be read: {reason}") from None
    if not value:
        raise ConfigError(f"{where}: the file {path} is empty: put the secret into it")
    return value


def _plain_secrets(document: dict[str, object]) -> Iterator[str]:
    """Find secrets written into the file itself. Their values are not repeated."""
    tenants = document.get("tenants")
    for name, tenant in (tenants if isinstance(tenants, dict) else {}).items():
        for key in SECRET_KEYS:
            value = tenant.get(key) if isinstance(tenant, dict) else None
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    yield (
                        f"tenants.{name}.{key} is written into the file: put it into an environment variable or a "
                        f'file, and write {{ env = "NAME" }} or {{ file = "PATH" }} here'
                    )


def _find(document: dict[str, object]) -> Iterator[str]:
    """Find each mistake with its whole key: msgspec alone does not say which queue or agent it was."""
    tenants = document.get("tenants")
    for name, tenant in (tenants if isinstance(tenants, dict) else {}).items():
        if not isinstance(tenant, dict):
            continue
        for section, kind in SECTIONS.items():
            entries = tenant.get(section)
            for entry, value in (entries if isinstance(entries, dict) else {}).items():
                yield from _try(value, kind, ["tenants", name, section, entry])
        rest = {key: value for key, value in tenant.items() if key not in SECTIONS or not isinstance(value, dict)}
        yield from _try(rest, Tenant, ["tenants", name])
    rest_of_file = {key: value for key, value in document.items() if key != "tenants" or not isinstance(value, dict)}
    yield from _try({"tenants": tenants or {}, **rest_of_file}, Policy, [], within_tenants=False)


def _try(value: object, kind: type[msgspec.Struct], keys: list[str], *, within_tenants: bool = True) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        told, _, place = str(exc).partition(" - at `")
        deeper = [part for part in place.rstrip("`").removeprefix("$").split(".") if part]
        if within_tenants or not (deeper and deeper[0].startswith("tenants[")):
            yield _explain(told, [*keys, *deeper], _value_at(value, deeper), _kind_at(kind, deeper))


def _explain(told: str, keys: list[str], value: object, kind: type[msgspec.Struct]) -> str:
    """Say a msgspec error in the words of the file."""
    where = ".".join(keys)
    unknown = re.match(r"Object contains unknown field `(.+)`", told)
    if unknown:
        key, allowed = unknown[1], sorted(field.encode_name for field in msgspec.structs.fields(kind))
        near = difflib.get_close_matches(key, allowed, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{'.'.join([*keys, key])} is not a key: {hint}allowed here: {', '.join(allowed)}"
    missing = re.match(r"Object missing required field `(.+)`", told)
    if missing:
        return f"{'.'.join([*keys, missing[1]])} is missing"
    choices = _choices(kind, keys[-1]) if told.startswith("Invalid enum value") else ""
    return f"{where or 'the file'} is {value!r}: {_lower(told)}{choices}"


def _kind_at(kind: type[msgspec.Struct], keys: list[str]) -> type[msgspec.Struct]:
    """Return the Struct that holds the key, or the entries, at *keys* below *kind*."""
    for key in keys:
        inner = next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == key.partition("[")[0]), None)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            kind = inner
        elif key.startswith("public_keys["):
            kind = Secret
    return kind


def _choices(kind: type[msgspec.Struct], key: str) -> str:
    field = next((f for f in msgspec.structs.fields(kind) if f.encode_name == key), None)
    return f" (allowed: {', '.join(get_args(field.type))})" if field and get_args(field.type) else ""


def _value_at(value: object, keys: list[str]) -> object:
    for key in keys:
        if not isinstance(value, dict):
            break
        value = value.get(key.partition("[")[0], "…")
    return value


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _cross_check(policy: Policy) -> Iterator[str]:
    for name, tenant in policy.tenants.items():
        where = f"tenants.{name}"
        if not TENANT.match(name):
            yield f"{where}: a tenant's name is small letters, digits and hyphens, for it stands in the webhook's URL"
        secrets = [("api_key", tenant.api_key), *(("public_keys", key) for key in tenant.public_keys)]
        for key, secret in secrets:
            if (secret.env is None) == (secret.file is None):
                yield f'{where}.{key} needs exactly one of {{ env = "NAME" }} and {{ file = "PATH" }}'
        known = ", ".join(sorted(tenant.queues)) or "none"
        for number, entry in tenant.numbers.items():
            if not E164.match(number):
                yield f'{where}.numbers."{number}": a number is written in E.164 form, such as "+13125550131"'
            if entry.queue not in tenant.queues:
                key = f'{where}.numbers."{number}".queue'
                yield f"{key} is {entry.queue!r}: there is no such queue (there are: {known})"
        addresses: dict[str, str] = {}
        for agent, rules in tenant.agents.items():
            for queue in rules.queues:
                if queue not in tenant.queues:
                    yield f"{where}.agents.{agent}.queues has {queue!r}: there is no such queue (there are: {known})"
            other = addresses.setdefault(rules.address, agent)
            if other != agent:
                yield f"{where}.agents.{agent}.address is {rules.address!r}, which is {other}'s too"


def _warnings(policy: Policy) -> Iterator[str]:
    for name, tenant in policy.tenants.items():
        served = {queue for agent in tenant.agents.values() for queue in agent.queues}
        for queue in sorted(set(tenant.queues) - served):
            yield f"tenants.{name}.queues.{queue}: no agent serves this queue"
