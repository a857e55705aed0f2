"""What a queue does together with calls, agents and conferences: callers called back, sent on, announced to, shared."""

from __future__ import annotations

from msgspec.structs import replace

from worker.commands import command as c
from worker.commands.client_state import encode_client_state
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Agent, Announcements, Callback, Goal, Key, Queue
from worker.testing.centre import Centre, small_tenant


def centre_with(**queues: Queue) -> Centre:
    """Return a centre with these queues; alice serves them all, bob only `support`."""
    tenant = small_tenant()
    agents = {
        "alice": replace(tenant.agents["alice"], queues=tuple(queues)),
        "bob": tenant.agents["bob"],
    }
    return Centre(replace(tenant, queues=queues, agents=agents))


def joins(centre: Centre) -> list[tuple[str, str]]:
    """Return (caller, conference) of every join that was ever commanded."""
    return [(s.command.call, s.command.conference) for s in centre.sent if isinstance(s.command, c.JoinConference)]


def press(centre: Centre, call: str, digit: str) -> None:
    """A caller presses a key."""
    centre.now_ms += 1
    centre.tell("call", call, w.DtmfReceived(call, digit=digit))


def say_all(centre: Centre) -> None:
    """Telnyx says to its end whatever is to be said."""
    for sent in centre.open(c.Speak):
        command = sent.command
        assert isinstance(command, c.Speak)
        centre.succeed(sent)
        mark = encode_client_state(command.client_state)
        centre.tell("call", command.call, w.SpeakEnded(command.call, client_state=mark))


def succeed_all(centre: Centre, *kinds: type[c.AnyCommand]) -> None:
    """Telnyx accepts all open commands of these kinds."""
    for sent in centre.open(*kinds):
        centre.succeed(sent)


def test_a_caller_is_called_back_and_connected_with_the_agent_who_was_reserved_for_him() -> None:
    callback = Callback(first="agent", confirm="Goodbye.")
    centre = centre_with(support=Queue(keys={"5": Key(callback=True)}, callback=callback))
    centre.ring("c1")
    press(centre, "c1", "5")
    succeed_all(centre, c.LeaveQueue)
    say_all(centre)
    succeed_all(centre, c.Hangup)
    centre.hang_up("c1")
    centre.advance(20)
    assert centre.queue().tally.ended == 0
    centre.agent_up("alice")
    sent = centre.last(c.Dial)
    assert isinstance(sent.command, c.Dial)
    assert (sent.command.to, centre.agent("alice").duty) == ("+15550100", "reserved")
    mark = encode_client_state(sent.command.client_state)
    centre.succeed(sent, call="back")
    centre.tell("call", "back", w.CallInitiated("back", client_state=mark, direction="outgoing", state="bridging"))
    centre.tell("call", "back", w.CallAnswered("back", client_state=mark))
    assert joins(centre) == [("back", "room-alice")]
    centre.join("back")
    assert centre.agent("alice").duty == "busy"
    assert centre.queue().tally.called_back == 1
    centre.tell("call", "back", w.CallHangup("back", client_state=mark, hangup_cause="normal_clearing"))
    assert centre.agent("alice").duty == "wrapping-up"
    assert not centre.queue().callers
    assert centre.queue().tally.ended == 1


def test_somebody_called_back_first_hears_music_until_an_agent_is_free_and_is_sent_on_if_none_is() -> None:
    callback = Callback(first="caller", confirm="Goodbye.")
    centre = centre_with(
        support=Queue(keys={"5": Key(callback=True)}, callback=callback, max_wait_secs=60, apology="Sorry.")
    )
    centre.ring("c1")
    press(centre, "c1", "5")
    succeed_all(centre, c.LeaveQueue)
    say_all(centre)
    centre.hang_up("c1")
    centre.agent_up("alice")
    centre.advance(15)
    sent = centre.last(c.Dial)
    assert isinstance(sent.command, c.Dial)
    mark = encode_client_state(sent.command.client_state)
    centre.tell("call", "leg-alice", w.CallHangup("leg-alice"))
    centre.succeed(sent, call="back")
    centre.tell("call", "back", w.CallInitiated("back", client_state=mark, direction="outgoing", state="bridging"))
    centre.tell("call", "back", w.CallAnswered("back", client_state=mark))
    assert not joins(centre)
    centre.advance(60)
    say_all(centre)
    assert c.Hangup("back") in [s.command for s in centre.open(c.Hangup)]
    succeed_all(centre, c.Hangup)
    centre.tell("call", "back", w.CallHangup("back", client_state=mark))
    assert not centre.queue().callers
    assert centre.queue().tally.ended == centre.queue().tally.offered


