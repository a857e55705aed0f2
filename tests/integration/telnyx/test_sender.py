"""A command is carried out once where that can be known, and its end is always said."""

from __future__ import annotations

import pytest

from worker.commands import command as c
from worker.commands.client_state import ClientState, decode_client_state
from worker.events.outcomes import (
    CallSeen,
    Observed,
    Outcome,
    ParticipantsSeen,
    Queued,
    QueueSeen,
    Refused,
    Seen,
    StatusSeen,
    Succeeded,
    Unknown,
)
from worker.telnyx.calls.queueing import EnqueueBody
from worker.telnyx.client import TelnyxClient
from worker.telnyx.conferences.bodies import CreateBody
from worker.telnyx.sender import Sender
from worker.testing.emulator.faults import Fault
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.server import Emulator

CONNECTION = "1494404757140276705"
DIAL = c.Dial("sip:a@sip.telnyx.com", "+13125550100", CONNECTION, 30, ClientState(owner="agent:a"))


@pytest.fixture
def sender(client: TelnyxClient) -> Sender:
    return Sender(client, try_secs=3)


async def result(
    sender: Sender, command: c.AnyCommand, *, key: str = "k1", age: float = 0.0
) -> Succeeded | Refused | Unknown:
    ended = await sender.send(command, key, epoch=7, first_tried_secs_ago=age)
    assert isinstance(ended, Outcome)
    assert ended.command == command
    return ended.result


def ring(emulator: Emulator, *, answered: bool = True) -> Leg:
    leg = emulator.actors.ring("+1555", "+13125550131", patience_secs=60, talk_secs=60)
    if answered:
        emulator.world.answer(leg)
    return leg


def sent(emulator: Emulator, operation: str) -> int:
    return sum(count for (name, _), count in emulator.api.requests.items() if name == operation)


async def test_the_epoch_rides_in_the_client_state(emulator: Emulator, sender: Sender) -> None:
    dialled = await result(sender, DIAL)
    assert isinstance(dialled, Succeeded)
    leg = emulator.world.legs[dialled.call or ""]
    assert decode_client_state(leg.client_state) == ClientState(owner="agent:a", epoch=7)


async def test_a_dial_whose_answer_was_lost_is_sent_again_and_dials_once(emulator: Emulator, sender: Sender) -> None:
    emulator.api.faults.add(Fault("calls dial", "reset-after"))
    dialled = await result(sender, DIAL)
    assert isinstance(dialled, Succeeded)
    assert len(emulator.world.legs) == 1


@pytest.mark.parametrize(("status", "code"), [(500, "10007"), (503, "10007"), (429, "10011")])
async def test_what_passes_is_tried_again(emulator: Emulator, sender: Sender, status: int, code: str) -> None:
    leg = ring(emulator, answered=False)
    emulator.api.faults.add(Fault("calls answer", "refuse", times=2, status=status, code=code))
    assert await result(sender, c.Answer(leg.id)) == Succeeded()
    assert leg.answered_at is not None


async def test_what_does_not_pass_in_time_is_unknown_or_to_be_waited_for(emulator: Emulator, sender: Sender) -> None:
    leg = ring(emulator, answered=False)
    emulator.api.faults.add(Fault("calls answer", "refuse", times=1000, status=503))
    assert isinstance(await result(sender, c.Answer(leg.id)), Unknown)
    emulator.api.faults.add(Fault("calls hangup", "refuse", times=1000, status=429, code="10011"))
    refused = await result(sender, c.Hangup(leg.id))
    assert isinstance(refused, Refused)
    assert refused.disposition == "wait"


