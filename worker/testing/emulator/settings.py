"""How an emulator behaves. Times are seconds; what Telnyx leaves unsaid is a setting."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Secs = Annotated[float, msgspec.Meta(ge=0)]


class Traffic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callers who ring by themselves."""

    to: str
    per_minute: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    #: How long a caller waits to be connected before hanging up: between these.
    patience_secs: tuple[Secs, Secs] = (20.0, 60.0)
    #: How long a conversation lasts: between these.
    talk_secs: tuple[Secs, Secs] = (3.0, 6.0)


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone that we dial does; a phone that nothing is said of answers."""

    does: Literal["answer", "decline", "busy", "ring"] = "answer"
    #: How long it rings before it does so; none: `EmulatorSettings.answer_secs`.
    after_secs: Secs | None = None


class EmulatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One emulator."""

    webhook_url: str
    host: str = "127.0.0.1"
    #: 0: any free port.
    port: int = 0
    #: What the bearer header must say; empty: one is made.
    api_key: str = ""
    #: Base64 of the 32 bytes that the signing key is made of; empty: a new key.
    signing_seed: str = ""
    connection_id: str = "1494404757140276705"
    #: Makes everything random repeatable.
    seed: int = 0
    #: The share of webhooks that are delivered twice.
    duplicate_rate: float = 0.0
    #: Each webhook is held back by up to so long, which is what mixes their order.
    reorder_secs: float = 0.0
    #: How long every request takes.
    latency_secs: float = 0.0
    webhook_timeout_secs: float = 2.0
    webhook_attempts: int = 3
    #: What `call.dequeued` gives as the reason of a join; Telnyx does not say which it is.
    dequeued_by_join: Literal["bridged", "bridging-in-process", "leave"] = "bridged"
    #: How long an agent's phone rings before it is answered.
    answer_secs: float = 0.2
    #: What the phones at these addresses do instead of answering after `answer_secs`.
    phones: dict[str, Phone] = {}
    #: How often somebody who enters a conference speaks at once, which is told without the `data` wrapper.
    floor_change_rate: float = 0.0
    #: How fast a text is spoken.
    characters_per_sec: float = 40.0
    #: From the end of a recording to its being saved.
    saving_secs: float = 0.3
    traffic: Traffic | None = None
