"""What is asked of an agent, and of his conversation."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ingress.intents.fields import Digits, Name, PhoneAddress, Reason, Seconds, Url, Words
from ingress.intents.model.base import Intent, Target

#: `monitor` hears, unheard; `whisper` is heard by the agent alone; `barge` is heard by all.
Role = Literal["monitor", "whisper", "barge"]


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

    The digits come with Telnyx's `call.gather.ended`, and stand in the log in plain: ask for no PIN and no card
    (docs/intents.md).
    """

    agent: Name
    audio: Url
    max_digits: Annotated[int, msgspec.Meta(ge=1, le=128)] = 16


class Transfer(Intent, frozen=True, tag="transfer"):
    """Give the caller on. Refused unless they talk, or for a target that is not in the policy.

    `cold`: at once. `warm`: the target comes into the conversation, the caller held meanwhile (consult), and
    `complete_transfer` lets the agent leave, `cancel_transfer` sends the target away. Warm is to a number, which is
    dialled, or to an agent, who is reserved for it: refused, with what he is, for one who is not available.
    """

    agent: Name
    to: Target
    how: Literal["cold", "warm"] = "cold"


class CompleteTransfer(Intent, frozen=True, tag="complete_transfer"):
    """Leave the caller with who was consulted, or the third party. Refused unless somebody is there.

    An agent who was consulted has the caller from then on, as if a queue had sent him.
    """

    agent: Name


class CancelTransfer(Intent, frozen=True, tag="cancel_transfer"):
    """Send who was consulted, or the third party, away and talk with the caller. Refused unless one was asked in."""

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

    Refused for a supervisor who is not in the policy, or not for the caller's queue, or unless in a conversation. One
    who is in another conversation is rung all the same: stop that first, or his phone says that it is busy.
    """

    agent: Name
    supervisor: Name
    role: Role = "monitor"


class StopSupervising(Intent, frozen=True, tag="stop_supervising"):
    """Send a supervisor away. Refused unless there."""

    agent: Name
    supervisor: Name


AgentIntent = (
    SetAgentState | WrapUp | Decline | Hold | Mute | SendDtmf | Say | Hush | Collect | Transfer | CompleteTransfer
    | CancelTransfer | AddParty | PauseRecording | Record | EndConversation | Supervise | StopSupervising
)  # fmt: skip
#: What concerns the conversation: the agent passes it on to his conference.
CareIntent = (
    Hold | Mute | SendDtmf | Say | Hush | Collect | Transfer | CompleteTransfer | CancelTransfer | AddParty
    | PauseRecording | Record | EndConversation | Supervise | StopSupervising
)  # fmt: skip
