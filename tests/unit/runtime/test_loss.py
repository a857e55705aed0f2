"""What is said when a partition is lost."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from ingress.log import Partition
from worker.runtime.errors import FencedError, LapsedError, UnavailableError
from worker.runtime.lease import Lease
from worker.runtime.loss import say_loss
from worker.runtime.metrics import Metrics
from worker.runtime.snapshots import UnreadableSnapshotError

LAPSED = LapsedError("the lease is over")
TAKEN = FencedError("it has another owner")
AWAY = UnavailableError("connection refused")
UNREADABLE = UnreadableSnapshotError("written by a later release")


@pytest.mark.parametrize(
    ("errors", "event", "reason", "fenced", "failed"),
    [
        ([LAPSED, TAKEN], "partition.fenced", TAKEN, 1, False),
        ([LAPSED, AWAY, LAPSED], "partition.fenced", AWAY, 1, True),
        ([AWAY, TAKEN], "partition.fenced", TAKEN, 1, True),
        ([LAPSED], "partition.fenced", LAPSED, 1, False),
        ([AWAY], "partition.interrupted", AWAY, 0, True),
        ([AWAY, UNREADABLE], "partition.unreadable", UNREADABLE, 0, True),
    ],
)
def test_it_is_one_line_with_the_reason_that_tells_most(
    errors: list[Exception], event: str, reason: Exception, fenced: int, failed: bool
) -> None:
    metrics = Metrics()
    group = ExceptionGroup("tasks", [ExceptionGroup("tasks", errors[:1]), *errors[1:]])
    with capture_logs() as said:
        assert say_loss(Partition(3), group, metrics) == failed
    assert [(line["event"], line["partition"], line["reason"]) for line in said] == [(event, 3, str(reason))]
    assert metrics.fenced._value.get() == fenced


def test_that_redis_is_still_away_is_not_said_at_each_try() -> None:
    with capture_logs() as said:
        assert say_loss(Partition(3), ExceptionGroup("tasks", [AWAY]), Metrics(), again=True)
    assert said == []


def test_a_lease_that_is_over_says_why_it_was_not_renewed() -> None:
    lease = Lease(Partition(3), "w", 7, until=0)
    with pytest.raises(LapsedError, match=r"partition 3 \(epoch 7\) is over: this process stood still"):
        lease.check()
    lease.trouble = "connection refused"
    with pytest.raises(LapsedError, match="is over: connection refused"):
        lease.check()
    lease.extend(0)
    assert lease.trouble is None
