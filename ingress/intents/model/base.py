"""What every intent is, and where somebody is sent."""

from __future__ import annotations

import msgspec

from ingress.intents.fields import Name, PhoneAddress


class Intent(msgspec.Struct, frozen=True, tag_field="intent", omit_defaults=True, forbid_unknown_fields=True):
    """Something that is asked for."""


class Target(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where somebody is sent: exactly one of these."""

    queue: Name | None = None
    agent: Name | None = None
    number: PhoneAddress | None = None
    voicemail: Name | None = None
