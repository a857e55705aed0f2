"""What the door answers with, besides what became of an intent (`ingress.intents.past`)."""

from __future__ import annotations

import msgspec

#: How long a request may wait for an intent's end.
MAX_WAIT_SECS = 30.0


class Accepted(msgspec.Struct, frozen=True):
    """The answer to an intent that is in the log: its event's id, and where to ask what became of it."""

    id: str
    status: str


class Problem(msgspec.Struct, frozen=True):
    """Why not, in a sentence."""

    reason: str
