"""Which accounts are refused, as all partitions of a worker know it together: each tenant is counted and told once."""

from __future__ import annotations

import structlog

from ingress.log import Partition
from worker.runtime.metrics import Metrics

log = structlog.get_logger(__name__)


class Accounts:
    """The refused accounts of one worker."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        #: By tenant, the partitions that have been refused since it last was not.
        self._stopped: dict[str, set[Partition]] = {}

    def stop(self, tenant: str, partition: Partition, *, refused: str, again_secs: float) -> None:
        """Note that a command of *partition* was refused, which is asked again every *again_secs*."""
        if tenant not in self._stopped:
            log.error("tenant.stopped", tenant=tenant, refused=refused, again_secs=again_secs)
        self._stopped.setdefault(tenant, set()).add(partition)
        self._count()

    def resume(self, tenant: str) -> None:
        """Note that a command of *tenant* was not refused."""
        if self._stopped.pop(tenant, None) is not None:
            log.info("tenant.resumed", tenant=tenant)
            self._count()

    def leave(self, partition: Partition) -> None:
        """Forget what *partition* knew: whoever holds it next finds out anew."""
        for partitions in self._stopped.values():
            partitions.discard(partition)
        self._stopped = {tenant: partitions for tenant, partitions in self._stopped.items() if partitions}
        self._count()

    def _count(self) -> None:
        self._metrics.stopped_tenants.set(len(self._stopped))
