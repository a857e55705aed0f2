"""The policy: what a tenant's numbers, queues and agents are. Times are seconds, as a person writes them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

#: Each `description` is what the loader says to a person who wrote something else.
Seconds = Annotated[float, msgspec.Meta(ge=0, le=14400, description="seconds from 0 to 14400")]
PositiveSeconds = Annotated[float, msgspec.Meta(gt=0, le=14400, description="seconds above 0 up to 14400")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, description="1 to 255 characters")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=3000, description="1 to 3000 characters")]
PhoneNumber = Annotated[
    str, msgspec.Meta(pattern=r"^\+[1-9][0-9]{4,14}$", description='a number in E.164 form, such as "+13125550131"')
]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is found: exactly one of an environment variable or a file. Its value is never in the policy."""

    env: str | None = None
    file: str | None = None


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How announcements sound (Telnyx's `voice` and `language`)."""

    voice: Name = "female"
    language: Name | None = "en-US"


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The entry point of a dialled number: a greeting, then a queue."""

    queue: Name
    greeting: Text | None = None


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which conversations are recorded, and how."""

    record: Literal["all", "none"] = "all"
    format: Literal["mp3", "wav"] = "mp3"
    channels: Literal["single", "dual"] = "dual"


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a queue treats its callers."""

    strategy: Literal["longest-idle"] = "longest-idle"
    #: Nobody waits longer: then the apology, and the call ends.
    max_wait_secs: PositiveSeconds = 900
    #: An agent who has not taken an offer by then is passed over.
    offer_secs: PositiveSeconds = 10
    #: A caller who is not in the agent's conference by then is looked for, and offered again if he is not there.
    connect_secs: PositiveSeconds = 10
    #: A caller whose connection failed so often hears the apology.
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=20, description="a whole number from 1 to 20")] = 3
    #: The threshold of the service level.
    service_level_secs: PositiveSeconds = 20
    apology: Text | None = "We are sorry, nobody can take your call now. Please call again later."
    recording: Recording = Recording()


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person who takes calls, reached by a leg that stays up in the agent's own conference (nailed-up)."""

    #: A number in E.164 form or a SIP URI.
    address: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(\+[1-9][0-9]{4,14}|sips?:[^\s@]+@[^\s@]+)$",
            description='a number in E.164 form, or a SIP URI such as "sip:alice@sip.telnyx.com"',
        ),
    ]
    queues: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, description="a list of at least one queue")]
    wrap_up_secs: Seconds = 10
    #: How long the agent's phone rings when the leg is dialled.
    ring_secs: Annotated[int, msgspec.Meta(ge=5, le=600, description="whole seconds from 5 to 600")] = 30
    #: A leg that was lost, or not answered, is dialled again after so long; 0: the agent stays offline.
    redial_secs: Seconds = 30


class Tenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Telnyx account and what is run on it."""

    #: The Call Control application; agents' legs are dialled from it.
    connection_id: Name
    #: The number that agents see when they are dialled.
    caller_id: PhoneNumber
    api_key: Secret
    #: Read by the ingress. More than one while a key is being changed.
    public_keys: Annotated[tuple[Secret, ...], msgspec.Meta(min_length=1, description="a list of at least one")]
    api_base: Annotated[
        str,
        msgspec.Meta(pattern=r"^https?://[^\s@]+$", description="an address with http:// or https://, without a user"),
    ] = "https://api.telnyx.com/v2"
    voice: Voice = Voice()
    numbers: dict[str, Number] = {}
    queues: dict[Name, Queue] = {}
    agents: dict[Name, Agent] = {}


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole policy file."""

    tenants: Annotated[dict[str, Tenant], msgspec.Meta(min_length=1, description="at least one table [tenants.NAME]")]
