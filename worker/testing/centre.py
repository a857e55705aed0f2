"""A small contact centre on a stage, with the usual steps of a call, for scenario tests."""

from __future__ import annotations

from worker.aggregates.agent.state import Agent
from worker.aggregates.queue.state import Queue as QueueState
from worker.commands import command as c
from worker.commands.client_state import ClientState, encode_client_state
from worker.events import webhooks as w
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Number, Queue, Secret, Tenant
from worker.testing.stage import Stage

NUMBER = "+13125550131"


def small_tenant() -> Tenant:
    """Return a policy of one number, one queue, and two agents."""
    agent = AgentPolicy("sip:a@sip.telnyx.com", ("support",), wrap_up_secs=5, redial_secs=30)
    return Tenant(
        connection_id="1",
        caller_id="+13125550100",
        api_key=Secret(env="K"),
        public_keys=(Secret(env="P"),),
        numbers={NUMBER: Number("support", greeting="Welcome.")},
        queues={"support": Queue(max_wait_secs=60, offer_secs=10, connect_secs=10)},
        agents={"alice": agent, "bob": agent},
    )


class Centre(Stage):
    """A stage with the steps that most tests need."""

    def ring(self, call: str) -> None:
        """A caller rings, is answered and greeted, and enters the queue."""
        parked = w.CallInitiated(call, direction="incoming", state="parked", from_="+15550100", to=NUMBER)
        self.tell("call", call, parked)
        self.succeed(self.last(c.Answer))
        self.tell("call", call, w.CallAnswered(call))
        speak = self.last(c.Speak)
        self.succeed(speak)
        greeting = encode_client_state(ClientState(speech="greeting"))
        self.tell("call", call, w.SpeakEnded(call, client_state=greeting))
        self.succeed(self.last(c.Enqueue))
        self.tell("queue", "support", w.CallEnqueued(call, "support"))

    def agent_up(self, agent: str, *, leg: str | None = None) -> None:
        """An agent signs in, is dialled, answers, and waits in his conference."""
        leg = leg or f"leg-{agent}"
        self.sign_in(agent)
        self.succeed(self.last(c.Dial), call=leg)
        mark = encode_client_state(ClientState(owner=f"agent:{agent}"))
        self.tell("call", leg, w.CallInitiated(leg, client_state=mark, direction="outgoing", state="bridging"))
        self.tell("call", leg, w.CallAnswered(leg, client_state=mark))
        room = f"room-{agent}"
        self.succeed(self.last(c.CreateConference), conference=room)
        self.tell("conference", room, w.ConferenceCreated(room, leg))
        self.tell("conference", room, w.ParticipantJoined(room, leg))

    def join(self, call: str) -> None:
        """Telnyx carries out the join that was asked for the caller."""
        sent = next(s for s in self.open(c.JoinConference) if s.address.id == call)
        assert isinstance(sent.command, c.JoinConference)
        room = sent.command.conference
        self.succeed(sent)
        self.now_ms += 1
        self.tell("queue", "support", w.CallDequeued(call, "support", reason="bridged"))
        self.tell("conference", room, w.ParticipantJoined(room, call))

    def hang_up(self, call: str, room: str | None = None) -> None:
        """The caller hangs up."""
        self.now_ms += 1
        self.tell("call", call, w.CallHangup(call, hangup_cause="normal_clearing", hangup_source="caller"))
        if room:
            self.tell("conference", room, w.ParticipantLeft(room, call))

    def agent(self, name: str) -> Agent:
        """Return an agent's state."""
        state = self.states[self.address("agent", name)]
        assert isinstance(state, Agent)
        return state

    def queue(self, name: str = "support") -> QueueState:
        """Return a queue's state."""
        state = self.states[self.address("queue", name)]
        assert isinstance(state, QueueState)
        return state
