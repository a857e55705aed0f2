"""What people ask of a queue, and when it says no."""

from __future__ import annotations

import pytest

from ingress.intents.model import (
    CancelCallback,
    CloseQueue,
    DeleteQueue,
    KeepEntry,
    MoveCaller,
    OpenQueue,
    PrepareQueue,
    QueueIntent,
    RemoveEntry,
    SetPriority,
    Target,
)
from worker.commands import command as c
from worker.events import notices as n
from worker.policy.model import Goal, Queue, Voicemail
from worker.testing.centre import small_tenant
from worker.testing.line import OneQueue


def line_with(*callers: str) -> OneQueue:
    """Return a queue with these callers, in a tenant that has another queue and a voicemail."""
    tenant = small_tenant()
    fields = {name: getattr(tenant, name) for name in tenant.__struct_fields__}
    queues = {"support": Queue(closed=Goal(voicemail="box")), "other": Queue()}
    line = OneQueue(policy=type(tenant)(**fields | {"queues": queues, "voicemails": {"box": Voicemail()}}))
    for call in callers:
        line.come(call)
    return line


def test_a_caller_is_moved_and_the_offer_for_him_is_withdrawn() -> None:
    line = line_with("c1")
    line.free("ann")
    assert line.ask(MoveCaller("support", "c1", Target(queue="other"))) is None
    assert line.sent_on() == [("c1", n.GoOn("moved", Goal(queue="other")))]
    assert line.withdrawn() == [("ann", "moved")]
    assert line.ask(MoveCaller("support", "c1", Target(queue="other"))) == "no caller c1 waits in the queue support"
    assert len(line.sent_on()) == 1


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Target(), "exactly one"),
        (Target(queue="other", number="+15550100"), "exactly one"),
        (Target(queue="support"), "waits in the queue support already"),
        (Target(queue="nowhere"), "no queue nowhere"),
        (Target(voicemail="nowhere"), "no voicemail nowhere"),
        (Target(agent="nobody"), "no agent nobody"),
        (Target(agent="alice"), "alice is not logged in"),
    ],
)
def test_a_target_that_is_none_is_refused_and_changes_nothing(target: Target, reason: str) -> None:
    line = line_with("c1")
    before = line.state
    assert reason in (line.ask(MoveCaller("support", "c1", target)) or "")
    assert line.state == before


def test_a_caller_who_is_with_an_agent_is_not_moved() -> None:
    line = line_with("c1")
    line.free("ann")
    line.accept("ann")
    refusal = "the caller c1 is with the agent ann already"
    assert line.ask(MoveCaller("support", "c1", Target(queue="other"))) == refusal
    assert line.ask(SetPriority("support", "c1", 5)) == refusal


def test_a_caller_is_moved_to_one_agent_of_the_queue() -> None:
    line = line_with("c1")
    line.gone("alice", "busy")
    assert line.ask(MoveCaller("support", "c1", Target(agent="alice"))) is None
    line.free("ben")
    assert not line.offers()
    line.free("alice")
    assert line.offers() == [("c1", "alice")]


def test_a_priority_that_is_set_puts_a_caller_before_others() -> None:
    line = line_with("c1", "c2")
    assert line.ask(SetPriority("support", "c2", 10)) is None
    assert line.ask(SetPriority("support", "nobody", 10)) == "no caller nobody waits in the queue support"
    line.free("ann")
    assert line.offers() == [("c2", "ann")]


def test_a_closed_queue_takes_nobody_and_keeps_who_waits_until_it_is_opened() -> None:
    line = line_with("c1")
    assert line.ask(CloseQueue("support", "fire drill")) is None
    line.come("c2")
    assert line.sent_on() == [("c2", n.GoOn("closed", Goal(voicemail="box")))]
    line.free("ann")
    assert line.offers() == [("c1", "ann")]
    assert line.ask(OpenQueue("support")) is None
    line.come("c3")
    assert len(line.sent_on()) == 1


