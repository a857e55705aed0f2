"""What is to be seen of queues, agents, conferences and calls."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from ingress.envelope import Address
from ingress.intents import model as i
from worker.aggregates.call.state import Call, Course, Joining, Owner, Visit
from worker.aggregates.queue import places
from worker.aggregates.queue.state import Caller, Queue
from worker.aggregates.queue.tally import Tally
from worker.commands import command as c
from worker.policy.model import Goal
from worker.testing.centre import Centre, small_tenant
from worker.views.call import place_of
from worker.views.model import (
    MOST_CALLERS,
    AgentView,
    AnyView,
    CallView,
    ConferenceView,
    QueueView,
    decode_view,
    encode_view,
)
from worker.views.queue import counts_of
from worker.views.views import view_of


@pytest.fixture
def centre() -> Centre:
    return Centre(small_tenant())


def seen(centre: Centre, kind: str, ident: str) -> AnyView:
    view = view_of(centre.states[centre.address(kind, ident)])  # type: ignore[arg-type]
    assert view is not None
    assert decode_view(encode_view(view)) == view
    return view


def queue_of(centre: Centre) -> QueueView:
    view = seen(centre, "queue", "support")
    assert isinstance(view, QueueView)
    return view


def agent_of(centre: Centre, name: str) -> AgentView:
    view = seen(centre, "agent", name)
    assert isinstance(view, AgentView)
    return view


def call_of(centre: Centre, name: str) -> CallView:
    view = seen(centre, "call", name)
    assert isinstance(view, CallView)
    return view


def test_a_queue_lists_who_waits_in_the_order_of_their_turn(centre: Centre) -> None:
    first_ms = centre.now_ms
    for call in ("c1", "c2", "c3"):
        centre.ring(call)
        centre.advance(1)
    centre.tell("queue", "support", i.Asked(i.SetPriority("support", "c3", 5), "test"))
    view = queue_of(centre)
    assert [(each.call, each.position, each.priority) for each in view.callers] == [
        ("c3", 1, 5), ("c1", 2, 0), ("c2", 3, 0),
    ]  # fmt: skip
    assert (view.waiting, view.callbacks, view.talking, view.longest_since_ms) == (3, 0, 0, first_ms)


def test_of_many_who_wait_only_the_first_are_listed_and_all_are_counted() -> None:
    queue = Queue(Address("default", "queue", "support"))
    for number in range(MOST_CALLERS + 5):
        queue = places.put(queue, Caller(f"c{number:03}", number + 1, number + 1, admitted=True))
    view = view_of(queue)
    assert isinstance(view, QueueView)
    assert (len(view.callers), view.waiting) == (MOST_CALLERS, MOST_CALLERS + 5)


def test_a_queue_knows_what_its_agents_are_doing(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.agent_up("bob")
    assert queue_of(centre).agents == {"available": 2}
    centre.ring("c1")
    assert queue_of(centre).agents == {"available": 1, "reserved": 1}
    centre.join("c1")
    assert queue_of(centre).agents == {"available": 1, "busy": 1}
    assert (queue_of(centre).waiting, queue_of(centre).talking) == (0, 1)
    busy = "alice" if centre.agent("alice").duty == "busy" else "bob"
    centre.hang_up("c1", f"room-{busy}")
    assert queue_of(centre).agents == {"available": 1, "wrapping-up": 1}
    centre.advance(5)
    assert queue_of(centre).agents == {"available": 2}


def test_the_service_level_names_nobody_where_there_is_nobody() -> None:
    assert counts_of(Tally()).service_level is None
    assert counts_of(Tally()).mean_wait_ms is None
    tally = Tally(offered=10, answered=6, answered_in_time=4, abandoned=3, abandoned_late=2, short_abandoned=1)
    assert counts_of(tally).service_level == pytest.approx(4 / 8)
    assert counts_of(replace(tally, wait_total_ms=12_000)).mean_wait_ms == 2_000


def test_a_queue_says_who_has_closed_it(centre: Centre) -> None:
    centre.ring("c1")
    centre.tell("queue", "support", i.Asked(i.CloseQueue("support", reason="fire drill"), "desk"))
    closed = queue_of(centre).closed
    assert closed is not None
    assert (closed.reason, closed.by) == ("fire drill", "desk")


def test_an_agent_shows_his_caller_and_what_he_will_be(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    offered = agent_of(centre, "alice")
    assert (offered.state, offered.caller and offered.caller.step) == ("reserved", "assigned")
    centre.join("c1")
    centre.tell("agent", "alice", i.Asked(i.SetAgentState("alice", "paused", "lunch"), "alice"))
    view = agent_of(centre, "alice")
    assert (view.state, view.pending, view.reason, view.conference, view.leg) == (
        "busy", "paused", "lunch", "room-alice", "leg-alice",
    )  # fmt: skip
    assert view.caller is not None
    assert (view.caller.call, view.caller.queue, view.caller.step) == ("c1", "support", "connected")
    centre.hang_up("c1", "room-alice")
    view = agent_of(centre, "alice")
    assert (view.state, view.since_ms, view.until_ms) == ("wrapping-up", centre.now_ms, centre.now_ms + 5_000)
    centre.advance(5)
    view = agent_of(centre, "alice")
    assert (view.state, view.pending, view.until_ms, view.caller) == ("paused", None, None, None)


def test_a_conference_shows_who_is_in_it_and_what_is_done_to_them(centre: Centre) -> None:
    centre.agent_up("alice")
    centre.ring("c1")
    centre.join("c1")
    centre.succeed(centre.last(c.RecordStart))
    centre.tell("agent", "alice", i.Asked(i.Hold("alice"), "alice"))
    view = seen(centre, "conference", "room-alice")
    assert isinstance(view, ConferenceView)
    assert [(each.role, each.leg) for each in view.participants] == [("agent", "leg-alice"), ("caller", "c1")]
    assert (view.agent, view.call, view.queue, view.held, view.muted, view.recording) == (
        "alice", "c1", "support", True, False, "on",
    )  # fmt: skip


def test_a_call_is_followed_from_ringing_to_its_end(centre: Centre) -> None:
    centre.ring("c1")
    view = call_of(centre, "c1")
    assert (view.place, view.queue, view.waiting_since_ms) == ("waiting", "support", centre.now_ms)
    centre.agent_up("alice")
    assert (call_of(centre, "c1").place, call_of(centre, "c1").conference) == ("connecting", "room-alice")
    centre.join("c1")
    assert call_of(centre, "c1").place in ("connecting", "conversation")
    leg = call_of(centre, "leg-alice")
    assert (leg.place, leg.owner) == ("up", "agent:alice")
    centre.hang_up("c1", "room-alice")
    assert view_of(centre.states[centre.address("call", "c1")]) is None


BASE = Call(Address("default", "call", "c"), initiated_ms=1, answered_ms=2)


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (replace(BASE, answered_ms=None), "ringing"),
        (replace(BASE, course=Course(Goal(menu="main"), 1)), "menu"),
        (replace(BASE, course=Course(Goal(voicemail="box"), 1)), "voicemail"),
        (replace(BASE, course=Course(Goal(login=True), 1)), "login"),
        (replace(BASE, course=Course(Goal(queue="support"), 1), sounding="1:say"), "hearing"),
        (replace(BASE, course=Course(Goal(queue="support"), 1), place="asked"), "entering"),
        (replace(BASE, course=Course(Goal(queue="support"), 1), place="waiting"), "waiting"),
        (replace(BASE, joining=Joining("o", "room", "asked"), place="waiting"), "connecting"),
        (replace(BASE, joining=Joining("o", "room", "in")), "conversation"),
        (replace(BASE, joining=Joining("o", "room", "failed"), place="waiting"), "waiting"),
        (replace(BASE, visit=Visit(transfer="asked")), "connecting"),
        (replace(BASE, visit=Visit(transfer="talking")), "outside"),
        (replace(BASE, owner=Owner("agent", "alice")), "up"),
        (BASE, "hearing"),
    ],
)
def test_each_place_of_a_call(call: Call, place: str) -> None:
    assert place_of(call) == place


def test_a_view_of_another_release_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_view(b'{"type":"fax","tenant":"default"}')