def test_who_waited_too_long_goes_to_the_next_queue_and_keeps_his_age() -> None:
    centre = centre_with(support=Queue(max_wait_secs=60, waited=Goal(queue="overflow"), priority=3), overflow=Queue())
    centre.ring("c1")
    arrived_ms = centre.queue().callers["c1"].since_ms
    centre.advance(60)
    succeed_all(centre, c.LeaveQueue)
    succeed_all(centre, c.Enqueue)
    assert not centre.queue().callers
    assert centre.queue().tally.overflowed == 1
    there = centre.queue("overflow").callers["c1"]
    assert (there.since_ms, there.priority) == (arrived_ms, 3)
    centre.agent_up("alice")
    assert joins(centre) == [("c1", "room-alice")]
    centre.join("c1")
    centre.hang_up("c1", "room-alice")
    assert not centre.queue("overflow").callers


def test_an_announcement_is_said_and_the_next_one_when_that_is_over() -> None:
    centre = centre_with(support=Queue(announcements=Announcements(20, 10, "You are {position}."), max_wait_secs=600))
    centre.ring("c1")
    centre.advance(10)
    say_all(centre)
    centre.advance(20)
    said = [s.command.text for s in centre.sent if isinstance(s.command, c.Speak)]
    assert said == ["Welcome.", "You are 1.", "You are 1."]
    centre.agent_up("alice")
    assert joins(centre) == [("c1", "room-alice")]


def test_an_agent_of_two_queues_has_one_caller_and_is_offered_the_other_ones_afterwards() -> None:
    centre = centre_with(support=Queue(), other=Queue())
    centre.ring("c1")
    centre.tell(
        "queue", "other", n.Told(centre.address("call", "x1"), n.CallerWaiting("x1", "+15550101", centre.now_ms))
    )
    centre.agent_up("alice")
    offered = [(to.id, told.notice.queue) for to, told in centre.notices if isinstance(told.notice, n.OfferMade)]
    assert sorted(queue for _, queue in offered) == ["other", "support"]
    with_alice = [name for name in ("support", "other") for x in centre.queue(name).callers.values() if x.held]
    assert len(with_alice) == 1


def test_ring_all_lets_the_first_of_two_agents_on_demand_have_the_caller() -> None:
    tenant = small_tenant()
    agent = Agent("sip:a@sip.telnyx.com", ("support",), reach="on-demand")
    other = Agent("sip:b@sip.telnyx.com", ("support",), reach="on-demand")
    rules = Queue(strategy="ring-all", offer_secs=30)
    centre = Centre(replace(tenant, queues={"support": rules}, agents={"alice": agent, "bob": other}))
    centre.sign_in("alice")
    centre.sign_in("bob")
    centre.ring("c1")
    dials = {sent.address.id: sent for sent in centre.open(c.Dial)}
    assert set(dials) == {"alice", "bob"}
    for name, sent in dials.items():
        assert isinstance(sent.command, c.Dial)
        mark = encode_client_state(sent.command.client_state)
        centre.succeed(sent, call=f"leg-{name}")
        centre.tell(
            "call", f"leg-{name}",
            w.CallInitiated(f"leg-{name}", client_state=mark, direction="outgoing", state="bridging"),
        )  # fmt: skip
    command = dials["bob"].command
    assert isinstance(command, c.Dial)
    mark = encode_client_state(command.client_state)
    centre.tell("call", "leg-bob", w.CallAnswered("leg-bob", client_state=mark))
    centre.succeed(centre.last(c.CreateConference), conference="room-bob")
    assert joins(centre) == [("c1", "room-bob")]
    assert [s.command for s in centre.open(c.Hangup)] == [c.Hangup("leg-alice")]
