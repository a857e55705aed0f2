"""What people ask of a queue, and when it says no."""

from __future__ import annotations

import pytest

from ingress.intents.model import CancelCallback, CloseQueue, MoveCaller, OpenQueue, SetPriority, Target
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


def test_a_queue_that_is_closed_for_all_sends_away_who_waits_and_nobody_who_talks() -> None:
    line = line_with("c1", "c2", "c3")
    line.free("ann")
    line.connect("ann")
    line.free("ben")
    assert line.ask(CloseQueue("support", send_away=True)) is None
    assert [call for call, _ in line.sent_on()] == ["c2", "c3"]
    assert line.withdrawn() == [("ben", "moved")]


def test_what_is_asked_of_a_queue_that_is_not_in_the_policy_is_refused() -> None:
    tenant = small_tenant()
    line = OneQueue(policy=type(tenant)(**{f: getattr(tenant, f) for f in tenant.__struct_fields__ if f != "queues"}))
    assert line.ask(CloseQueue("support")) == "there is no queue support in the policy"


def test_no_place_is_given_up_that_is_not_kept() -> None:
    line = line_with("c1")
    assert line.ask(CancelCallback("support", "c1")) == "the queue support keeps no place for c1"
