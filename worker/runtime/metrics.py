"""What a worker counts. The names and what they mean stand here together."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The worker's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.persistence = Gauge(
            "switchhook_redis_persistence",
            "1 for how Redis keeps what it was told: aof, rdb, none, or unknown",
            ["kind"],
            registry=r,
        )
        self.partitions = Gauge("switchhook_worker_partitions", "Partitions held", registry=r)
        self.takeovers = Counter("switchhook_worker_takeovers", "Partitions taken", registry=r)
        self.fenced = Counter("switchhook_worker_fenced", "Times that a lost lease stopped us", registry=r)
        self.events = Counter(
            "switchhook_worker_events", "Events folded, by kind of aggregate", ["aggregate"], registry=r
        )
        self.failures = Counter(
            "switchhook_worker_event_failures", "Events on which aggregate code raised", ["aggregate"], registry=r
        )
        self.rule_failures = Counter(
            "switchhook_worker_rule_failures", "Times that an own rule failed, and the policy file decided", ["rule"],
            registry=r,
        )  # fmt: skip
        self.quarantined = Gauge("switchhook_worker_quarantined", "Aggregates in quarantine", registry=r)
        self.unread = Counter(
            "switchhook_worker_events_unread", "Log entries that could not be read, passed over", registry=r
        )
        self.undocumented = Counter(
            "switchhook_worker_undocumented",
            "Event types, fields and values of webhooks that are not documented",
            ["what"],
            registry=r,
        )
        self.decisions = Counter("switchhook_worker_decisions", "Decisions journaled", registry=r)
        self.commands = Counter(
            "switchhook_worker_commands", "Commands ended, by command and result", ["command", "result"], registry=r
        )
        self.command_secs = Histogram(
            "switchhook_worker_command_seconds", "From a command's turn to its outcome", ["command"], registry=r
        )
        self.lag_secs = Histogram(
            "switchhook_worker_lag_seconds",
            "From an event's append to its decision in the journal",
            registry=r,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
        )
        self.oldest_event_secs = Gauge(
            "switchhook_worker_lag_oldest_seconds", "How long the oldest known undecided event waits", registry=r
        )
        self.lagging = Gauge(
            "switchhook_worker_lagging_partitions", "Partitions held that are behind by more than the bound", registry=r
        )
        self.crowded = Gauge(
            "switchhook_worker_crowded_partitions",
            "Partitions held that read no further, for so many commands wait",
            registry=r,
        )
        self.oldest_command_secs = Gauge(
            "switchhook_worker_commands_oldest_seconds", "Age of the oldest command without an end", registry=r
        )
        self.forgotten = Gauge(
            "switchhook_worker_commands_forgotten", "Commands without an end that nobody carries out", registry=r
        )
        self.timers = Counter("switchhook_worker_timers_fired", "Timers fired", registry=r)
        self.recovery_secs = Histogram("switchhook_worker_recovery_seconds", "Time to recover a partition", registry=r)
        self.regressions = Counter(
            "switchhook_worker_log_regressions", "Times that Redis came back without its newest writes", registry=r
        )
        self.snapshots = Counter("switchhook_worker_snapshots", "Snapshots kept", registry=r)
        self.snapshot_bytes = Histogram(
            "switchhook_worker_snapshot_bytes", "Size of a snapshot, compressed", registry=r,
            buckets=[2.0**power for power in range(8, 28, 2)],
        )  # fmt: skip
        self.trimmed = Counter("switchhook_worker_trimmed_events", "Events trimmed from the log", registry=r)
        self.trimming_waits = Counter(
            "switchhook_worker_trimming_waits", "Times that trimming waited for the recorder", registry=r
        )
        self.trimmed_unrecorded = Counter(
            "switchhook_worker_trimmed_unrecorded_events", "Events trimmed that the recorder had not all read yet",
            registry=r,
        )  # fmt: skip
        self.archive_failures = Counter(
            "switchhook_worker_archive_failures", "Times the archive could not be written; nothing was trimmed then",
            registry=r,
        )  # fmt: skip
        self.reconciled = Counter(
            "switchhook_worker_reconciled",
            "Differences from what Telnyx shows that were found and healed, by kind of aggregate",
            ["kind", "what"],
            registry=r,
        )
        self.reconcile_reads = Counter(
            "switchhook_worker_reconcile_reads",
            "Reads made to find such differences",
            ["command", "result"],
            registry=r,
        )
        self.oldest_look_secs = Gauge(
            "switchhook_worker_reconcile_oldest_seconds",
            "Age of the oldest look at an aggregate that lives",
            registry=r,
        )
        self.recorder = Gauge("switchhook_worker_recorder", "Whether this worker writes the records", registry=r)
        self.recorder_behind_secs = Gauge(
            "switchhook_worker_records_behind_seconds", "How old what the records were written of is", registry=r
        )
        self.records = Counter("switchhook_worker_records", "Records written, by kind", ["kind"], registry=r)
        self.deliveries = Counter(
            "switchhook_worker_webhook_deliveries", "Tries to deliver a record, by target", ["target", "result"],
            registry=r,
        )  # fmt: skip
        self.sink_failures = Counter(
            "switchhook_worker_sink_failures", "Times that the database did not take records", registry=r
        )
        self.stopped_tenants = Gauge(
            "switchhook_worker_stopped_tenants", "Tenants whose account is refused", registry=r
        )
        self.circuit = Gauge(
            "switchhook_worker_circuit", "Whether requests go out to Telnyx: 0 all, 1 one to probe, 2 none", ["tenant"],
            registry=r,
        )  # fmt: skip
