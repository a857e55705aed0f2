"""Where a caller goes: what a number, a menu's key, a queue's end and a transfer all come to."""

from __future__ import annotations

from typing import Annotated

import msgspec

from worker.policy.model.basics import Announcement, Digit, Name, PhoneAddress, PositiveSeconds, Priority, Url


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a caller goes next: at most one of the ways. None: the call is ended, after `say`, if that is set."""

    queue: Name | None = None
    menu: Name | None = None
    voicemail: Name | None = None
    #: A number or SIP URI outside, to which the call is transferred.
    number: PhoneAddress | None = None
    #: The caller is an agent, who logs in or out here by name and PIN.
    login: bool = False
    #: Heard first.
    say: Announcement | None = None
    #: Added to the caller's priority.
    priority: Priority = 0


class Menu(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys to choose from."""

    prompt: Announcement
    choices: dict[Digit, Goal]
    #: Where a caller goes who has not chosen.
    otherwise: Goal = Goal()
    #: Said after a key that means nothing, before the prompt is repeated.
    invalid: Announcement | None = None
    timeout_secs: PositiveSeconds = 6
    #: How often the prompt is repeated.
    retries: Annotated[int, msgspec.Meta(ge=0, le=20, description="a whole number from 0 to 20")] = 2


class Voicemail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box for messages."""

    prompt: Announcement = "Please leave a message after the tone."
    max_secs: PositiveSeconds = 180
    #: A silence of so long ends the message.
    silence_secs: PositiveSeconds = 5
    thanks: Announcement | None = "Thank you. Goodbye."


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said to agents who log in by phone."""

    extension: Announcement = "Please enter your extension, and then the hash key."
    pin: Announcement = "Please enter your PIN, and then the hash key."
    wrong: Announcement = "That is not right."
    on: Announcement = "You are logged in. Goodbye."
    off: Announcement = "You are logged out. Goodbye."
    #: After five wrong PINs within an hour, in whatever calls: for an hour, also to who has the right one.
    locked: Announcement = "There were too many wrong PINs. Please try again later. Goodbye."
    #: After three tries, or where the policy does not have the agent any more.
    refused: Announcement = "You cannot log in now. Goodbye."


class CallerRule(Goal, frozen=True, forbid_unknown_fields=True, rename={"callers": "from"}):
    """What is different for some callers. The first rule of a number that fits is taken.

    A rule without a way of its own keeps the number's, and adds its priority to the number's. Closed is closed for all.
    """

    #: Numbers in E.164 form; one that ends in "*" means all that begin so. `anonymous`: no number is shown.
    callers: tuple[Name, ...] = ()
    #: Refused without being answered.
    block: bool = False


class Number(Goal, frozen=True, forbid_unknown_fields=True):
    """The entry point of a dialled number: who rings it when, and goes where."""

    greeting: Announcement | None = None
    #: The name of opening hours; outside them `closed` is where callers go.
    hours: Name | None = None
    closed: Goal = Goal(say="We are closed now. Please call again during our opening hours.")
    rules: tuple[CallerRule, ...] = ()
    #: An own rule in Python, asked before `rules`.
    rule: Name | None = None


class Music(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is heard while waiting or held: at most one of the two; none: silence."""

    audio: Url | None = None
    media: Name | None = None
