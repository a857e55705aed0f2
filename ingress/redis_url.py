"""The address of Redis: one server, a Unix socket, the master that Sentinels know, or a Cluster; all said by a URL.

    redis://user:password@host:6379/0            rediss://… with TLS
    unix:///run/redis/redis.sock?db=0
    redis+sentinel://host:26379,host2:26379/service/0            rediss+sentinel://…
    redis+cluster://host:6379,host2:6379         rediss+cluster://…

User and password are percent-encoded. The certificate of a server is verified, and its name, unless the query says
otherwise; the names of the parameters are those of redis-py: ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_password,
ssl_cert_reqs (required or none), ssl_check_hostname. Sentinels have sentinel_username and sentinel_password.
"""

from __future__ import annotations

import re
import ssl
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from ingress.errors import ConfigError

Kind = Literal["one", "unix", "sentinel", "cluster"]

_SCHEMES: dict[str, tuple[Kind, bool]] = {
    "redis": ("one", False),
    "rediss": ("one", True),
    "unix": ("unix", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_FORMS = (
    "write redis://host:port/0, rediss://…, unix:///path, redis+sentinel://host:26379,host2:26379/service or "
    "redis+cluster://host:port,host2:port, with a password percent-encoded"
)
_PORTS: dict[Kind, int] = {"one": 6379, "sentinel": 26379, "cluster": 6379}
#: Whatever else redis-py would take could undo the time-outs that are set here.
_ANY = {"username", "password"}
_TLS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs", "ssl_check_hostname"}
_KNOWN: dict[Kind, set[str]] = {
    "one": _ANY | {"db"},
    "unix": _ANY | {"db"},
    "sentinel": _ANY | {"db", "sentinel_username", "sentinel_password"},
    "cluster": _ANY,
}
#: Up to the last @, for a password that was not percent-encoded may hold any character.
_USER_PASSWORD = re.compile(r"(?<=://)([^:@/?]*):.*@", re.DOTALL)
_QUERY_PASSWORD = re.compile(r"([?&](?:[a-z]+_)?password=)[^&]*", re.IGNORECASE)
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


class Tls(msgspec.Struct, frozen=True):
    """How a server is verified, and what it is shown of us. Paths are of PEM files."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = None
    verify: bool = True
    check_name: bool = True

    def __repr__(self) -> str:
        return f"Tls(ca={self.ca!r}, certificate={self.certificate!r}, verify={self.verify!r})"


class Login(msgspec.Struct, frozen=True):
    """Who connects; both None: nobody in particular."""

    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


class RedisAddress(msgspec.Struct, frozen=True):
    """Where Redis is. `hosts` are the server, the Sentinels, or some nodes of the Cluster."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    db: int = 0
    login: Login = Login()
    tls: Tls | None = None
    #: What Sentinels call the master.
    service: str = ""
    sentinel_login: Login = Login()


def read_address(url: str) -> RedisAddress:
    """Return the address that *url* says.

    Raises:
        ConfigError: It is none, or a file that it names cannot be read; the sentence shows no password.
    """
    try:
        parts = urlsplit(url)
        kind, secure = _SCHEMES[parts.scheme]
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except (ValueError, KeyError):
        raise _none_of(url) from None
    unknown = sorted(query.keys() - _KNOWN[kind] - (_TLS if secure else set()))
    if unknown:
        raise ConfigError(f"{redact(url)}: there is no parameter {unknown[0]!r} for {parts.scheme}://")
    try:
        login, hosts = _authority(parts.netloc, kind)
        service, db = _path(parts, kind, query)
        tls = _tls(query) if secure else None
    except ValueError:
        raise _none_of(url) from None
    if tls is not None:
        _check_files(tls, url)
    return RedisAddress(
        kind=kind,
        hosts=hosts,
        path=unquote(parts.path) if kind == "unix" else "",
        db=db,
        login=Login(query.get("username", login.username), query.get("password", login.password)),
        tls=tls,
        service=service,
        sentinel_login=Login(query.get("sentinel_username"), query.get("sentinel_password")),
    )


def redact(url: str) -> str:
    """Return *url* without its passwords, before the host or in the query, also when it is not a valid URL."""
    return _USER_PASSWORD.sub(r"\1:***@", _QUERY_PASSWORD.sub(r"\1***", url))


def _none_of(url: str) -> ConfigError:
    # The library's own words may quote a part of the password.
    return ConfigError(f"{redact(url)} is not a Redis address: {_FORMS}")


def _authority(netloc: str, kind: Kind) -> tuple[Login, tuple[tuple[str, int], ...]]:
    user, _, places = netloc.rpartition("@")
    name, _, password = user.partition(":")
    login = Login(unquote(name) or None, unquote(password) or None)
    if kind == "unix":
        if places:
            raise ValueError(places)
        return login, ()
    return login, tuple(_host(place, _PORTS[kind]) for place in places.split(","))


def _host(place: str, port: int) -> tuple[str, int]:
    found = SplitResult("", place, "", "", "")
    if not found.hostname and (place or found.port):
        raise ValueError(place)
    return found.hostname or "localhost", port if found.port is None else found.port


def _path(parts: SplitResult, kind: Kind, query: dict[str, str]) -> tuple[str, int]:
    """Return the service's name and the database's number."""
    pieces = [unquote(piece) for piece in parts.path.strip("/").split("/")]
    service = pieces.pop(0) if kind == "sentinel" else ""
    number = "0"
    if kind == "unix":
        if not parts.path:
            raise ValueError("no path")
    elif pieces and pieces[0]:
        number = pieces.pop(0)
        if any(pieces) or (kind == "cluster" and number != "0"):
            raise ValueError(parts.path)
    if kind == "sentinel" and not service:
        raise ValueError("no service")
    db = int(query.get("db", number))
    if db < 0:
        raise ValueError(db)
    return service, db


def _tls(query: dict[str, str]) -> Tls:
    wanted = query.get("ssl_cert_reqs", "required").lower()
    named = query.get("ssl_check_hostname", "true").lower()
    if wanted not in {"required", "none"} or named not in _TRUE | _FALSE:
        raise ValueError(wanted)
    return Tls(
        ca=query.get("ssl_ca_certs"),
        certificate=query.get("ssl_certfile"),
        key=query.get("ssl_keyfile"),
        key_password=query.get("ssl_password"),
        verify=wanted == "required",
        check_name=wanted == "required" and named in _TRUE,
    )


def _check_files(tls: Tls, url: str) -> None:
    """Read the files once, for an error of a later connection would not say which it was."""
    context = ssl.create_default_context()
    for name, path in (("ssl_ca_certs", tls.ca), ("ssl_certfile", tls.certificate), ("ssl_keyfile", tls.key)):
        try:
            if name == "ssl_ca_certs" and path:
                context.load_verify_locations(cafile=path)
            elif name == "ssl_certfile" and path:
                context.load_cert_chain(path, tls.key, lambda: tls.key_password or "")
            elif name == "ssl_keyfile" and path and not tls.certificate:
                raise ConfigError(f"{redact(url)}: ssl_keyfile is there without ssl_certfile: name both")
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            raise ConfigError(f"{redact(url)}: {name}: {path} cannot be used: {why}") from None
