"""Whole processes, as a user starts them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from ingress.log import Keys
from tests.signing import Signer
from worker.demo.processes import Processes
from worker.demo.run import POLICY

API_KEY = "KEYtest"


@pytest.fixture
def signer() -> Signer:
    """Return the key pair that webhooks are signed with."""
    return Signer()


@pytest.fixture
def processes(tmp_path: Path, redis_url: str, keys: Keys, signer: Signer) -> Iterator[Processes]:
    """Start processes on keys of their own, with the example policy; end what is left."""
    environment = {
        "SWITCHHOOK_REDIS_URL": redis_url,
        "SWITCHHOOK_PREFIX": keys.prefix,
        "SWITCHHOOK_POLICY": str(POLICY),
        "SWITCHHOOK_GRACE_SECS": "0",
        "SWITCHHOOK_HEALTH_PORT": "0",
        "SWITCHHOOK_LEASE_SECS": "1",
        "TELNYX_API_KEY": API_KEY,
        "TELNYX_PUBLIC_KEY": signer.public_key,
        "PATH": os.environ["PATH"],
    }
    with Processes(tmp_path, environment) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session
