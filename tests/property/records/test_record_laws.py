"""A record is the same whatever order its facts come in, however often, and however they are joined."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ingress.envelope import Address
from worker.aggregates import machine
from worker.decisions.decision import Act, Note, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Body, Event
from worker.policy.model import Policy, Queue
from worker.records.book import SETTLE_MS, Book
from worker.records.building import record_of
from worker.records.model import InteractionRecord
from worker.testing.centre import small_tenant

CALL, BACK = "c1", "c2"
QUEUE = Address("t", "queue", "support")
LEG = Address("t", "call", CALL)
ROOM = Address("t", "conference", "room")


def happenings() -> list[tuple[Address, Body, tuple[Act, ...], int]]:
    """Return what happens to a caller who is declined once, talks with bob then, and is handed to carol by him."""
    agent = Address("t", "agent", "alice")
    bob = Address("t", "agent", "bob")
    rang = w.CallInitiated(CALL, direction="incoming", from_="+1555", to="+1312")
    told = n.Told(LEG, n.CallerWaiting(CALL, "+1555", 1_010))
    return [
        (LEG, rang, (), 1_000),
        (LEG, w.CallAnswered(CALL), (Tell(QUEUE, n.CallerWaiting(CALL, "+1555", 1_010)),), 1_010),
        (QUEUE, told, (Tell(agent, n.OfferMade("o1", CALL, "support")),), 1_020),
        (
            QUEUE,
            n.Told(agent, n.OfferDeclined("o1", "alice", "rejected")),
            (Tell(bob, n.OfferMade("o2", CALL, "support")),),
            1_030,
        ),
        (QUEUE, n.Told(bob, n.OfferAccepted("o2", "bob", "room")), (), 1_040),
        (ROOM, w.ParticipantJoined("room", CALL), (Tell(QUEUE, n.Connected("o2", CALL, 1_050)),), 1_051),
        (ROOM, w.FloorChanged("room", CALL), (Tell(QUEUE, n.HandedOn("o2", CALL, "o3", "carol", "room")),), 1_500),
        (ROOM, w.ParticipantLeft("room", "bob"), (Tell(bob, n.CallerLeft("o2", CALL, 1_550)),), 1_551),
        (ROOM, w.ParticipantLeft("room", CALL), (Tell(QUEUE, n.CallerLeft("o3", CALL, 2_050)),), 2_051),
        (LEG, w.CallHangup(CALL, hangup_cause="normal_clearing", hangup_source="caller"), (), 2_052),
    ]


def record_in(order: list[int]) -> InteractionRecord:
    book, known = Book(), happenings()
    for number, which in enumerate(order):
        address, body, acts, at_ms = known[which]
        event = Event(f"{at_ms}-{number}", f"e{which}", address, at_ms, at_ms, body)
        state = machine.new(address)
        assert not list(book.take(state, state, event, acts))
    (record,) = book.settle(2_052 + SETTLE_MS)
    return record


@given(st.permutations(range(10)), st.lists(st.integers(0, 9)))
def test_order_and_repetition_make_no_difference(order: list[int], again: list[int]) -> None:
    assert record_in([*order, *again]) == record_in(list(range(10)))


def test_that_record_tells_what_happened() -> None:
    record = record_in(list(range(10)))
    assert [(offer.agent, offer.end, offer.reason) for offer in record.offers] == [
        ("alice", "declined", "rejected"),
        ("bob", "connected", ""),
    ]
    (stay,) = record.stays
    assert (stay.end, stay.waited_ms, stay.answered_by) == ("answered", 40, "bob")
    assert [(talk.agent, talk.talk_ms) for talk in record.conversations] == [("bob", 500), ("carol", 550)]
    assert (record.result, record.ended_by) == ("answered", "caller")


def test_who_was_counted_as_gone_before_it_was_told_that_he_met_his_agent_was_answered() -> None:
    book = Book()
    met, gone = happenings()[5], (Note("abandoned", CALL, "50"),)
    story = [*happenings()[:5], (QUEUE, n.Told(LEG, n.CallerGone(CALL, 1_060)), gone, 1_061), (*met[:3], 1_062)]
    for number, (address, body, acts, at_ms) in enumerate(story):
        event = Event(f"{at_ms}-{number}", f"e{number}", address, at_ms, at_ms, body)
        state = machine.new(address)
        list(book.take(state, state, event, acts))
    (record,) = book.open()
    assert [(stay.end, stay.waited_ms, stay.answered_by) for stay in record.stays] == [("answered", 40, "bob")]


def test_a_stay_bears_the_threshold_that_its_queue_had_when_it_began() -> None:
    def ruled(secs: float) -> Policy:
        tenant = small_tenant()
        return Policy({"t": replace(tenant, queues={"support": Queue(service_level_secs=secs)})})

    for early, late in ((10.0, 30.0), (30.0, 10.0)):
        book = Book()
        for number, (address, body, acts, at_ms) in enumerate(happenings()):
            event = Event(f"{at_ms}-{number}", f"e{number}", address, at_ms, at_ms, body)
            state = machine.new(address)
            list(book.take(state, state, event, acts, ruled(early if at_ms <= 1_010 else late)))
        (record,) = book.settle(2_052 + SETTLE_MS)
        assert [stay.threshold_ms for stay in record.stays] == [early * 1_000]


def test_a_leg_that_we_dialled_has_no_record() -> None:
    book = Book()
    address = Address("t", "call", "ours")
    event = Event("1-0", "e", address, 1, 1, w.CallHangup("ours", hangup_cause="normal_clearing"))
    assert not list(book.take(machine.new(address), machine.new(address), event, ()))
    assert not list(book.settle(10 * SETTLE_MS))
    assert record_of("t", (), 1) is None


def test_what_comes_late_makes_another_revision_of_the_same_record() -> None:
    book, known = Book(), happenings()
    for number, (address, body, acts, at_ms) in enumerate(known):
        event = Event(f"{at_ms}-{number}", f"e{number}", address, at_ms, at_ms, body)
        list(book.take(machine.new(address), machine.new(address), event, acts))
    (first,) = book.settle(2_052 + SETTLE_MS)
    again = Book(book.dossiers.values(), book.standings.values())
    late = Event("99000-0", "late", QUEUE, 99_000, 99_000, n.Told(LEG, n.OfferDeclined("o1", "alice", "no-answer")))
    list(again.take(machine.new(QUEUE), machine.new(QUEUE), late, ()))
    (second,) = again.settle(99_000 + SETTLE_MS)
    assert (first.revision, second.revision) == (1, 2)
    assert first.id == second.id
