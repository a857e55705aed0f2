"""What every webhook's payload has in common, and what the events of calls and of conferences have.

Telnyx's bodies carry fields that its schema lacks and lack fields that it has. So nothing is required but the ids that
the engine cannot do without, unknown fields are passed over, and an enum is a text whose known values are told by
`documented`. Times are RFC 3339 texts, as they came. Source of all fields: Telnyx's OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from worker.events.webhooks.documented import documented

Direction = Annotated[str, documented("incoming", "outgoing")]
PartyType = Annotated[str, documented("pstn", "sip")]
Channels = Annotated[str, documented("single", "dual")]
RecordingFormat = Annotated[str, documented("wav", "mp3")]
SipHeaderName = Annotated[str, documented("User-to-User", "Diversion")]

#: The wire name of `Webhook.misread`, which no payload of Telnyx's has.
MISREAD = "(misread)"


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event_type"):
    """A webhook's payload. Its tag is Telnyx's event type, which a payload itself does not carry."""

    #: Documented fields that came with a value of another type, and were left out.
    misread: tuple[str, ...] = msgspec.field(default=(), name=MISREAD)

    @property
    def event_type(self) -> str:
        """Telnyx's name of the event."""
        return str(self.__struct_config__.tag)


class ApplicationWebhook(Webhook, frozen=True, kw_only=True):
    """An event of a Call Control application, which `connection_id` names."""

    connection_id: str | None = None


class CallDetails(ApplicationWebhook, frozen=True, kw_only=True):
    """What comes with every event of a call leg. `call_session_id` is shared by the legs of one phone call."""

    call_leg_id: str | None = None
    call_session_id: str | None = None
    #: Base64, as the last command that had one left it.
    client_state: str | None = None


class CallWebhook(CallDetails, frozen=True):
    """An event of a call leg."""

    call_control_id: str


class PartiesWebhook(CallWebhook, frozen=True, kw_only=True):
    """An event of a call leg that says who calls (`from_`) and who is called (`to`): numbers or SIP addresses."""

    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None


class ConferenceWebhook(ApplicationWebhook, frozen=True):
    """An event of a conference."""

    conference_id: str


class ConferenceLegWebhook(ConferenceWebhook, frozen=True, kw_only=True):
    """An event of a conference that tells of one call leg."""

    call_leg_id: str | None = None
    call_session_id: str | None = None
    client_state: str | None = None


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object inside a payload."""


class Header(Part, frozen=True):
    """A SIP header of a caller's or of our own."""

    name: str
    value: str


class SipHeader(Part, frozen=True):
    """A standard SIP header."""

    name: SipHeaderName
    value: str


class RecordingUrls(Part, frozen=True):
    """Where a recording can be fetched, in the format that was asked for."""

    mp3: str | None = None
    wav: str | None = None
