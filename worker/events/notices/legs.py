"""From a call leg to whom it concerns: who had it dialled, or the agent who rings to log in. Times are Unix ms."""

from __future__ import annotations

from typing import Literal

from worker.events.notices.base import Notice
from worker.policy.model.basics import Digit

#: He is logged in now, or out; the PIN was wrong; too many were, and now none will do; the policy does not have him.
LoginAnswer = Literal["on", "off", "wrong", "locked", "refused"]


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
    """Call to agent: somebody rings us, says that he is you, and has entered a PIN, which is `right` or is not.

    With the right one he is logged in, or out if he is in; once for each `call`. `attempt` counts the PINs of a call.
    """

    call: str
    at_ms: int
    right: bool = True
    attempt: int = 1


class PhoneLoggedIn(Notice, frozen=True, tag="phone-logged-in"):
    """Agent to call: what has become of that attempt to log in. Unless it is `wrong`, say so and hang up.

    Who is nailed-up is dialled a few seconds later, when his phone is free.
    """

    answer: LoginAnswer
    attempt: int = 1


class LegKey(Notice, frozen=True, tag="leg-key"):
    """Call to agent: a key was pressed on your leg. `press` is the id of the event of it, and tells presses apart."""

    call: str
    digit: Digit
    press: str
