"""The keys that an agent presses in a conversation: they pause its recording, and resume it."""

from __future__ import annotations

from collections.abc import Iterator

from ingress.envelope import Address
from ingress.intents.model import PauseRecording
from worker.aggregates.agent.state import Agent
from worker.decisions.decision import Act, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Tenant


def pressed(agent: Agent, event: Event, policy: Tenant) -> Iterator[Act]:
    """Pass on what a key asks for. Where nothing is recorded, the conference refuses it."""
    if not isinstance(event.body, n.Told) or not isinstance(event.body.notice, n.LegKey):
        return
    key, offer = event.body.notice, agent.offer
    queue = policy.queues.get(offer.queue) if offer is not None and agent.duty == "busy" else None
    if queue is None or key.call != agent.leg:
        return
    rules = queue.recording
    if key.digit in (rules.pause_key, rules.resume_key):
        pause = PauseRecording(agent.name, on=key.digit == rules.pause_key)
        to = Address(agent.address.tenant, "conference", agent.conference or "")
        yield Tell(to, n.Care(key.press, pause))
