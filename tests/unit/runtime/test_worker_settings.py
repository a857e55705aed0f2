"""The worker's settings are read, or refused with their name."""

from __future__ import annotations

import pytest

from ingress.errors import ConfigError
from worker.settings import worker_settings

NEEDED = {"SWITCHHOOK_REDIS_URL": "redis://x", "SWITCHHOOK_POLICY": "policy.toml"}


def test_flags_go_before_the_environment_and_what_is_not_said_has_its_default() -> None:
    settings = worker_settings({"lease_secs": 2.0}, {**NEEDED, "SWITCHHOOK_LEASE_SECS": "9"})
    assert (settings.lease_secs, settings.drain_secs, settings.partitions) == (2.0, 25.0, 16)


def test_two_workers_without_a_name_get_two() -> None:
    assert worker_settings({}, NEEDED).worker_id != worker_settings({}, NEEDED).worker_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SWITCHHOOK_LEASE_SECS", "0.1"),
        ("SWITCHHOOK_DRAIN_SECS", "-1"),
        ("SWITCHHOOK_RECONCILE_SECS", "-1"),
        ("SWITCHHOOK_RECONCILE_RATE", "0"),
        ("SWITCHHOOK_MAX_COMMANDS", "0"),
        ("SWITCHHOOK_MAX_TENANT_COMMANDS", "-1"),
        ("SWITCHHOOK_MAX_WAITING_COMMANDS", "0"),
        ("SWITCHHOOK_LAG_SECS", "0"),
        ("SWITCHHOOK_WORKER_ID", "a:1"),
        ("SWITCHHOOK_PARTITIONS", "some"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        worker_settings({}, {**NEEDED, name: value})


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_a_missing_setting_is_named(missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        worker_settings({}, {name: value for name, value in NEEDED.items() if name != missing})
