"""A whole centre, with callers and agents at a Telnyx emulator, goes on when its Redis changes masters."""

from __future__ import annotations

from pathlib import Path

from ingress.log import Keys, Partition
from ingress.redis_client import connect
from tests.integration.redis.servers import Cluster, sentinels
from tests.integration.runtime.whole import whole
from worker.testing.emulator.settings import EmulatorSettings

#: Telnyx tries longer than any failover takes.
SETTINGS = EmulatorSettings(
    webhook_url="http://set.below", seed=1, characters_per_sec=1000, answer_secs=0.05, saving_secs=0.05,
    webhook_attempts=10,
)  # fmt: skip


async def test_callers_are_served_before_and_after_a_master_of_a_cluster_is_lost(
    own_nodes: Cluster, keys: Keys
) -> None:
    async with connect(own_nodes.url) as redis, whole(redis, own_nodes.url, keys, SETTINGS) as centre:
        await centre.served([centre.ring() for _ in range(3)])
        await own_nodes.lose(keys.log(Partition(0)))
        await centre.served([centre.ring() for _ in range(3)], secs=40)


async def test_callers_are_served_before_and_after_sentinels_have_promoted_a_replica(
    tmp_path: Path, keys: Keys
) -> None:
    async with (
        sentinels(tmp_path) as servers,
        connect(servers.url) as redis,
        whole(redis, servers.url, keys, SETTINGS) as centre,
    ):
        await centre.served([centre.ring() for _ in range(3)])
        servers.master.kill()
        await servers.promoted()
        await centre.served([centre.ring() for _ in range(3)], secs=40)
