"""A worker's look over its partitions finds who is behind, and commands that nobody carries out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from structlog.testing import capture_logs

from ingress.envelope import Address
from ingress.log import Partition
from worker.commands import command as c
from worker.ledger.ledger import Ledger, Pending
from worker.runtime.clock import RedisClock, virtual_time
from worker.runtime.lag import Lag
from worker.runtime.metrics import Metrics
from worker.runtime.partition import PartitionOwner
from worker.runtime.watch import FORGOTTEN_SECS, Watch


@pytest.fixture(autouse=True)
def own_time() -> Iterator[None]:
    """Give the tests that come after the machine's clock back."""
    token = virtual_time.set(None)
    yield
    virtual_time.reset(token)


class Hands:
    """The commands that are being carried out."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.crowded = False

    def __contains__(self, command_id: str) -> bool:
        return command_id in self.ids


class Owner:
    """An owner of a partition, as far as a look goes."""

    def __init__(self, clock: RedisClock) -> None:
        self.partition = Partition(7)
        self.lag = Lag(clock)
        self.effects = Hands()
        self.ledger = Ledger(self.partition)


class Stage:
    """A worker with one partition; time passes when a test says so."""

    def __init__(self) -> None:
        self.at = 1000.0
        virtual_time.set(lambda: self.at)
        self.clock = RedisClock()
        self.metrics = Metrics()
        self.owner = Owner(self.clock)
        self.watch = Watch(self.metrics, self.clock, lag_secs=10)

    def look(self, *, after_secs: float = 0.0) -> None:
        self.at += after_secs
        self.watch.look([cast("PartitionOwner", self.owner)])

    def decide(self, name: str) -> None:
        pending = Pending(name, c.Hangup("x"), Address("t", "call", "x"), self.clock.now_ms())
        self.owner.ledger.pending[name] = pending

    @property
    def forgotten(self) -> float:
        return float(self.metrics.forgotten._value.get())


def test_a_partition_is_behind_when_its_oldest_event_waits_for_longer_than_the_bound() -> None:
    stage = Stage()
    stage.owner.lag.take(stage.clock.now_ms())
    stage.look(after_secs=10)
    assert not stage.watch.lagging
    with capture_logs() as logs:
        stage.look(after_secs=1)
        stage.look(after_secs=1)
        assert stage.watch.lagging == {7}
        assert stage.metrics.oldest_event_secs._value.get() == 12
        stage.owner.lag.take(None)
        stage.look()
    assert [each["event"] for each in logs] == ["partition.lagging", "partition.kept-up"]
    assert stage.metrics.lagging._value.get() == 0


def test_a_partition_that_has_not_been_read_since_it_was_taken_is_behind() -> None:
    stage = Stage()
    stage.look(after_secs=11)
    assert stage.watch.lagging == {7}


def test_one_that_is_no_longer_held_is_not_behind() -> None:
    stage = Stage()
    stage.look(after_secs=11)
    stage.watch.look([])
    assert not stage.watch.lagging


def test_a_command_without_an_end_that_nobody_carries_out_is_noticed_and_told_once() -> None:
    stage = Stage()
    stage.owner.lag.take(None)
    stage.decide("lost")
    stage.decide("held")
    stage.owner.effects.ids.add("held")
    with capture_logs() as logs:
        stage.look()
        assert stage.forgotten == 0
        for _ in range(20):
            stage.look(after_secs=FORGOTTEN_SECS / 10)
        assert stage.forgotten == 1
    assert [(each["event"], each["command_id"]) for each in logs] == [("command.forgotten", "lost")]
    assert stage.metrics.oldest_command_secs._value.get() == 2 * FORGOTTEN_SECS


def test_a_command_whose_end_is_only_not_read_yet_is_not_forgotten() -> None:
    stage = Stage()
    stage.decide("done")
    stage.owner.lag.take(stage.clock.now_ms())
    for _ in range(5):
        stage.look(after_secs=FORGOTTEN_SECS)
    assert stage.forgotten == 0
    stage.owner.lag.take(None)
    stage.look()
    del stage.owner.ledger.pending["done"]
    stage.look(after_secs=FORGOTTEN_SECS)
    assert stage.forgotten == 0
