"""A Redis address is refused in words, and its password is shown nowhere."""

from __future__ import annotations

import pytest

from ingress.errors import ConfigError
from ingress.redis_client import connect, redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://bob:hunter2@host/0", "rediss://bob:***@host/0"),
        ("redis://:hun/ter2@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://:hun@ter2?@host/0", "redis://:***@host/0"),
        ("redis://host/0?password=hunter2&db=1", "redis://host/0?password=***&db=1"),
        ("unix:///run/redis.sock?db=0&password=hun@ter2", "unix:///run/redis.sock?db=0&password=***"),
        ("redis://[::1", "redis://[::1"),
    ],
)
def test_a_password_is_shown_nowhere(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    "url", ["", "http://u:hunter2@h", "redis://:hunter2/@host:6379/0", "redis://[::1", "redis://h:99999/0"]
)
def test_what_is_no_redis_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a Redis address") as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)
