"""Agents and supervisors."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from worker.policy.model.basics import Level, Name, PhoneAddress, Seconds

RingSeconds = Annotated[int, msgspec.Meta(ge=5, le=600, description="whole seconds from 5 to 600")]

Pin = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^sha256:[0-9a-f]{16}:[0-9a-f]{64}$(?!\n)", description="what `switchhook policy pin` prints"
    ),
]


class Serves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A queue that an agent serves. The lowest tier is asked first; in it the lowest position, where that counts."""

    queue: Name
    tier: Annotated[int, msgspec.Meta(ge=1, le=20, description="a whole number from 1 to 20")] = 1
    position: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")] = 1


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person who takes calls."""

    #: A number in E.164 form or a SIP URI.
    address: PhoneAddress
    queues: Annotated[tuple[Name | Serves, ...], msgspec.Meta(min_length=1, description="a list of at least one queue")]
    #: `nailed-up`: a leg stays up in the agent's own conference. `on-demand`: the agent is rung for each caller.
    reach: Literal["nailed-up", "on-demand"] = "nailed-up"
    #: `policy`: logged in by the file. `self`: logs in by phone or by intent.
    log_in: Literal["policy", "self"] = "policy"
    skills: dict[Name, Level] = {}
    #: Time to write things down after a conversation.
    wrap_up_secs: Seconds = 10
    #: How long the agent's phone rings when the leg is dialled.
    ring_secs: RingSeconds = 30
    #: A leg that was lost, or not answered, is dialled again after so long; 0: the agent stays offline.
    redial_secs: Seconds = 30
    #: How long an agent is left alone after declining, being busy, or not answering.
    reject_delay_secs: Seconds = 10
    busy_delay_secs: Seconds = 60
    no_answer_delay_secs: Seconds = 10
    #: So many calls not answered in a row pause the agent; 0: never.
    max_no_answer: Annotated[int, msgspec.Meta(ge=0, le=100, description="a whole number from 0 to 100")] = 3
    #: Ask Telnyx whether a person or a machine answers (on demand).
    detect_machine: bool = False
    #: For logging in by phone: what `switchhook policy pin` prints. None: not by phone.
    pin: Pin | None = None
    #: The number that an agent enters before the PIN; none: agents are known by the number that they ring from.
    extension: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$(?!\n)", description="1 to 10 digits")] | None = None

    @property
    def serves(self) -> dict[str, Serves]:
        """The queues by their name."""
        served = (one if isinstance(one, Serves) else Serves(one) for one in self.queues)
        return {one.queue: one for one in served}


class Supervisor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person who listens, whispers and barges; dialled when asked for."""

    address: PhoneAddress
    #: Whose callers; none: all.
    queues: tuple[Name, ...] = ()
    ring_secs: RingSeconds = 30
