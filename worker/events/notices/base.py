"""What every notice is."""

from __future__ import annotations

import msgspec


class Notice(msgspec.Struct, frozen=True, tag_field="notice", omit_defaults=True):
    """What one aggregate tells another: a fact or a request that is harmless when it comes twice."""
