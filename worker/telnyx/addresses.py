"""Where Telnyx is, and by which way it is reached."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

from yarl import URL

from ingress.errors import ConfigError

#: Conferences and queues live in one region: all their calls must be asked for there.
REGIONS = {"us": "https://api.telnyx.com/v2", "eu": "https://api.telnyx.eu/v2"}
BASE_URL = REGIONS["us"]


def checked_base(text: str) -> str:
    """Return a base URL without a slash at its end.

    Raises:
        ConfigError: It is none, or would send the API key to Telnyx in the clear.
    """
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.user or url.password or url.query_string or url.fragment:
        raise ConfigError("the API's base URL has more than an address in it: write it without @, ? and #")
    if url.scheme not in ("http", "https") or not _is_name(url.raw_host):
        raise ConfigError(f"the API's base URL is not an address: write {BASE_URL}, or http://127.0.0.1:4010/v2")
    if url.scheme == "http" and str(url.host).endswith((".telnyx.com", ".telnyx.eu")):
        raise ConfigError(f"the API's base URL would send the key unencrypted: write https:// before {url.host}")
    return text.rstrip("/")


def environment_proxy(url: URL) -> URL | None:
    """Return the proxy that the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) names for *url*.

    Raises:
        ConfigError: What the environment names is not the address of a proxy. It may hold a password: it is not said.
    """
    named = getproxies().get(url.scheme)
    if not named or url.host is None or proxy_bypass(url.host):
        return None
    return checked_proxy(named, f"the environment variable {url.scheme.upper()}_PROXY")


def checked_proxy(text: str, named_by: str) -> URL:
    """Return the proxy at *text*.

    Raises:
        ConfigError: It is not the address of one.
    """
    try:
        proxy = URL(text)
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not _is_name(proxy.raw_host):
        raise ConfigError(f"{named_by} is not a proxy's address: write http://HOST:PORT")
    return proxy


def _is_name(host: str | None) -> bool:
    """Return whether *host* can be looked up: Python raises a bare UnicodeError for a label of more than 63 letters."""
    try:
        return bool(host and host.encode("idna"))
    except UnicodeError:
        return False
