"""From a call leg to whom it concerns: who had it dialled, or the agent who rings to log in. Times are Unix ms."""

from __future__ import annotations

from worker.events.notices.base import Notice
from worker.policy.model.basics import Digit


class LegAnswered(Notice, frozen=True, tag="leg-answered"):
    """Call to its owner: your leg is up. `purpose` is what the owner wrote when it dialled."""

    call: str
    at_ms: int
    purpose: str = ""


class LegEnded(Notice, frozen=True, tag="leg-ended"):
    """Call to its owner: your leg has ended; `cause` is Telnyx's hangup_cause, `answered` whether it was up before."""

    call: str
    at_ms: int
    cause: str
    purpose: str = ""
    answered: bool = False


class MachineDetected(Notice, frozen=True, tag="machine-detected"):
    """Call to its owner: what Telnyx's answering machine detection has found; `machine` is false for anybody else.

    Told of every leg that was dialled with the detection, whatever it found: the owner waits for it.
    """

    call: str
    purpose: str = ""
    machine: bool = True


class PhoneLogin(Notice, frozen=True, tag="phone-login"):
    """Call to agent: he rings us, and his PIN is right. He is logged in, or out if he is in; once for each `call`."""

    call: str
    at_ms: int


class PhoneLoggedIn(Notice, frozen=True, tag="phone-logged-in"):
    """Agent to call: he is logged in now (`on`), or out; or neither, for the policy does not have him (`refused`).

    Say so and hang up: who is nailed-up is dialled a few seconds later, when his phone is free.
    """

    on: bool
    refused: bool = False


class LegKey(Notice, frozen=True, tag="leg-key"):
    """Call to agent: a key was pressed on your leg. `press` is the id of the event of it, and tells presses apart."""

    call: str
    digit: Digit
    press: str
