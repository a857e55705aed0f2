"""What people and the policy ask for."""

from __future__ import annotations

import msgspec


class SignIn(msgspec.Struct, frozen=True, tag="sign-in"):
    """An agent is to take calls; the engine reaches the agent and keeps the leg up."""

    by: str


class Release(msgspec.Struct, frozen=True, tag="release"):
    """An aggregate is to leave quarantine: the events that wait are taken in, but for the entry `without`, if any."""

    by: str
    without: str = ""


AnyIntent = SignIn | Release
