"""A Redis address is read in all its forms, refused in words, and its passwords are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingress.errors import ConfigError
from ingress.redis_client import connect, redact
from ingress.redis_url import Login, RedisAddress, Tls, read_address


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
        ("redis+cluster://bob:hunter2@a:1,b:2", "redis+cluster://bob:***@a:1,b:2"),
        (
            "redis+sentinel://a:1,b:2/log?sentinel_password=hun@ter2",
            "redis+sentinel://a:1,b:2/log?sentinel_password=***",
        ),
        ("rediss://h/0?ssl_password=hunter2&ssl_keyfile=k", "rediss://h/0?ssl_password=***&ssl_keyfile=k"),
        ("redis://[::1", "redis://[::1"),
    ],
)
def test_a_password_is_shown_nowhere(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", RedisAddress("one", (("localhost", 6379),))),
        ("redis://host", RedisAddress("one", (("host", 6379),))),
        ("redis://bob:p%40ss@[::1]:7000/3", RedisAddress("one", (("::1", 7000),), db=3, login=Login("bob", "p@ss"))),
        ("redis://host?db=2&password=p%26", RedisAddress("one", (("host", 6379),), db=2, login=Login(None, "p&"))),
        ("rediss://host", RedisAddress("one", (("host", 6379),), tls=Tls())),
        (
            "rediss://host?ssl_check_hostname=no",
            RedisAddress("one", (("host", 6379),), tls=Tls(check_name=False)),
        ),
        (
            "rediss://host?ssl_cert_reqs=none",
            RedisAddress("one", (("host", 6379),), tls=Tls(verify=False, check_name=False)),
        ),
        ("unix:///run/my%20redis.sock?db=1", RedisAddress("unix", path="/run/my redis.sock", db=1)),
        (
            "redis+sentinel://bob:pw@a,b:26380/log/4?sentinel_username=w&sentinel_password=s",
            RedisAddress(
                "sentinel", (("a", 26379), ("b", 26380)), db=4, login=Login("bob", "pw"), service="log",
                sentinel_login=Login("w", "s"),
            ),
        ),
        ("redis+sentinel://a/log", RedisAddress("sentinel", (("a", 26379),), service="log")),
        ("rediss+cluster://a:7000,b", RedisAddress("cluster", (("a", 7000), ("b", 6379)), tls=Tls())),
    ],
)  # fmt: skip
def test_each_form_of_an_address_is_read(url: str, address: RedisAddress) -> None:
    assert read_address(url) == address
    assert "pw" not in repr(read_address(url))


@pytest.mark.parametrize(
    "url",
    [
        "", "http://u:hunter2@h", "redis://:hunter2/@host:6379/0", "redis://[::1", "redis://h:99999/0",
        "redis://h/x", "redis://h/0/1", "redis://h/-1", "unix://", "unix://host/path", "redis+sentinel://h",
        "redis+cluster://h/1", "redis+cluster://h:1,:x", "redis://h/0?x", "rediss://h?ssl_cert_reqs=maybe",
        "redis://h?db=x",
    ],
)  # fmt: skip
def test_what_is_no_redis_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a Redis address") as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://h?socket_timeout=9", "socket_timeout"),
        ("redis://h?ssl_ca_certs=/x", "ssl_ca_certs"),
        ("redis+cluster://h?db=1", "db"),
        ("redis://h?sentinel_password=hunter2", "sentinel_password"),
    ],
)
def test_a_parameter_that_would_do_nothing_or_undo_time_outs_is_refused(url: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"there is no parameter '{name}'") as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(ConfigError, match="ssl_ca_certs: /nowhere cannot be used: No such file"):
        connect("rediss://h?ssl_ca_certs=/nowhere")
    with pytest.raises(ConfigError, match=f"ssl_certfile: {empty} cannot be used"):
        connect(f"rediss://h?ssl_certfile={empty}&ssl_keyfile={empty}")
    with pytest.raises(ConfigError, match="ssl_keyfile is there without ssl_certfile"):
        connect(f"rediss://h?ssl_keyfile={empty}")
