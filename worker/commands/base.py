"""What every command is."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, tag_field="command", omit_defaults=True):
    """One request to the Telnyx API."""