def test_a_queue_that_is_closed_again_without_a_reason_keeps_the_one_that_it_has() -> None:
    line = line_with("c1")
    line.ask(CloseQueue("support", "fire"))
    line.ask(CloseQueue("support", send_away=True))
    assert line.state.closed is not None
    assert line.state.closed.reason == "fire"
    line.ask(OpenQueue("support"))
    line.ask(CloseQueue("support"))
    assert line.state.closed is not None
    assert line.state.closed.reason == ""


def test_a_queue_that_is_closed_for_all_sends_away_who_waits_and_nobody_who_talks() -> None:
    line = line_with("c1", "c2", "c3")
    line.free("ann")
    line.connect("ann")
    line.free("ben")
    assert line.ask(CloseQueue("support", send_away=True)) is None
    assert [call for call, _ in line.sent_on()] == ["c2", "c3"]
    assert line.withdrawn() == [("ben", "moved")]


def without_policy() -> OneQueue:
    """Return a queue that the policy has no more."""
    tenant = small_tenant()
    return OneQueue(policy=type(tenant)(**{f: getattr(tenant, f) for f in tenant.__struct_fields__ if f != "queues"}))


@pytest.mark.parametrize("intent", [CloseQueue("support"), PrepareQueue("support"), KeepEntry("support", "c1")])
def test_what_is_asked_of_a_queue_that_is_not_in_the_policy_is_refused(intent: QueueIntent) -> None:
    line = without_policy()
    assert line.ask(intent) == "there is no queue support in the policy"
    assert line.sent == []


def test_to_close_a_queue_that_is_not_in_the_policy_closes_nothing() -> None:
    line = without_policy()
    assert line.ask(CloseQueue("support", "fire drill")) == "there is no queue support in the policy"
    assert line.state.closed is None


def test_what_a_queue_that_the_policy_has_no_more_has_left_at_telnyx_is_removed() -> None:
    line = without_policy()
    assert line.ask(RemoveEntry("support", "c1")) is None
    assert line.ask(DeleteQueue("support")) is None
    assert line.sent == [c.RemoveEntry("support", "c1"), c.DeleteQueue("support")]


def test_a_queue_is_prepared_in_the_size_that_callers_are_put_into_it_with() -> None:
    line = OneQueue(Queue(max_size=7))
    assert line.ask(PrepareQueue("support")) is None
    assert line.sent == [c.CreateQueue("support", Queue(max_size=7).size_at_telnyx)]


def test_a_queue_in_which_somebody_waits_is_not_deleted() -> None:
    line = line_with("c1", "c2")
    before = line.state
    assert line.ask(DeleteQueue("support")) == "2 wait in the queue support: move them, or close it with send_away"
    assert (line.state, line.sent) == (before, [])
    line.free("ann")
    line.connect("ann")
    line.go("c2")
    assert line.ask(DeleteQueue("support")) is None
    assert line.sent == [c.DeleteQueue("support")]


def test_the_entry_of_one_who_waits_is_kept_or_not_and_that_of_others_is_not_touched() -> None:
    line = line_with("c1", "c2")
    line.free("ann")
    line.accept("ann")
    assert line.ask(KeepEntry("support", "c1")) == "the caller c1 is with the agent ann already"
    assert line.ask(KeepEntry("support", "c9")) == "no caller c9 waits in the queue support"
    assert line.sent == []
    assert line.ask(KeepEntry("support", "c2")) is None
    assert line.ask(KeepEntry("support", "c2", on=False)) is None
    assert line.sent == [c.KeepEntry("support", "c2", True), c.KeepEntry("support", "c2", False)]


def test_the_entry_of_one_who_has_hung_up_is_removed_and_nobody_who_waits_loses_his() -> None:
    line = line_with("c1")
    refusal = "the caller c1 has not hung up: move him, or end the call"
    assert line.ask(RemoveEntry("support", "c1")) == refusal
    line.free("ann")
    line.connect("ann")
    assert line.ask(RemoveEntry("support", "c1")) == refusal
    line.go("c1")
    assert line.ask(RemoveEntry("support", "c1")) is None
    assert line.sent == [c.RemoveEntry("support", "c1")]


def test_no_place_is_given_up_that_is_not_kept() -> None:
    line = line_with("c1")
    assert line.ask(CancelCallback("support", "c1")) == "the queue support keeps no place for c1"
