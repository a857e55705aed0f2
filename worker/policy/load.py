"""Reads the policy file. A mistake is refused whole, with the file, the key, the value and what is allowed."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import msgspec

from ingress.errors import ConfigError
from worker.policy.model import Agent, Number, Policy, Queue, Secret, Tenant

E164 = re.compile(r"^\+[1-9][0-9]{4,14}$")
TENANT = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
SECTIONS: dict[str, type[msgspec.Struct]] = {"numbers": Number, "queues": Queue, "agents": Agent}
SECRET_KEYS = ("api_key", "public_keys")
#: A Telnyx API key, put where the name of its variable or its file belongs.
API_KEY = re.compile(r"^KEY[0-9A-F]{20,}")
#: What can name an environment variable.
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
BARE_KEY = re.compile(r"^[A-Za-z0-9_-]+$")


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
        return _one_word(value, f"{where}: the environment variable {secret.env}")
    path = Path(secret.file or "")
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        raise ConfigError(f"{where}: the file {path} cannot be read: {reason}") from None
    if not value:
        raise ConfigError(f"{where}: the file {path} is empty: put the secret into it")
    return _one_word(value, f"{where}: the file {path}")


def _one_word(value: str, what: str) -> str:
    """Return a secret that can stand in an HTTP header."""
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ConfigError(f"{what} holds more than a secret: it has spaces, lines or letters that no key has")
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
            yield from _try(tenant, Tenant, ["tenants", name])
            continue
        for section, kind in SECTIONS.items():
            entries = tenant.get(section)
            for entry, value in (entries if isinstance(entries, dict) else {}).items():
                if not 1 <= len(entry) <= 255:
                    yield f"{_path(['tenants', name, section, entry])}: a name is 1 to 255 characters"
                yield from _try(value, kind, ["tenants", name, section, entry])
        rest = {key: value for key, value in tenant.items() if key not in SECTIONS or not isinstance(value, dict)}
        yield from _try(rest, Tenant, ["tenants", name])
    rest_of_file = {key: value for key, value in document.items() if key != "tenants" or not isinstance(value, dict)}
    with_tenants = {"tenants": tenants, **rest_of_file} if tenants else rest_of_file
    yield from _try(with_tenants, Policy, [], within_tenants=False)


def _try(value: object, kind: type[msgspec.Struct], keys: list[str], *, within_tenants: bool = True) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        told, _, place = str(exc).partition(" - at `")
        if place.startswith("key` in "):
            return  # An entry's name, of which the caller has spoken: msgspec does not say whose.
        deeper = [part for part in place.rstrip("`").removeprefix("$").split(".") if part]
        if within_tenants or not (deeper and deeper[0].startswith("tenants[")):
            yield _explain(told, [*keys, *deeper], _value_at(value, deeper), _kind_at(kind, deeper))


def _explain(told: str, keys: list[str], value: object, kind: type[msgspec.Struct]) -> str:
    """Say a msgspec error in the words of the file."""
    where = _path(keys)
    unknown = re.match(r"Object contains unknown field `(.+)`", told)
    if unknown:
        key, allowed = unknown[1], sorted(field.encode_name for field in msgspec.structs.fields(kind))
        near = difflib.get_close_matches(key, allowed, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{_path([*keys, key])} is not a key: {hint}allowed here: {', '.join(allowed)}"
    missing = re.match(r"Object missing required field `(.+)`", told)
    if missing:
        return f"{_path([*keys, missing[1]])} is missing"
    told = _lower(told).partition(" matching regex")[0]
    if any(key.partition("[")[0] in SECRET_KEYS for key in keys):
        return f"{where}: {told}"
    if keys[-1:] == ["api_base"] and "@" in str(value):
        return f"{where} has a user, and perhaps a password, which is not repeated here{_allowed(kind, keys[-1])}"
    return f"{where or 'the file'} is {value!r}: {told}{_allowed(kind, keys[-1])}"


def _path(keys: list[str]) -> str:
    """Write a key as TOML does: a part that is not bare is quoted."""
    bare = (key if BARE_KEY.match(key.partition("[")[0]) else f'"{key}"' for key in keys)
    return ".".join(bare)


def _kind_at(kind: type[msgspec.Struct], keys: list[str]) -> type[msgspec.Struct]:
    """Return the Struct that holds the key, or the entries, at *keys* below *kind*."""
    for key in keys:
        inner = next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == key.partition("[")[0]), None)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            kind = inner
        elif key.startswith("public_keys["):
            kind = Secret
    return kind


def _allowed(kind: type[msgspec.Struct], key: str) -> str:
    field = next((f for f in msgspec.structs.fields(kind) if f.encode_name == key.partition("[")[0]), None)
    if field is None:
        return ""
    if get_origin(field.type) is Literal:
        return f" (allowed: {', '.join(get_args(field.type))})"
    for kind_of_value in (field.type, *get_args(field.type)):
        for meta in getattr(kind_of_value, "__metadata__", ()):
            return f" (allowed: {meta.description})"
    return ""


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
            if secret.env is not None and (API_KEY.match(secret.env) or not VARIABLE.match(secret.env)):
                yield f"{where}.{key}.env is not the name of an environment variable; was the secret itself put there?"
            if secret.file is not None and API_KEY.match(secret.file):
                yield f"{where}.{key}.file is not the path of a file; was the secret itself put there?"
        known = ", ".join(sorted(tenant.queues)) or "none"
        for number, entry in tenant.numbers.items():
            if not E164.match(number):
                yield f'{where}.numbers."{number}": a number is written in E.164 form, such as "+13125550131"'
            if entry.queue is not None and entry.queue not in tenant.queues:
                key = f'{where}.numbers."{number}".queue'
                yield f"{key} is {entry.queue!r}: there is no such queue (there are: {known})"
        addresses: dict[str, str] = {}
        for agent, rules in tenant.agents.items():
            for queue in rules.serves:
                if queue not in tenant.queues:
                    yield f"{where}.agents.{agent}.queues has {queue!r}: there is no such queue (there are: {known})"
            other = addresses.setdefault(rules.address, agent)
            if other != agent:
                yield f"{where}.agents.{agent}.address is {rules.address!r}, which is {other}'s too"


def _warnings(policy: Policy) -> Iterator[str]:
    for name, tenant in policy.tenants.items():
        served = {queue for agent in tenant.agents.values() for queue in agent.serves}
        for queue in sorted(set(tenant.queues) - served):
            yield f"tenants.{name}.queues.{queue}: no agent serves this queue"
