"""Settings are read, or refused with their name; without a public key nothing starts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from ingress.errors import ConfigError
from ingress.settings import ingress_settings, tenant_keys
from tests.signing import Signer

REDIS = {"SWITCHHOOK_REDIS_URL": "redis://x"}


def test_flags_go_before_the_environment() -> None:
    settings = ingress_settings({"port": 9}, {**REDIS, "SWITCHHOOK_PORT": "8", "SWITCHHOOK_PREFIX": "p"})
    assert (settings.port, settings.prefix, settings.partitions) == (9, "p", 16)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "SWITCHHOOK_REDIS_URL"),
        ({**REDIS, "SWITCHHOOK_PORT": "many"}, "SWITCHHOOK_PORT"),
        ({**REDIS, "SWITCHHOOK_PARTITIONS": "0"}, "SWITCHHOOK_PARTITIONS"),
        ({**REDIS, "SWITCHHOOK_PORT": "70000"}, "SWITCHHOOK_PORT"),
        ({**REDIS, "SWITCHHOOK_GRACE_SECS": "-1"}, "SWITCHHOOK_GRACE_SECS"),
        ({**REDIS, "SWITCHHOOK_GRACE_SECS": "nan"}, "SWITCHHOOK_GRACE_SECS"),
    ],
)
def test_a_missing_or_wrong_setting_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        ingress_settings({}, environment)


def test_without_a_public_key_nothing_starts() -> None:
    with pytest.raises(ConfigError, match="no public key"):
        tenant_keys(ingress_settings({}, REDIS), {})


def test_one_tenant_needs_no_policy_file_and_may_have_several_keys() -> None:
    keys = [Signer().public_key, Signer().public_key]
    settings = ingress_settings({}, {**REDIS, "SWITCHHOOK_PUBLIC_KEY": ", ".join(keys)})
    assert [base64.b64encode(bytes(key)).decode() for key in tenant_keys(settings, {})["default"]] == keys


def test_a_wrong_public_key_is_named_by_its_setting_and_not_repeated() -> None:
    settings = ingress_settings({}, {**REDIS, "SWITCHHOOK_PUBLIC_KEY": "KEY0123456789"})
    with pytest.raises(ConfigError, match="SWITCHHOOK_PUBLIC_KEY is not") as caught:
        tenant_keys(settings, {})
    assert "KEY0123456789" not in str(caught.value)


def test_a_wrong_key_of_a_policy_is_named_by_its_tenant_and_not_repeated(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tenants.acme]\npublic_keys = [{ env = "ONE" }]\n')
    settings = ingress_settings({"policy": str(policy)}, REDIS)
    with pytest.raises(ConfigError, match=r"tenants\.acme\.public_keys is not") as caught:
        tenant_keys(settings, {"ONE": "KEY0123456789"})
    assert "KEY0123456789" not in str(caught.value)


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[tenants.acme]\npublic_keys = [{ file = "nowhere/key" }]\n')
    with pytest.raises(ConfigError, match=r"tenants\.acme\.public_keys: .* cannot be read"):
        tenant_keys(ingress_settings({"policy": str(policy)}, REDIS), {})


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: the policy cannot be read"):
        tenant_keys(ingress_settings({"policy": str(tmp_path / "nowhere.toml")}, REDIS), {})


def test_the_keys_of_a_policy_come_from_where_it_says(tmp_path: Path) -> None:
    one, two = Signer(), Signer()
    (tmp_path / "key").write_text(two.public_key + "\n")
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[tenants.acme]\nelse = 1\npublic_keys = [{{ env = "ONE" }}, {{ file = "{tmp_path}/key" }}]\n')
    settings = ingress_settings({"policy": str(policy)}, REDIS)
    assert len(tenant_keys(settings, {"ONE": one.public_key})["acme"]) == 2
    with pytest.raises(ConfigError, match="ONE is not set"):
        tenant_keys(settings, {})


@pytest.mark.parametrize(
    "text",
    [
        "tenants = 3",
        "[tenants.a]\npublic_keys = []",
        "[tenants]",
        "x =",
        "[tenants.'a:b']\npublic_keys = [{ env = 'K' }]",
    ],
)
def test_a_policy_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    with pytest.raises(ConfigError, match=r"policy\.toml"):
        tenant_keys(ingress_settings({"policy": str(policy)}, REDIS), {})


@pytest.mark.parametrize("reference", ["{ }", '{ env = "K", file = "f" }', '{ enb = "K" }'])
def test_a_key_that_is_nowhere_or_in_two_places_is_refused_with_what_to_write(tmp_path: Path, reference: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[tenants.acme]\npublic_keys = [{reference}]\n")
    with pytest.raises(ConfigError, match=r'tenants\.acme\.public_keys: write \{ env = "VARIABLE" \}'):
        tenant_keys(ingress_settings({"policy": str(policy)}, REDIS), {"K": Signer().public_key})


def test_several_keys_of_one_tenant_are_read_from_the_environment() -> None:
    keys = f"{Signer().public_key},{Signer().public_key}"
    settings = ingress_settings({}, {**REDIS, "SWITCHHOOK_PUBLIC_KEY": keys})
    assert len(tenant_keys(settings, {})["default"]) == 2
