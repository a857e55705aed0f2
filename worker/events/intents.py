"""What the policy and operators ask of an aggregate. What people and programs ask is in `ingress.intents.model`."""

from __future__ import annotations

from typing import Literal

import msgspec


class Enrol(msgspec.Struct, frozen=True, tag="enrol"):
    """To an agent: the policy has you, to be reached like this.

    `log_in`: the policy logs you in. That is done once, until the policy has had you otherwise: who has logged out
    himself stays so, however often the policy is read.
    """

    by: str
    log_in: bool = True
    reach: Literal["nailed-up", "on-demand"] = "nailed-up"


class Strike(msgspec.Struct, frozen=True, tag="strike"):
    """The policy has you no more. An agent is logged out, after the conversation that he may be in.

    A queue sends its callers away, which it would do at its next event in any case.
    """

    by: str


class Release(msgspec.Struct, frozen=True, tag="release"):
    """An aggregate is to leave quarantine: the events that wait are taken in, but for the entry `without`, if any."""

    by: str
    without: str = ""


AnyIntent = Enrol | Strike | Release