@pytest.mark.parametrize(
    ("status", "code", "disposition"),
    [(422, "90018", "gone"), (404, "90058", "gone"), (422, "90034", "wait"), (422, "90032", "overflow"),
     (401, "10009", "stop"), (403, "10010", "stop"), (422, "10015", "fatal")],
)  # fmt: skip
async def test_a_refusal_is_told_by_what_it_means(
    emulator: Emulator, sender: Sender, status: int, code: str, disposition: str
) -> None:
    emulator.api.faults.add(Fault("conferences join", "refuse", status=status, code=code))
    refused = await result(sender, c.JoinConference("room", "leg"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.disposition) == (code, disposition)
    assert sent(emulator, "conferences join") == 1


@pytest.mark.parametrize(
    ("operation", "command", "code"),
    [
        ("conferences join", c.JoinConference("room", "leg"), "90044"),
        ("calls hangup", c.Hangup("leg"), "90018"),
        ("calls enqueue", c.Enqueue("leg", "q", 5), "90038"),
        ("calls leave_queue", c.LeaveQueue("leg"), "90035"),
        ("conferences record_stop", c.RecordStop("room"), "90019"),
    ],
)
async def test_what_is_so_already_is_a_success(
    emulator: Emulator, sender: Sender, operation: str, command: c.AnyCommand, code: str
) -> None:
    emulator.api.faults.add(Fault(operation, "refuse", status=422, code=code))
    assert await result(sender, command) == Succeeded(already=code)


async def test_a_command_that_telnyx_has_forgotten_is_read_before_it_is_sent_again(
    emulator: Emulator, sender: Sender, client: TelnyxClient
) -> None:
    agent, call = ring(emulator), ring(emulator)
    room = await result(sender, c.CreateConference("room", agent.id, ClientState()), key="k0")
    assert isinstance(room, Succeeded)
    join = c.JoinConference(room.conference or "", call.id)
    assert await result(sender, join, age=90) == Succeeded()
    assert await result(sender, join, key="k2", age=90) == Succeeded(already="read")
    assert sent(emulator, "conferences join") == 1
    assert isinstance(await result(sender, DIAL, age=90), Unknown)
    assert sent(emulator, "calls dial") == 0
    queued = ring(emulator)
    enqueue = c.Enqueue(queued.id, "q", 60)
    assert await result(sender, enqueue, key="k3", age=90) == Succeeded()
    assert await result(sender, enqueue, key="k4", age=90) == Succeeded(already="read")


async def test_a_conference_that_has_ended_and_who_waits_in_a_queue_can_be_seen(
    emulator: Emulator, sender: Sender, client: TelnyxClient
) -> None:
    agent, call = ring(emulator), ring(emulator)
    room = await client.conferences.create(CreateBody(call_control_id=agent.id, name="room"))
    await client.calls.enqueue(call.id, EnqueueBody(queue_name="q"))
    ours, other = emulator.world.settings.connection_id, "another connection"
    waiting = Queued(call.id, call.from_, call.to)
    looks: list[tuple[c.Read, Seen]] = [
        (c.ReadConference(room.id), StatusSeen(ended=False)),
        (c.ReadQueue("q", ours), QueueSeen((waiting,))),
        (c.ReadQueue("q", other), QueueSeen(())),
        (c.ReadQueue("nowhere", ours), QueueSeen(())),
    ]
    for command, seen in looks:
        assert await sender.send(command, "k", epoch=1, first_tried_secs_ago=0) == Observed("k", command, seen)
    await client.conferences.end(room.id)
    observed = await sender.send(c.ReadConference(room.id), "k", epoch=1, first_tried_secs_ago=0)
    assert observed == Observed("k", c.ReadConference(room.id), StatusSeen(ended=True))


async def test_reads_say_what_they_saw_and_an_unknown_thing_is_not_there(emulator: Emulator, sender: Sender) -> None:
    leg = ring(emulator)
    for command, seen in [
        (c.ReadCall(leg.id), CallSeen(alive=True)),
        (c.ReadCall("v3:nobody"), CallSeen(alive=False)),
        (c.ReadParticipants("nowhere"), ParticipantsSeen(())),
    ]:
        observed = await sender.send(command, "k", epoch=1, first_tried_secs_ago=0)  # type: ignore[arg-type]
        assert isinstance(observed, Observed)
        assert observed.seen == seen
