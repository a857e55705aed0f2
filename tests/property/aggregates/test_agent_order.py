"""What an agent is told of one ringing leads to one state, in whatever order and however often it is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from worker.aggregates.agent.state import Agent
from worker.commands import command as c
from worker.events import notices as n
from worker.events.event import Body
from worker.events.intents import Enrol
from worker.events.outcomes import Outcome, Succeeded
from worker.testing.agents import AgentStage, agent_tenant


def rung() -> tuple[AgentStage, list[Body]]:
    """Return an agent on demand whose phone is dialled, and all that is told when a person answers."""
    stage = AgentStage(agent_tenant(reach="on-demand", detect_machine=True))
    stage.tell_agent(Enrol("policy", reach="on-demand"))
    stage.offer("o1")
    dial = stage.dialled()
    assert isinstance(dial.command, c.Dial)
    purpose = dial.command.client_state.purpose or ""
    leg = stage.address("call", "leg")
    return stage, [
        Outcome(dial.id, dial.command, Succeeded(call="leg")),
        n.Told(leg, n.LegAnswered("leg", 5, purpose)),
        n.Told(leg, n.MachineDetected("leg", purpose, machine=False)),
    ]


def ended(agent: Agent) -> Agent:
    """Return the agent without the books that count steps."""
    return replace(agent, timers={}, turn=0, told=0)


@given(st.data())
def test_an_answer_leads_to_one_conference_in_any_order_and_repetition(data: st.DataObject) -> None:
    stage, facts = rung()
    for fact in data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=4))])):
        stage.tell_agent(fact)
    agent = stage.agent()
    assert (agent.line, agent.leg, agent.room, agent.screened) == ("up", "leg", "asked", True)
    assert len(stage.open(c.CreateConference)) == 1
    assert not stage.open(c.Hangup)
    stage.succeed(stage.last(c.CreateConference), conference="room")
    assert [x.offer for _, x in stage.told(n.OfferAccepted)] == ["o1"]


@given(st.data(), st.sampled_from(["user_busy", "timeout", "call_rejected"]))
def test_the_end_of_a_ringing_declines_once_in_any_order_and_repetition(data: st.DataObject, cause: str) -> None:
    states = []
    for mixed in (False, True):
        stage, (outcome, _, _) = rung()
        purpose = stage.agent().purpose
        end = n.Told(stage.address("call", "leg"), n.LegEnded("leg", 7, cause, purpose))
        facts = [outcome, end]
        if mixed:
            facts = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=4))]))
        for fact in facts:
            stage.tell_agent(fact)
        assert len(stage.told(n.OfferDeclined)) == 1
        states.append(ended(stage.agent()))
    assert states[0] == states[1]
