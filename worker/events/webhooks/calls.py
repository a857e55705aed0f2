"""The life of a call leg: how it begins and ends, what it is connected to, where it is sent, and what it cost."""

from __future__ import annotations

from typing import Annotated

from worker.events.webhooks.base import CallWebhook, Direction, Header, Part, PartiesWebhook, PartyType, SipHeader
from worker.events.webhooks.documented import documented

InitiatedState = Annotated[str, documented("parked", "bridging")]
AnsweredState = Annotated[str, documented("answered")]
HangupState = Annotated[str, documented("hangup")]
HangupCause = Annotated[
    str,
    documented(
        "call_rejected",
        "normal_clearing",
        "originator_cancel",
        "timeout",
        "time_limit",
        "user_busy",
        "not_found",
        "no_answer",
        "unspecified",
    ),
]
HangupSource = Annotated[str, documented("caller", "callee", "unknown")]
CostStatus = Annotated[str, documented("success", "error")]


class CallInitiated(PartiesWebhook, frozen=True, kw_only=True, tag="call.initiated"):
    """A call leg exists. `state` is `parked` when it waits for us to answer it.

    The last three fields are not in Telnyx's schema, but in real bodies.
    """

    direction: Direction | None = None
    state: InitiatedState | None = None
    caller_id_name: str | None = None
    start_time: str | None = None
    call_screening_result: str | None = None
    #: Codecs, separated by commas: those of the application, and those that the caller offers.
    connection_codecs: str | None = None
    offered_codecs: str | None = None
    shaken_stir_attestation: str | None = None
    shaken_stir_validated: bool | None = None
    custom_headers: tuple[Header, ...] | None = None
    sip_headers: tuple[SipHeader, ...] | None = None
    #: Of the number that is called.
    tags: tuple[str, ...] | None = None
    calling_party_type: PartyType | None = None
    from_sip_uri: str | None = None
    to_sip_uri: str | None = None


class CallAnswered(PartiesWebhook, frozen=True, kw_only=True, tag="call.answered"):
    """A call leg was answered, by us or by who we called."""

    state: AnsweredState | None = None
    start_time: str | None = None
    #: Those that the command to answer has set.
    custom_headers: tuple[Header, ...] | None = None
    sip_headers: tuple[SipHeader, ...] | None = None
    tags: tuple[str, ...] | None = None


class CallBridged(PartiesWebhook, frozen=True, tag="call.bridged"):
    """A call leg was connected to another one, of which it does not say which; each leg has an event of its own."""


class InboundQuality(Part, frozen=True):
    """How well we heard the leg. Telnyx sends the figures as texts; `mos` is the mean opinion score, 1 to 5."""

    mos: str | None = None
    jitter_max_variance: str | None = None
    jitter_packet_count: str | None = None
    packet_count: str | None = None
    #: Packets lost.
    skip_packet_count: str | None = None


class OutboundQuality(Part, frozen=True):
    """What was sent to the leg. Telnyx sends the figures as texts."""

    packet_count: str | None = None
    #: Packets lost.
    skip_packet_count: str | None = None


class CallQuality(Part, frozen=True):
    """The quality of the audio both ways, as far as it was measured."""

    inbound: InboundQuality | None = None
    outbound: OutboundQuality | None = None


class CallHangup(PartiesWebhook, frozen=True, kw_only=True, tag="call.hangup"):
    """A call leg has ended. `sip_hangup_cause` is a SIP response code, or `unspecified` where there was none.

    `end_time` is not in Telnyx's schema, but in real bodies.
    """

    hangup_cause: HangupCause | None = None
    hangup_source: HangupSource | None = None
    sip_hangup_cause: str | None = None
    state: HangupState | None = None
    start_time: str | None = None
    end_time: str | None = None
    call_quality_stats: CallQuality | None = None
    custom_headers: tuple[Header, ...] | None = None
    sip_headers: tuple[SipHeader, ...] | None = None
    tags: tuple[str, ...] | None = None


class CallHold(PartiesWebhook, frozen=True, tag="call.hold"):
    """A call leg was put on hold."""


class CallUnhold(PartiesWebhook, frozen=True, tag="call.unhold"):
    """A call leg is no longer on hold."""


class ReferStarted(PartiesWebhook, frozen=True, kw_only=True, tag="call.refer.started"):
    """A call leg is being referred elsewhere. `sip_notify_response` is the SIP status that the other side reports."""

    sip_notify_response: int | None = None


class ReferCompleted(PartiesWebhook, frozen=True, kw_only=True, tag="call.refer.completed"):
    """A call leg was referred elsewhere."""

    sip_notify_response: int | None = None


class ReferFailed(PartiesWebhook, frozen=True, kw_only=True, tag="call.refer.failed"):
    """A call leg could not be referred elsewhere."""

    sip_notify_response: int | None = None


class CostPart(Part, frozen=True):
    """What one part of a call cost; `call_part` names it, and Telnyx may add to the names. Money is a decimal text."""

    call_part: str | None = None
    cost: str | None = None
    currency: str | None = None
    #: Per minute.
    rate: str | None = None
    billed_duration_secs: int | None = None


class CallCost(CallWebhook, frozen=True, kw_only=True, tag="call.cost"):
    """What a call cost. Comes only where the application has `call_cost_in_webhooks` on."""

    status: CostStatus | None = None
    total_cost: str | None = None
    #: The longest of the parts.
    billed_duration_secs: int | None = None
    billing_group_id: str | None = None
    cost_parts: tuple[CostPart, ...] | None = None
    occurred_at: str | None = None
