"""The intents: each is something that a person or a program asks of one aggregate.

An intent is an event like any other: it is in the log before anything is done, and its aggregate decides upon it.
`to_of` says which aggregate that is. What an intent means, and when it is refused, is told by its own text.
"""

from __future__ import annotations

from typing import Annotated, Literal, assert_never

import msgspec

from ingress.envelope import Address
from ingress.intents.fields import Digits, Id, Name, PhoneAddress, Reason, Seconds, Url, Words

#: `monitor` hears, unheard; `whisper` is heard by the agent alone; `barge` is heard by all.
Role = Literal["monitor", "whisper", "barge"]


class Intent(msgspec.Struct, frozen=True, tag_field="intent", omit_defaults=True, forbid_unknown_fields=True):
    """Something that is asked for."""


class Target(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where somebody is sent: exactly one of these."""

    queue: Name | None = None
    agent: Name | None = None
    number: PhoneAddress | None = None
    voicemail: Name | None = None


class SetAgentState(Intent, frozen=True, tag="set_agent_state"):
    """Log in or be ready again (`available`), take no calls (`paused`), log out (`offline`).

    While a caller is offered or spoken with it takes effect after the wrap-up, and is shown as pending. Refused for an
    agent who is not in the policy.
    """

    agent: Name
    state: Literal["available", "paused", "offline"]
    reason: Reason = ""


class WrapUp(Intent, frozen=True, tag="wrap_up"):
    """End the wrap-up in so many seconds from now; 0: at once. Refused unless wrapping up."""

    agent: Name
    secs: Seconds


class Decline(Intent, frozen=True, tag="decline"):
    """Decline the caller who is being offered. Refused unless one is."""

    agent: Name


class Hold(Intent, frozen=True, tag="hold"):
    """Hold the agent's caller, with music, or (`on` is false) take him back. Refused unless they talk."""

    agent: Name
    on: bool = True


class Mute(Intent, frozen=True, tag="mute"):
    """Mute the agent, or unmute. Refused unless in a conversation."""

    agent: Name
    on: bool = True


class SendDtmf(Intent, frozen=True, tag="send_dtmf"):
    """Press keys towards the caller. Refused unless they talk."""

    agent: Name
    digits: Digits


class Say(Intent, frozen=True, tag="say"):
    """Let something be heard in the agent's conversation: exactly one of a text and the address of an audio file."""

    agent: Name
    to: Literal["caller", "agent", "all"] = "all"
    text: Words | None = None
    audio: Url | None = None


class Hush(Intent, frozen=True, tag="hush"):
    """Stop what is being played or said in the agent's conversation."""

    agent: Name


class Collect(Intent, frozen=True, tag="collect"):
    """Play an audio file to the caller and take the keys that he presses. Refused unless they talk.

    The digits come with Telnyx's `call.gather.ended`, so they are in the log: see the documents on what to ask for.
    """

    agent: Name
    audio: Url
    max_digits: Annotated[int, msgspec.Meta(ge=1, le=128)] = 16


class Transfer(Intent, frozen=True, tag="transfer"):
    """Give the caller on. Refused unless they talk, or for a target that is not in the policy.

    `cold`: at once. `warm`: the target is dialled into the conversation, the caller held meanwhile (consult), and
    `complete_transfer` lets the agent leave, `cancel_transfer` sends the target away. Warm is to numbers alone: an
    agent's leg is in a conference of his own, and no queue has reserved him; so it is refused at once.
    """

    agent: Name
    to: Target
    how: Literal["cold", "warm"] = "cold"


class CompleteTransfer(Intent, frozen=True, tag="complete_transfer"):
    """Leave the caller and the third party with each other. Refused unless a third party is there."""

    agent: Name


class CancelTransfer(Intent, frozen=True, tag="cancel_transfer"):
    """Send the third party away and talk with the caller. Refused unless one was asked in."""

    agent: Name


class AddParty(Intent, frozen=True, tag="add_party"):
    """Dial somebody into the conversation; the caller is not held. Refused unless they talk."""

    agent: Name
    number: PhoneAddress


class PauseRecording(Intent, frozen=True, tag="pause_recording"):
    """Pause the recording, or (`on` is false) resume it. Refused unless one is under way."""

    agent: Name
    on: bool = True


class Record(Intent, frozen=True, tag="record"):
    """Begin a recording, or (`on` is false) end it. Refused unless they talk."""

    agent: Name
    on: bool = True


class EndConversation(Intent, frozen=True, tag="end_conversation"):
    """End it for all: caller, third party, supervisors. The agent's own leg stays up. Refused unless in one."""

    agent: Name


class Supervise(Intent, frozen=True, tag="supervise"):
    """Bring a supervisor into the agent's conversation, or change the role of one who is there.

    Refused for a supervisor who is not in the policy, or not for the caller's queue, or unless in a conversation.
    """

    agent: Name
    supervisor: Name
    role: Role = "monitor"


class StopSupervising(Intent, frozen=True, tag="stop_supervising"):
    """Send a supervisor away. Refused unless there."""

    agent: Name
    supervisor: Name


class EndCall(Intent, frozen=True, tag="end_call"):
    """End one call leg."""

    call: Id


class MoveCaller(Intent, frozen=True, tag="move_caller"):
    """Send a waiting caller elsewhere. Refused unless he waits in this queue and is not with an agent."""

    queue: Name
    call: Id
    to: Target


class SetPriority(Intent, frozen=True, tag="priority"):
    """Set a waiting caller's priority. Refused unless he waits in this queue."""

    queue: Name
    call: Id
    priority: Annotated[int, msgspec.Meta(ge=-999, le=999)]


class CloseQueue(Intent, frozen=True, tag="close_queue"):
    """Take no more callers, whatever the hours say; those who wait stay, unless `send_away` sends them to `closed`."""

    queue: Name
    reason: Reason = ""
    send_away: bool = False


class OpenQueue(Intent, frozen=True, tag="open_queue"):
    """Take callers again, as the hours say."""

    queue: Name


class CancelCallback(Intent, frozen=True, tag="cancel_callback"):
    """Do not call somebody back. Refused unless his place is kept."""

    queue: Name
    callback: Id


class PrepareQueue(Intent, frozen=True, tag="prepare_queue"):
    """Make the queue at Telnyx before its first caller, or change it, to hold as many as the policy lets wait.

    Not needed for anybody to wait: the first caller does the same. Refused for a queue that is not in the policy.
    """

    queue: Name


class DeleteQueue(Intent, frozen=True, tag="delete_queue"):
    """Remove the queue from Telnyx, also one that the policy has no more; the next caller makes it anew.

    Refused while somebody waits in it. Telnyx refuses it while it holds entries that were kept.
    """

    queue: Name


class KeepEntry(Intent, frozen=True, tag="keep_entry"):
    """Keep a waiting caller's entry in Telnyx's queue when he hangs up, or (`on` is false) do not.

    It shows who hung up, and takes up room until `remove_entry`. Refused unless he waits in this queue and is not with
    an agent.
    """

    queue: Name
    call: Id
    on: bool = True


class RemoveEntry(Intent, frozen=True, tag="remove_entry"):
    """Remove the entry that a caller who has hung up left in Telnyx's queue, also in one that the policy has no more.

    Refused while he waits here: `move_caller` and `end_call` are for that.
    """

    queue: Name
    call: Id


class UpdateParticipant(Intent, frozen=True, tag="update_participant"):
    """Change a participant's rights: whether the conference ends with him, and how (Telnyx's participant PATCH)."""

    conference: Id
    participant: Id
    end_conference_on_exit: bool | None = None
    soft_end_conference_on_exit: bool | None = None
    beep_enabled: Literal["always", "never", "on_enter", "on_exit"] | None = None


AgentIntent = (
    SetAgentState | WrapUp | Decline | Hold | Mute | SendDtmf | Say | Hush | Collect | Transfer | CompleteTransfer
    | CancelTransfer | AddParty | PauseRecording | Record | EndConversation | Supervise | StopSupervising
)  # fmt: skip
#: What concerns the conversation: the agent passes it on to his conference.
CareIntent = (
    Hold | Mute | SendDtmf | Say | Hush | Collect | Transfer | CompleteTransfer | CancelTransfer | AddParty
    | PauseRecording | Record | EndConversation | Supervise | StopSupervising
)  # fmt: skip
QueueIntent = (
    MoveCaller | SetPriority | CloseQueue | OpenQueue | CancelCallback | PrepareQueue | DeleteQueue | KeepEntry
    | RemoveEntry
)  # fmt: skip
AnyIntent = AgentIntent | QueueIntent | EndCall | UpdateParticipant


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
        case (
            SetAgentState() | WrapUp() | Decline() | Hold() | Mute() | SendDtmf() | Say() | Hush() | Collect()
            | Transfer() | CompleteTransfer() | CancelTransfer() | AddParty() | PauseRecording() | Record()
            | EndConversation() | Supervise() | StopSupervising()
        ):  # fmt: skip
            return Address(tenant, "agent", intent.agent)
        case _:
            assert_never(intent)
