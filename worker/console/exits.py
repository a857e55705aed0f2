"""How commands end: the one table of exit statuses."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Exit(IntEnum):
    """Exit statuses, each with what it says."""

    OK = 0, "done"
    BROKEN = 1, "an invariant does not hold, or an error that nobody foresaw"
    USAGE = 2, "usage or a setting is wrong, or a question was not agreed to; nothing was sent"
    REFUSED = 3, "refused by Telnyx (409, 422 and other 4xx)"
    NOT_FOUND = 4, "not found (404, or an id that is no call's: 90015)"
    UNREACHABLE = 5, "unreachable, or no answer in time; it is said when there may have been an effect"
    DENIED = 6, "the API key is not accepted (401), or may not do this (403)"
    LIMITED = 7, "more than Telnyx's rate limit (429)"
    FAILED = 8, "Telnyx failed (5xx), or answered in a way that is not documented"
    INTERRUPTED = 130, "interrupted"
    CLOSED = 141, "whoever read the output, as `head`, had seen enough"

    meaning: str

    def __new__(cls, status: int, meaning: str) -> Exit:
        """Make a member of a status and its meaning."""
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member


#: What they say of an intent, or of what is looked for.
ASKING: Mapping[Exit, str] = MappingProxyType(
    {
        Exit.OK: "done; with --wait-secs 0: it is in the log",
        Exit.USAGE: "usage or a setting is wrong, or the key was used for another intent; nothing was asked",
        Exit.REFUSED: "refused, with the reason; nothing was changed",
        Exit.NOT_FOUND: "there is none of that name (list, show), no such tenant, or no intents are taken there",
        Exit.UNREACHABLE: "not reached, or not at its end in time; it is said when it may have been asked",
        Exit.DENIED: "the token is not accepted (401), or may not ask this (403)",
        Exit.FAILED: "failed: refused by Telnyx, or in quarantine; or what answered is no ingress that works",
        Exit.INTERRUPTED: Exit.INTERRUPTED.meaning,
    }
)


def told(meanings: Mapping[Exit, str]) -> str:
    """Return exit statuses as the end of a help in Markdown."""
    lines = "\n".join(f"- {status.value}: {meaning}" for status, meaning in meanings.items())
    return f"Exit statuses:\n\n{lines}"
