"""Who may enter, how long callers stay, and where they go then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Goal, Hours, Key, Queue
from worker.testing.centre import small_tenant
from worker.testing.line import OneQueue, replace_rules

ELSEWHERE = Goal(queue="overflow")


def test_a_full_queue_sends_on_who_comes() -> None:
    line = OneQueue(Queue(max_size=2, full=ELSEWHERE))
    for call in ("c1", "c2", "c3"):
        line.come(call)
    assert line.sent_on() == [("c3", n.GoOn("full", ELSEWHERE))]
    assert line.state.tally.refused == 1
    assert line.state.tally.offered == 3


def test_who_talks_takes_no_place_in_a_full_queue() -> None:
    line = OneQueue(Queue(max_size=1))
    line.free("ann")
    line.come("c1")
    line.connect("ann")
    line.come("c2")
    assert not line.sent_on()


def test_nobody_enters_an_unstaffed_queue_that_does_not_want_it() -> None:
    line = OneQueue(Queue(join_unstaffed=False, unstaffed=ELSEWHERE))
    line.come("c1")
    assert line.sent_on() == [("c1", n.GoOn("unstaffed", ELSEWHERE))]
    line.gone("ann", "busy")
    line.come("c2")
    assert len(line.sent_on()) == 1


def test_outside_its_hours_a_queue_takes_nobody_and_keeps_who_is_there() -> None:
    tenant = replace_rules(small_tenant(), Queue(hours="day", closed=ELSEWHERE, max_wait_secs=14_400))
    hours = Hours("UTC", {"fri": ("00:00-24:00",)})
    line = OneQueue(
        policy=type(tenant)(
            **{f: getattr(tenant, f) for f in tenant.__struct_fields__ if f != "hours"}, hours={"day": hours}
        )
    )
    line.now_ms = int(datetime(2027, 1, 15, 23, 59, tzinfo=UTC).timestamp() * 1000)
    line.come("c1")
    line.advance(60)
    line.come("c2")
    assert line.sent_on() == [("c2", n.GoOn("closed", ELSEWHERE))]
    line.free("ann")
    assert line.offers() == [("c1", "ann")]


def test_the_maximum_wait_sends_a_caller_on() -> None:
    line = OneQueue(Queue(max_wait_secs=60, waited=ELSEWHERE))
    line.come("c1")
    line.advance(59)
    assert not line.sent_on()
    line.advance(1)
    assert line.sent_on() == [("c1", n.GoOn("max-wait", ELSEWHERE))]
    assert line.state.tally.overflowed == 1
    line.go("c1", moved=True)
    assert line.state.tally.ended == line.state.tally.offered == 1


def test_whoever_has_lost_his_agent_waits_first_and_anew() -> None:
    line = OneQueue(Queue(max_wait_secs=60))
    line.free("ann")
    line.come("c1")
    line.connect("ann")
    line.advance(100)
    line.come("c2", priority=5)
    line.gone("ann", offer=line.open("ann"))
    line.advance(59)
    line.free("ben")
    assert line.offers()[-1] == ("c1", "ben")
    line.decline("ben")
    line.advance(1)
    assert [call for call, _ in line.sent_on()] == ["c2", "c1"]


def test_the_maximum_wait_counts_in_this_queue_and_not_the_age() -> None:
    line = OneQueue(Queue(max_wait_secs=60))
    line.come("c1", since=500)
    line.advance(59)
    assert not line.sent_on()


def test_who_is_being_offered_at_the_end_of_his_wait_goes_when_nobody_takes_him() -> None:
    line = OneQueue(Queue(max_wait_secs=60, offer_secs=10))
    line.come("c1")
    line.advance(55)
    line.free("ann")
    line.advance(6)
    assert not line.sent_on()
    line.advance(4)
    assert line.sent_on() == [("c1", n.GoOn("max-wait", None))]


def test_without_anybody_logged_in_the_wait_is_shorter_from_then_on() -> None:
    line = OneQueue(Queue(max_wait_secs=600, max_wait_unstaffed_secs=60, waited=ELSEWHERE))
    line.gone("ann", "busy")
    line.come("c1")
    line.advance(100)
    line.gone("ann")
    line.advance(59)
    assert not line.sent_on()
    line.advance(1)
    assert line.sent_on() == [("c1", n.GoOn("max-wait", ELSEWHERE))]


def test_whoever_logs_in_meanwhile_stops_the_shorter_wait() -> None:
    line = OneQueue(Queue(max_wait_secs=600, max_wait_unstaffed_secs=60))
    line.come("c1")
    line.advance(30)
    line.gone("ann", "busy")
    line.advance(60)
    assert not line.sent_on()


def test_when_the_last_agent_logs_out_those_who_wait_leave_if_the_queue_wants_it() -> None:
    line = OneQueue(Queue(leave_when_unstaffed=True, unstaffed=ELSEWHERE))
    line.free("ann")
    line.free("ben")
    line.come("c1")
    line.connect("ann")
    line.come("c2")
    line.come("c3")
    line.gone("ben")
    assert not line.sent_on()
    line.gone("ann", "offline")
    assert [call for call, _ in line.sent_on()] == ["c2", "c3"]


def test_who_is_being_dialled_again_is_not_logged_out() -> None:
    line = OneQueue(Queue(leave_when_unstaffed=True, join_unstaffed=False, unstaffed=ELSEWHERE))
    line.free("ann")
    line.gone("ann", "paused")
    line.come("c1")
    line.gone("ann", "unreached")
    line.come("c2")
    assert (line.sent_on(), line.state.staffed, line.state.working) == ([], True, 0)
    line.gone("ann", "offline")
    assert [call for call, _ in line.sent_on()] == ["c1", "c2"]


def test_an_agent_who_was_never_logged_in_empties_nothing() -> None:
    line = OneQueue(Queue(leave_when_unstaffed=True))
    line.come("c1")
    line.gone("ann")
    assert not line.sent_on()


def test_a_key_leads_where_the_policy_says_and_the_agent_who_rings_is_let_go() -> None:
    line = OneQueue(Queue(keys={"9": Key(voicemail="box", say="One moment.")}))
    line.free("ann")
    line.come("c1")
    line.press("c1", "1")
    assert not line.sent_on()
    line.press("c1", "9")
    line.press("c1", "9")
    assert line.sent_on() == [("c1", n.GoOn("key", Goal(voicemail="box", say="One moment.")))]
    assert line.withdrawn() == [("ann", "moved")]
    assert line.state.tally.moved == 1


def test_a_key_changes_nothing_for_who_is_with_an_agent() -> None:
    line = OneQueue(Queue(keys={"9": Key(voicemail="box")}))
    line.free("ann")
    line.come("c1")
    line.accept("ann")
    line.press("c1", "9")
    assert not line.sent_on()


@pytest.mark.parametrize(("secs", "field"), [(4.9, "short_abandoned"), (5.1, "abandoned")])
def test_a_short_abandon_is_counted_apart(secs: float, field: str) -> None:
    line = OneQueue(Queue(short_abandon_secs=5))
    line.come("c1")
    line.advance(secs)
    line.go("c1")
    assert getattr(line.state.tally, field) == 1
    assert line.state.tally.ended == 1


def test_whoever_hung_up_and_rings_again_in_time_gets_his_place_back() -> None:
    line = OneQueue(Queue(resume_secs=60))
    line.come("c1", number="+4311")
    line.advance(10)
    line.come("c2", number="+4322")
    line.go("c1")
    line.advance(30)
    line.come("c3", number="+4311")
    line.free("ann")
    assert line.offers() == [("c3", "ann")]
    assert line.state.tally.resumed == 1


@pytest.mark.parametrize(("secs", "number"), [(61, "+4311"), (30, "anonymous")])
def test_nobody_gets_his_place_back_too_late_or_without_a_number(secs: float, number: str) -> None:
    line = OneQueue(Queue(resume_secs=60))
    line.come("c1", number=number)
    line.advance(10)
    line.come("c2", number="+4322")
    line.go("c1")
    line.advance(secs)
    line.come("c3", number=number)
    line.free("ann")
    assert line.offers() == [("c2", "ann")]


def test_a_caller_for_one_agent_is_offered_to_him_alone() -> None:
    line = OneQueue(Queue(personal_secs=60))
    line.gone("ann", "busy")
    line.free("ben")
    line.come("c1", agent="ann")
    line.come("c2")
    assert line.offers() == [("c2", "ben")]
    line.free("ann")
    assert line.offers()[1:] == [("c1", "ann")]


def test_a_caller_for_one_agent_is_everybodys_after_a_while_or_when_that_one_logs_out() -> None:
    for leave in (False, True):
        line = OneQueue(Queue(personal_secs=60, max_wait_secs=600, offer_secs=600))
        line.gone("ann", "busy")
        line.free("ben")
        line.come("c1", agent="ann")
        line.advance(59)
        assert not line.offers()
        if leave:
            line.gone("ann")
        else:
            line.advance(1)
        assert line.offers() == [("c1", "ben")]


def test_a_caller_for_an_agent_who_is_not_there_is_everybodys_at_once() -> None:
    line = OneQueue(Queue())
    line.free("ben")
    line.come("c1", agent="ann")
    assert line.offers() == [("c1", "ben")]


def test_whoever_went_on_may_come_back_and_whoever_ended_may_not() -> None:
    line = OneQueue(Queue())
    line.come("c1")
    line.go("c1", moved=True)
    line.come("c1")
    assert "c1" in line.state.callers
    line.go("c1")
    line.come("c1")
    assert not line.state.callers


def test_telnyxs_word_that_somebody_was_put_into_the_queue_is_not_enough_to_offer_him() -> None:
    line = OneQueue(Queue())
    line.free("ann")
    line.tell(w.CallEnqueued("c1", "support"))
    assert not line.offers()
    line.come("c1")
    assert line.offers() == [("c1", "ann")]


def test_a_queue_that_the_policy_has_no_more_sends_its_callers_away() -> None:
    line = OneQueue(Queue())
    line.come("c1")
    line.free("ann")
    line.accept("ann")
    line.come("c2")
    tenant = line.policy
    line.policy = type(tenant)(**{f: getattr(tenant, f) for f in tenant.__struct_fields__ if f != "queues"})
    line.free("ben")
    assert line.sent_on() == [("c2", n.GoOn("closed", None))]
    assert len(line.offers()) == 1


def test_a_caller_who_leaves_takes_his_timers_along() -> None:
    line = OneQueue(Queue(max_wait_unstaffed_secs=60, tier_secs=10))
    line.come("c1")
    line.go("c1")
    assert not line.timers


@pytest.mark.parametrize("secs", [1, 30])
def test_a_caller_of_whose_end_is_heard_before_he_came_is_counted_once_and_offered_to_nobody(secs: float) -> None:
    line = OneQueue(Queue(short_abandon_secs=5))
    came = n.CallerWaiting("c1", "+15550100", line.now_ms)
    line.now_ms += round(secs * 1000)
    line.tell(w.CallDequeued("c1", "support", reason="hangup"))
    line.free("ann")
    for _ in range(2):
        line.hear(came)
        line.hear(n.CallerGone("c1", line.now_ms))
    tally = line.state.tally
    assert (tally.offered, tally.short_abandoned, tally.abandoned) == (1, secs < 5, secs > 5)
    assert not line.offers()
    assert not line.state.callers
