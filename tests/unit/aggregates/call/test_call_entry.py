"""A number's entry point: who is let in, when it is open, where callers go."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import CallerRule, Goal, Hours, Number, Queue, Sound, Tenant
from worker.testing.centre import NUMBER, small_tenant
from worker.testing.leg import CALLER, OneLeg


def tenant(number: Number, **more: object) -> Tenant:
    queues = {"support": Queue(), "vip": Queue()}
    return replace(small_tenant(), numbers={NUMBER: number}, queues=queues, **more)


def queue_of(leg: OneLeg) -> str:
    (enqueued,) = leg.open(c.Enqueue)
    assert isinstance(enqueued, c.Enqueue)
    return enqueued.queue


@pytest.mark.parametrize(
    ("callers", "number", "fits"),
    [
        ((CALLER,), CALLER, True),
        (("+1555*",), CALLER, True),
        (("+1556*", "+1555*"), CALLER, True),
        (("+1556*",), CALLER, False),
        (("*",), CALLER, True),
        (("*",), "anonymous", False),
        (("anonymous",), "anonymous", True),
        (("anonymous",), "+anonymous", True),
        (("anonymous",), "sip:anonymous@anonymous.invalid", True),
        (("anonymous",), None, True),
        (("anonymous",), CALLER, False),
        ((), CALLER, False),
        (("sip:bob@example.com",), "sip:bob@example.com", True),
    ],
)
def test_a_rule_is_about_the_callers_that_it_names(callers: tuple[str, ...], number: str | None, fits: bool) -> None:
    leg = OneLeg(tenant(Number("support", rules=(CallerRule("vip", callers=callers),))))
    leg.answer(NUMBER, number=number)
    assert queue_of(leg) == ("vip" if fits else "support")


def test_the_first_rule_that_fits_is_taken() -> None:
    rules = (CallerRule("vip", callers=("+1555*",)), CallerRule(callers=(CALLER,), block=True))
    leg = OneLeg(tenant(Number("support", rules=rules)))
    leg.answer(NUMBER)
    assert queue_of(leg) == "vip"


def test_a_blocked_caller_is_refused_unanswered() -> None:
    leg = OneLeg(tenant(Number("support", rules=(CallerRule(callers=(CALLER,), block=True),))))
    leg.ring(NUMBER)
    assert leg.sent == [c.Reject("c1")]
    leg.carry_out()
    leg.hang_up()
    leg.advance(60)
    assert leg.sent == [c.Reject("c1")]


def test_a_refusal_that_has_no_effect_is_repeated() -> None:
    leg = OneLeg(tenant(Number("support", rules=(CallerRule(callers=(CALLER,), block=True),))))
    leg.ring(NUMBER)
    leg.carry_out()
    leg.advance(10)
    assert leg.open(c.ReadCall)


def test_a_rule_without_a_way_of_its_own_adds_its_priority_to_the_numbers() -> None:
    number = Number("support", priority=10, rules=(CallerRule(callers=(CALLER,), priority=100),))
    leg = OneLeg(tenant(number))
    leg.answer(NUMBER)
    leg.carry_out()
    (waiting,) = leg.notices(n.CallerWaiting)
    assert isinstance(waiting, n.CallerWaiting)
    assert waiting.priority == 110
    assert waiting.number == CALLER


def test_priorities_that_add_up_to_more_than_a_goal_can_have_are_held_at_that() -> None:
    number = Number("support", priority=900, rules=(CallerRule(callers=(CALLER,), priority=900),))
    leg = OneLeg(tenant(number))
    leg.answer(NUMBER)
    leg.carry_out()
    assert leg.state.priority == 999


def at(leg: OneLeg, zone: str, when: str) -> None:
    leg.now_ms = round(datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


WEEK = Hours(
    zone="Europe/Berlin",
    week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:30",)),
    holidays={"12-25": (), "2026-12-24": ("09:00-12:00",)},
)


@pytest.mark.parametrize(
    ("when", "opened"),
    [
        ("2026-03-27T09:00", True),
        ("2026-03-27T08:59", False),
        ("2026-03-30T09:00", True),  # The Monday after the clocks went forward.
        ("2026-03-30T17:29", True),
        ("2026-03-30T17:30", False),
        ("2026-10-26T09:00", True),  # The Monday after they went back.
        ("2026-10-26T08:59", False),
        ("2026-12-24T11:59", True),
        ("2026-12-24T12:00", False),
        ("2026-12-25T10:00", False),
        ("2027-12-24T15:00", True),
        ("2026-03-28T10:00", False),
    ],
)
def test_opening_hours_are_those_of_the_clock_on_the_wall(when: str, opened: bool) -> None:
    number = Number("support", hours="week", greeting="Welcome.")
    leg = OneLeg(tenant(number, hours={"week": WEEK}))
    at(leg, "Europe/Berlin", when)
    leg.answer(NUMBER)
    leg.heard()
    if opened:
        assert queue_of(leg) == "support"
    else:
        assert leg.said() == ["Welcome.", "We are closed now. Please call again during our opening hours."]
        leg.heard()
        assert leg.open(c.Hangup)


def test_closed_is_where_the_hour_of_ringing_leads_however_long_the_greeting_is() -> None:
    number = Number("support", hours="week", greeting="Welcome.", closed=Goal(queue="vip"))
    leg = OneLeg(tenant(number, hours={"week": WEEK}))
    at(leg, "Europe/Berlin", "2026-03-27T17:29")
    leg.answer(NUMBER)
    leg.now_ms += 120_000
    leg.heard()
    assert queue_of(leg) == "support"


def test_closed_is_closed_for_those_with_a_rule_too_but_for_the_blocked_who_are_refused() -> None:
    rules = (CallerRule("vip", callers=(CALLER,)), CallerRule(callers=("+1999*",), block=True))
    number = Number("support", hours="week", rules=rules)
    policy = tenant(number, hours={"week": WEEK})
    vip, blocked = OneLeg(policy), OneLeg(policy)
    for leg, shows in ((vip, CALLER), (blocked, "+19995550100")):
        at(leg, "Europe/Berlin", "2026-03-28T10:00")
        leg.ring(NUMBER, number=shows)
    assert vip.sent == [c.Answer("c1")]
    assert blocked.sent == [c.Reject("c1")]


def test_a_number_that_is_not_in_the_policy_is_hung_up() -> None:
    leg = OneLeg(tenant(Number("support")))
    leg.ring("+19998887777")
    assert leg.sent == [c.Hangup("c1")]


def test_a_number_without_a_way_is_greeted_and_ended() -> None:
    leg = OneLeg(tenant(Number(greeting="Hello.", say="Bye.")))
    leg.answer(NUMBER)
    leg.heard()
    leg.heard()
    assert leg.said() == ["Hello.", "Bye."]
    assert leg.open(c.Hangup)


def test_a_greeting_can_be_audio() -> None:
    leg = OneLeg(tenant(Number("support", greeting=Sound(media="hi"))))
    leg.answer(NUMBER)
    (played,) = leg.open(c.Play)
    assert isinstance(played, c.Play)
    assert (played.media, played.endless) == ("hi", False)
    leg.heard()
    assert queue_of(leg) == "support"


def test_a_greeting_of_which_nothing_is_heard_again_ends_by_its_deadline() -> None:
    leg = OneLeg(tenant(Number("support", greeting="Welcome.")))
    leg.answer(NUMBER)
    leg.carry_out()
    leg.advance(10)
    assert queue_of(leg) == "support"


def test_an_answer_of_which_nothing_is_heard_is_looked_for() -> None:
    leg = OneLeg(tenant(Number("support")))
    leg.ring(NUMBER)
    leg.carry_out()
    leg.advance(5)
    assert leg.open(c.ReadCall)


def test_a_late_answer_webhook_changes_nothing() -> None:
    leg = OneLeg(tenant(Number("support")))
    leg.answer(NUMBER)
    assert leg.tell(w.CallAnswered("c1")) == ()
