"""What each scope may ask.

| scope | may ask |
|---|---|
| `agent` | what an agent does himself: his state, his conversation; for the agents that the token names |
| `supervisor` | the same for every agent, and to listen, whisper and barge; what concerns queues; to end a call |
| `operator` | to what concerns agents' states, queues open or not, ends of calls, rights, Telnyx's queues, the policy |
"""

from __future__ import annotations

from typing import get_args

from ingress.intents import model as m
from ingress.intents.tokens import Scope, Token

_SUPERVISION = (m.Supervise, m.StopSupervising)
_QUEUES = (m.MoveCaller, m.SetPriority, m.CloseQueue, m.OpenQueue, m.CancelCallback)
_OPERATOR = (
    m.SetAgentState, m.CloseQueue, m.OpenQueue, m.EndCall, m.UpdateParticipant,
    m.PrepareQueue, m.DeleteQueue, m.KeepEntry, m.RemoveEntry, m.ReloadPolicy,
)  # fmt: skip


def needed_by(kind: type[m.Intent]) -> tuple[Scope, ...]:
    """Return the scopes of which one is enough to ask an intent of this *kind* (`agent`: for one's own)."""
    of_agents = kind in get_args(m.AgentIntent)
    scopes: list[Scope] = []
    if of_agents and kind not in _SUPERVISION:
        scopes.append("agent")
    if of_agents or kind in _QUEUES or kind is m.EndCall:
        scopes.append("supervisor")
    if kind in _OPERATOR:
        scopes.append("operator")
    return tuple(scopes)


def refusal(token: Token, intent: m.AnyIntent) -> str | None:
    """Return why *token* may not ask *intent*; None: it may."""
    enough = needed_by(type(intent))
    held = token.scopes.intersection(enough)
    if held - {"agent"}:
        return None
    agent = getattr(intent, "agent", None)
    if "agent" in held and agent in token.agents:
        return None
    tag = intent.__struct_config__.tag
    if "agent" in held:
        return f"{tag}: {agent} is not one of this token's agents"
    return f"{tag} needs the scope {' or '.join(enough)}; this token has {', '.join(sorted(token.scopes))}"
