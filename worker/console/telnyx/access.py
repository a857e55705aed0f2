"""How Telnyx is reached from the command line: the group's options, and the client that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ingress.errors import ConfigError
from worker.policy.model import Secret
from worker.policy.secrets import API_KEY, read_secret
from worker.telnyx.addresses import BASE_URL, REGIONS
from worker.telnyx.client import TelnyxClient
from worker.telnyx.errors import TelnyxError

API_KEY_VARIABLE = "TELNYX_API_KEY"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What the group's options say. The key itself is not among them: a command line can be read by others."""

    api_key_file: Path | None
    api_base: str | None
    region: str | None
    timeout_secs: float
    retry_secs: float
    proxy: str | None


def client_of(access: Access, *, page_size: int, heard: Callable[[TelnyxError], None] = lambda _: None) -> TelnyxClient:
    """Return a client, which tells *heard* each error after which it goes on; nothing is sent yet.

    Raises:
        ConfigError: There is no key, or an option says what cannot be.
    """
    return TelnyxClient(
        _api_key(access.api_key_file),
        base_url=base_of(access),
        request_secs=access.timeout_secs,
        retry_secs=access.retry_secs,
        # One request may use all of its time even where that is more than repetitions are given.
        whole_tries=True,
        heard=heard,
        proxy=access.proxy,
        page_size=page_size,
    )


def base_of(access: Access) -> str:
    """Return the address that the options name.

    Raises:
        ConfigError: They name two, or a region that there is not.
    """
    if access.region is None:
        return access.api_base or BASE_URL
    if access.api_base:
        raise ConfigError(
            "--region and --api-base (or SWITCHHOOK_API_BASE) name an address each: leave one of them out"
        )
    if access.region not in REGIONS:
        raise ConfigError(f"--region: {access.region!r} is not one of {', '.join(REGIONS)}")
    return REGIONS[access.region]


def _api_key(file: Path | None) -> str:
    if file is None:
        try:
            return read_secret(Secret(env=API_KEY_VARIABLE), "the API key")
        except ConfigError as error:
            raise ConfigError(f"{error}, or name a file that has it with --api-key-file") from None
    if API_KEY.match(file.name):
        raise ConfigError("--api-key-file is not the path of a file; was the key itself put there?")
    return read_secret(Secret(file=str(file)), "--api-key-file")
