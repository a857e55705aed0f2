"""What is not documented is counted each time, and said once."""

from __future__ import annotations

from structlog.testing import capture_logs

from ingress.envelope import Address
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.events.timers import TimerFired
from worker.runtime.metrics import Metrics
from worker.runtime.undocumented import MAX_SAID, Undocumented

CALL = Address("default", "call", "c1")


def event(body: Body) -> Event:
    return Event("1-0", "e", CALL, 0, 0, body)


def counted(metrics: Metrics) -> dict[str, float]:
    return {
        sample.labels["what"]: sample.value
        for metric in metrics.undocumented.collect()
        for sample in metric.samples
        if sample.name == "switchhook_worker_undocumented_total"
    }


def test_each_is_counted_and_the_first_is_said() -> None:
    metrics = Metrics()
    undocumented = Undocumented(metrics)
    bodies: list[Body] = [
        w.CallHangup("c1", hangup_cause="weird"),
        w.CallHangup("c1", hangup_cause="weird"),
        w.CallHangup("c1", hangup_cause="stranger"),
        w.Other("call.analyzed"),
        w.Unread("call.cost", "no id"),
    ]
    with capture_logs() as said:
        for body in bodies:
            undocumented.note(event(body))
    assert counted(metrics) == {"call.hangup hangup_cause": 3, "event_type": 1, "call.cost payload": 1}
    assert [(line["what"], line["why"]) for line in said] == [
        ("call.hangup hangup_cause", 'hangup_cause "weird" is not documented'),
        ("call.hangup hangup_cause", 'hangup_cause "stranger" is not documented'),
        ("event_type", "event type call.analyzed is not known"),
        ("call.cost payload", "not as documented: no id"),
    ]
    assert {line["address"] for line in said} == {"default/call:c1"}


def test_what_is_as_documented_is_passed_over() -> None:
    metrics = Metrics()
    undocumented = Undocumented(metrics)
    with capture_logs() as said:
        for body in (w.CallHangup("c1", hangup_cause="timeout"), w.SpeakStarted("c1"), TimerFired("answered", 1)):
            undocumented.note(event(body))
    assert (counted(metrics), said) == ({}, [])


def test_no_more_is_said_than_can_be_remembered() -> None:
    metrics = Metrics()
    undocumented = Undocumented(metrics)
    with capture_logs() as said:
        for number in range(MAX_SAID + 10):
            undocumented.note(event(w.Other(f"new.{number}")))
    assert len(said) == MAX_SAID
    assert counted(metrics) == {"event_type": MAX_SAID + 10}
