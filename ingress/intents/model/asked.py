"""All intents, what the log holds of one, and whom it is for."""

from __future__ import annotations

from typing import Literal, assert_never

import msgspec

from ingress.envelope import Address
from ingress.intents.fields import Digest, Id
from ingress.intents.model.agents import (
    AddParty,
    AgentIntent,
    CancelTransfer,
    Collect,
    CompleteTransfer,
    Decline,
    EndConversation,
    Hold,
    Hush,
    Mute,
    PauseRecording,
    Record,
    Say,
    SendDtmf,
    SetAgentState,
    StopSupervising,
    Supervise,
    Transfer,
    WrapUp,
)
from ingress.intents.model.base import Intent
from ingress.intents.model.queues import (
    CancelCallback,
    CloseQueue,
    DeleteQueue,
    KeepEntry,
    MoveCaller,
    OpenQueue,
    PrepareQueue,
    QueueIntent,
    RemoveEntry,
    SetPriority,
)

#: Where an intent about the policy stands in the log: in a partition of its tenant's, and no queue's own.
POLICY_FILE = "policy-file"


class EndCall(Intent, frozen=True, tag="end_call"):
    """End one call leg."""

    call: Id


class UpdateParticipant(Intent, frozen=True, tag="update_participant"):
    """Change a participant's rights: whether the conference ends with him, and how (Telnyx's participant PATCH).

    The participant is named by his leg, as the views of conferences have it (`switchhook conference show`), or by
    Telnyx's own id of him. Refused for a leg that has left.
    """

    conference: Id
    participant: Id
    end_conference_on_exit: bool | None = None
    soft_end_conference_on_exit: bool | None = None
    beep_enabled: Literal["always", "never", "on_enter", "on_exit"] | None = None


class ReloadPolicy(Intent, frozen=True, tag="reload_policy"):
    """Let a worker read its policy file again and put it into force for all workers, as SIGHUP does.

    Which worker: the one that holds the partition of this event. With `digest` (the file's SHA-256) it is done only if
    that is the file which the worker has. Refused with all of its mistakes for a file that has some, and for one that
    changes what takes a restart. Nothing is changed then.
    """

    digest: Digest | None = None


AnyIntent = AgentIntent | QueueIntent | EndCall | UpdateParticipant | ReloadPolicy


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """An intent as its aggregate's log holds it; `by` names who asked (the token's name), never a secret."""

    intent: AnyIntent
    by: str


def to_of(tenant: str, intent: AnyIntent) -> Address:
    """Return the aggregate that *intent* is for."""
    match intent:
        case (
            MoveCaller() | SetPriority() | CloseQueue() | OpenQueue() | CancelCallback() | PrepareQueue()
            | DeleteQueue() | KeepEntry() | RemoveEntry()
        ):  # fmt: skip
            return Address(tenant, "queue", intent.queue)
        case EndCall(call=ident):
            return Address(tenant, "call", ident)
        case UpdateParticipant(conference=ident):
            return Address(tenant, "conference", ident)
        case ReloadPolicy():
            return Address(tenant, "queue", POLICY_FILE)
        case (
            SetAgentState() | WrapUp() | Decline() | Hold() | Mute() | SendDtmf() | Say() | Hush() | Collect()
            | Transfer() | CompleteTransfer() | CancelTransfer() | AddParty() | PauseRecording() | Record()
            | EndConversation() | Supervise() | StopSupervising()
        ):  # fmt: skip
            return Address(tenant, "agent", intent.agent)
        case _:
            assert_never(intent)
