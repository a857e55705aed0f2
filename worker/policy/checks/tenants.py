"""Secrets, and what two tenants may not both have."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.toml.lines import Place
from ingress.toml.mistakes import Mistake, written
from worker.policy.model import Policy, Secret, Tenant
from worker.policy.secrets import API_KEY, VARIABLE


def mistakes(policy: Policy) -> Iterator[Mistake]:
    """Yield what is wrong with secrets, and numbers that two tenants have."""
    owners: dict[str, str] = {}
    for name, tenant in policy.tenants.items():
        yield from _secrets(tenant, ("tenants", name))
        for number in tenant.numbers:
            other = owners.setdefault(number, name)
            if other != name:
                place = ("tenants", name, "numbers", number)
                yield Mistake(place, f"{written(place)} is a number of the tenant {other} too: a number has one tenant")


def warnings(policy: Policy) -> Iterator[str]:
    """Yield phones that agents of two tenants share."""
    owners: dict[str, str] = {}
    for name, tenant in policy.tenants.items():
        for agent, rules in tenant.agents.items():
            other = owners.setdefault(rules.address, name)
            if other != name:
                where = written(("tenants", name, "agents", agent, "address"))
                yield f"{where} is the address of an agent of the tenant {other} too: both will ring the same phone"


def _secrets(tenant: Tenant, place: Place) -> Iterator[Mistake]:
    api_key: tuple[Place, Secret] = ((*place, "api_key"), tenant.api_key)
    public_keys = (((*place, "public_keys", number), key) for number, key in enumerate(tenant.public_keys))
    for where, secret in (api_key, *public_keys):
        # The number of a public key tells nobody much; the key's name is enough.
        key = written(where).partition("[")[0]
        if (secret.env is None) == (secret.file is None):
            yield Mistake(where, f'{key} needs exactly one of {{ env = "NAME" }} and {{ file = "PATH" }}')
        if secret.env is not None and (API_KEY.match(secret.env) or not VARIABLE.fullmatch(secret.env)):
            told = "is not the name of an environment variable; was the secret itself put there?"
            yield Mistake(where, f"{key}.env {told}")
        if secret.file is not None and API_KEY.match(secret.file):
            yield Mistake(where, f"{key}.file is not the path of a file; was the secret itself put there?")
