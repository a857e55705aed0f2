"""A Cluster that tests share, and one of one's own for those that break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.redis.servers import Cluster, cluster


@pytest.fixture(scope="session")
def nodes() -> Iterator[Cluster]:
    """Return a Cluster that nobody breaks."""
    with cluster() as formed:
        yield formed


@pytest.fixture
def own_nodes() -> Iterator[Cluster]:
    """Return a Cluster of one's own."""
    with cluster() as formed:
        yield formed
