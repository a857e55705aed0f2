"""What the ingress counts. The names and what they mean stand here together."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The ingress's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.webhooks = Counter(
            "switchhook_ingress_webhooks",
            "Webhooks by tenant and what became of them (accepted, duplicate, spooled, unrouted, refused, unavailable)",
            ["tenant", "result"],
            registry=r,
        )
        self.intents = Counter(
            "switchhook_ingress_intents",
            "Intents by what became of their requests (accepted, refused, unavailable)",
            ["result"],
            registry=r,
        )
        self.seconds = Histogram(
            "switchhook_ingress_append_seconds",
            "From having read a webhook to its being in the log",
            registry=r,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2),
        )
        self.batch = Histogram(
            "switchhook_ingress_batch_entries",
            "Appends that shared one round trip",
            registry=r,
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
        )
        self.spool_bytes = Gauge("switchhook_ingress_spool_bytes", "Size of the spool's files", registry=r)
        self.spool_records = Gauge(
            "switchhook_ingress_spool_records", "Events in the spool that Redis has not taken", registry=r
        )
        self.spool_oldest = Gauge(
            "switchhook_ingress_spool_oldest_seconds", "Age of the oldest of them, 0 when there are none", registry=r
        )
        self.spool_drained = Counter(
            "switchhook_ingress_spool_drained", "Events of the spool that Redis has taken", registry=r
        )
        self.spool_refused = Counter(
            "switchhook_ingress_spool_refused", "Events that the spool had no room for", registry=r
        )
        self.spool_errors = Counter("switchhook_ingress_spool_errors", "Errors of the spool's disk", registry=r)
        self.spool_damaged = Counter(
            "switchhook_ingress_spool_damaged", "Files of the spool that were damaged and set aside", registry=r
        )
        self.persistence = Gauge(
            "switchhook_redis_persistence",
            "1 for how Redis keeps what it was told: aof, rdb, none, or unknown",
            ["kind"],
            registry=r,
        )
        self.ready = Gauge("switchhook_ingress_ready", "1 while webhooks are taken", registry=r)
