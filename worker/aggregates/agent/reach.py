"""What is done to reach an agent: his leg and the conference that it waits in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingress.envelope import Address
from worker.aggregates.agent import consult
from worker.aggregates.agent.state import Agent
from worker.commands import command as c
from worker.commands.client_state import ClientState
from worker.decisions.decision import Act, CancelTimer, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events.event import Event
from worker.policy.model import Agent as AgentPolicy
from worker.policy.model import Tenant

#: Telnyx ends the ringing itself; this is added for the webhook that may be late or lost.
RING_SLACK_MS = 15_000
#: The least that Telnyx lets a phone ring.
LEAST_RING_SECS = 5
ROOM_RETRY_MS = 1_000
#: A hang-up of which nobody knows what became is given again after so long.
HANG_UP_AGAIN_MS = 10_000
#: Whether a machine has answered is known by then (Telnyx's detection takes five seconds), or never.
SCREEN_MS = 8_000
#: Who logs in by phone hears so and hangs up before he is dialled.
DIAL_BACK_MS = 10_000
#: A name that a phone shows (Telnyx's `from_display_name`): its length, and what may not be in it.
MAX_SHOWN = 128
_NOT_SHOWN = re.compile(r"[^A-Za-z0-9 _~!.+-]")
#: Telnyx ends a conference after four hours, and a leg too: an agent without a caller is moved before.
ROOM_AGE_MS = 12_600_000
LEG_AGE_MS = 13_500_000


def line(agent: Agent, event: Event, policy: Tenant, rules: AgentPolicy | None) -> Iterator[Act]:
    """Dial the leg that is wanted, and hang up those that are not."""
    for stray in agent.strays:
        yield Send(c.Hangup(stray))
    if agent.unhung and "hang-up" not in agent.timers:
        yield SetTimer("hang-up", event.received_ms + HANG_UP_AGAIN_MS)
    match agent.line:
        case "down" if rules is not None and not agent.parts:
            yield from _dial(agent, event, policy, rules)
        case "lost" if rules is not None and rules.redial_secs > 0:
            yield CancelTimer("ring")
            yield SetTimer("redial", event.received_ms + round(rules.redial_secs * 1000))
        case "phoned":
            yield SetTimer("redial", event.received_ms + DIAL_BACK_MS)
        case _:
            return


def room(agent: Agent, event: Event, rules: AgentPolicy | None) -> Iterator[Act]:
    """See that the agent's leg waits in a conference of its own."""
    if agent.line != "up" or agent.leg is None:
        return
    match agent.room:
        case "none" if rules is not None and rules.detect_machine and agent.leg_offer and not agent.screened:
            yield CancelTimer("ring")
            yield SetTimer("screen", event.received_ms + SCREEN_MS)
        case "none" if agent.offer is not None and agent.offer.consults and agent.leg_offer == agent.offer.id:
            yield CancelTimer("ring")
            yield from consult.introduce(agent)
        case "out":
            yield from consult.introduce(agent)
        case "none" if agent.leaving is not None:
            yield Send(c.LeaveConference(agent.leaving, agent.leg))
        case "none":
            yield CancelTimer("ring")
            yield Send(c.CreateConference(_room_name(agent, agent.rooms), agent.leg, _mark(agent, agent.purpose)))
        case "unsure":
            yield Send(c.FindConference(_room_name(agent, agent.rooms - 1)))
        case "found":
            yield Send(c.JoinConference(agent.conference or "", agent.leg))
        case "waiting" | "unread" | "stuck" if "room" not in agent.timers:
            yield SetTimer("room", event.received_ms + ROOM_RETRY_MS)
        case "ready" if agent.introduce:
            ready = n.ConferenceReady(agent.name, agent.leg, event.received_ms)
            yield Tell(Address(agent.address.tenant, "conference", agent.conference or ""), ready)
            if agent.leg_offer is None:
                yield SetTimer("room-age", event.received_ms + ROOM_AGE_MS)
                yield SetTimer("leg-age", (agent.leg_since_ms or event.received_ms) + LEG_AGE_MS)
        case _:
            return


def _dial(agent: Agent, event: Event, policy: Tenant, rules: AgentPolicy) -> Iterator[Act]:
    offer = agent.offer
    if offer is not None and offer.step == "made":
        secs = max(LEAST_RING_SECS, min(rules.ring_secs, offer.within_ms // 1000))
        mark, shown = _mark(agent, f"offer:{agent.dials}"), _shown(offer.number or offer.by)
        detect = rules.detect_machine
    elif offer is None and agent.reach == "nailed-up" and agent.standing != "offline":
        secs, mark, shown, detect = rules.ring_secs, _mark(agent, f"line:{agent.dials}"), "", False
    else:
        return
    yield Send(
        c.Dial(rules.address, policy.caller_id, policy.connection_id, secs, mark, shown=shown, detect_machine=detect)
    )
    yield SetTimer("ring", event.received_ms + secs * 1000 + RING_SLACK_MS)


def _shown(number: str) -> str:
    """Return the caller's number or SIP address, or a colleague's name, in the characters that a name may have."""
    return _NOT_SHOWN.sub(" ", number.removeprefix("sip:").removeprefix("sips:"))[:MAX_SHOWN].strip()


def _mark(agent: Agent, purpose: str) -> ClientState:
    return ClientState(owner=f"agent:{agent.name}", purpose=purpose)


def _room_name(agent: Agent, number: int) -> str:
    """Name a conference that no other one of the account has: the leg is unique, and the number counts on it."""
    return f"switchhook-{agent.address.tenant}-{agent.name}-{(agent.leg or '')[-12:]}-{number}"
