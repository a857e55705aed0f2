"""What people and the policy ask for."""

from __future__ import annotations

import msgspec


class SignIn(msgspec.Struct, frozen=True, tag="sign-in"):
    """An agent is to take calls; the engine reaches the agent and keeps the leg up."""

    by: str


AnyIntent = SignIn
