"""The scalars of the policy file, secrets and voices. Times are seconds, as a person writes them.

Each `description` is what the loader says to a person who wrote something else. A pattern's `$` alone would let a line
break stand at the end.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=14400, description="seconds from 0 to 14400")]
PositiveSeconds = Annotated[float, msgspec.Meta(gt=0, le=14400, description="seconds above 0 up to 14400")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, description="1 to 255 characters")]
#: It stands in the webhook's address.
TenantName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$(?!\n)",
        description="of small letters, digits and hyphens, at most 63, for it stands in the webhook's address",
    ),
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=3000, description="1 to 3000 characters")]
PhoneNumber = Annotated[
    str,
    msgspec.Meta(pattern=r"^\+[1-9][0-9]{4,14}$(?!\n)", description='a number in E.164 form, such as "+13125550131"'),
]
#: Where a person can be reached.
PhoneAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(\+[1-9][0-9]{4,14}|sips?:[^\s@]+@[^\s@]+)$(?!\n)",
        description='a number in E.164 form, or a SIP URI such as "sip:alice@sip.telnyx.com"',
    ),
]
Url = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[^\s@]+$(?!\n)", description="an address with http:// or https://, without a user"
    ),
]
#: Who goes first: a higher number. 1000 and above are the engine's own.
Priority = Annotated[int, msgspec.Meta(ge=-999, le=999, description="a whole number from -999 to 999")]
#: How well somebody has a skill, or how well somebody must have it.
Level = Annotated[int, msgspec.Meta(ge=1, le=100, description="a whole number from 1 to 100")]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100, description="a number from 0 to 100")]
#: A key of the telephone.
Digit = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is found: exactly one of an environment variable or a file. Its value is never in the policy."""

    env: str | None = None
    file: str | None = None


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How announcements sound (Telnyx's `voice` and `language`)."""

    voice: Name = "female"
    language: Name | None = "en-US"


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be heard: exactly one of a text, the address of an audio file, and the name of one at Telnyx."""

    text: Text | None = None
    #: MP3 or WAV (Telnyx's `audio_url`).
    audio: Url | None = None
    #: A file uploaded to Telnyx (`media_name`).
    media: Name | None = None
    #: Instead of the tenant's voice; for a text only.
    voice: Voice | None = None


#: A text alone is said with the tenant's voice.
Announcement = Text | Sound


def sound_of(announcement: Announcement) -> Sound:
    """Return *announcement* as a `Sound`."""
    return Sound(text=announcement) if isinstance(announcement, str) else announcement
