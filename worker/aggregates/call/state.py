"""What is known of one call leg, and what has been asked for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from ingress.envelope import Address, AggregateKind
from worker.events.notices import Announce, GoOnReason
from worker.policy.model import Goal

#: Things that are asked, or told, once in a leg's life.
Step = Literal["answer", "reject", "hangup", "told-gone", "told-up", "told-ended", "told-machine", "told-waiting"]


class Ended(msgspec.Struct, frozen=True, order=True):
    """The end of the leg as `call.hangup` told it. The earliest one counts."""

    at_ms: int
    cause: str
    source: str


class Joining(msgspec.Struct, frozen=True):
    """The conference that a queue wants the caller in."""

    offer: str
    conference: str
    step: Literal["wanted", "asked", "in", "failed"] = "wanted"
    failure: Literal["conference-gone", "refused"] | None = None


#: How a leave stands. `unsure`: nobody knows what became of it. `pausing`: it will be asked for again.
LeaveStep = Literal["leave", "asked", "unsure", "pausing", "left"]


class Undoing(msgspec.Struct, frozen=True):
    """A join that a queue has taken back. Until its leave has ended, it may still have its effect."""

    offer: str
    conference: str
    step: LeaveStep


class Owner(msgspec.Struct, frozen=True):
    """The aggregate that had a leg dialled, and what for."""

    kind: AggregateKind
    id: str
    purpose: str = ""


class Course(msgspec.Struct, frozen=True):
    """Where the caller is being led. `hop` numbers the goals of the leg's life; it is part of each mark."""

    goal: Goal
    hop: int


class Keyed(msgspec.Struct, frozen=True, order=True):
    """What became of asking for digits. A PIN's are left out: a state is shown to people."""

    status: str
    digits: str = ""


class Message(msgspec.Struct, frozen=True, order=True):
    """A message that the caller has left in the box of a name; it can be fetched from Telnyx by its `recording_id`."""

    box: str
    recording_id: str
    started_at: str
    ended_at: str


class Visit(msgspec.Struct, frozen=True):
    """What has been done in one goal's name. It begins anew with the next goal."""

    #: The transfer to a number outside.
    transfer: Literal["asked", "talking", "over"] | None = None
    #: The agent whose PIN was entered, which attempt of this call that was, and what he has told; None: it was wrong.
    agent: str = ""
    attempt: int = 0
    login: Literal["asked", "on", "off", "locked", "refused"] | None = None


class Call(msgspec.Struct, frozen=True, tag="call"):
    """One call leg.

    The first group of fields is what webhooks said, in a form that does not depend on their order or repetition.
    """

    address: Address
    direction: str | None = None
    #: Telnyx waits for us to answer it.
    parked: bool = False
    number: str | None = None
    dialled: str | None = None
    #: Who had this leg dialled; None: a caller's.
    owner: Owner | None = None
    initiated_ms: int | None = None
    answered_ms: int | None = None
    ended: Ended | None = None
    #: What detection has found; None: nothing yet.
    machine: bool | None = None
    #: The marks of what was heard to its end (speech, audio), or recorded to its end.
    speeches_ended: frozenset[str] = frozenset()
    #: What was keyed when it was asked for, by mark.
    keyed: dict[str, Keyed] = {}
    #: When the last asking for digits ended: a key pressed before belongs to it. Telnyx's time.
    keyed_ms: int = 0
    messages: tuple[Message, ...] = ()
    #: Event types that nothing acts upon.
    others: frozenset[str] = frozenset()

    done: frozenset[Step] = frozenset()
    #: The marks of what was commanded: speech, audio, digits, recordings, transfers.
    asked: frozenset[str] = frozenset()
    #: A command or a read showed that the leg is no more, whatever webhooks say.
    gone: bool = False
    #: An intent asks for the leg's end.
    end_asked: bool = False
    course: Course | None = None
    visit: Visit = Visit()
    #: Of all goals so far.
    priority: int = 0
    #: Since when he has been waiting in any queue.
    since_ms: int | None = None
    #: The only agent who is to be offered to him.
    agent: str | None = None
    #: Queues that would not have him since he last chose anything.
    turned_away: frozenset[str] = frozenset()
    queue: str | None = None
    #: The last queue that he was in, and is no more: its words are his.
    last_queue: str | None = None
    place: Literal["none", "asked", "waiting"] = "none"
    #: The queue is to be left, for `course` leads on.
    leaving: bool = False
    #: When the last one was left: who comes back to it comes later than that.
    left_ms: int = 0
    #: How often entering the queue has been put off by a refusal that passes.
    retries: int = 0
    #: The mark of what he hears at our command, if nothing says that it is over.
    sounding: str | None = None
    #: How often music was begun; and whether it is left at that, for it could not be played.
    music: int = 0
    silent: bool = False
    #: What the queue wants him to hear, in order.
    announcements: tuple[Announce, ...] = ()
    joining: Joining | None = None
    #: Joins that are being taken back, before anything else is done with the leg.
    undoing: tuple[Undoing, ...] = ()
    dismissed: GoOnReason | None = None

    @property
    def id(self) -> str:
        """Telnyx's call_control_id."""
        return self.address.id

    @property
    def over(self) -> bool:
        """Whether the leg has ended, by whatever way that is known."""
        return self.gone or self.ended is not None

    @property
    def known(self) -> bool:
        """Whether anything is known of the leg but its id."""
        return self.initiated_ms is not None or self.owner is not None or self.course is not None

    @property
    def waits(self) -> bool:
        """Whether the caller waits in a queue that knows him, and is to stay there."""
        return (
            self.place == "waiting"
            and "told-waiting" in self.done
            and self.joining is None
            and not self.leaving
            and self.dismissed is None
        )

    @property
    def called_back(self) -> bool:
        """Whether this is somebody whom a queue has called, and who has not been led on from there."""
        return (
            self.owner is not None and self.owner.kind == "queue" and self.course is not None and self.course.hop == 1
        )

    def heard(self, mark: str) -> bool:
        """Return whether what *mark* names was heard to its end."""
        return mark in self.speeches_ended


#: What marks are made of: `3:menu:1` is the first asking in the third goal's menu.
What = Literal["say", "menu", "wrong", "prompt", "record", "thanks", "transfer", "ext", "pin", "told"]


def mark(hop: int, what: What, number: int = 0) -> str:
    """Return the mark of something done in a goal's name."""
    return f"{hop}:{what}:{number}" if number else f"{hop}:{what}"


def what_of(name: str) -> str:
    """Return what a mark is about; "" for one that is not of a goal."""
    hop, _, rest = name.partition(":")
    return rest.partition(":")[0] if hop.isdecimal() else ""


def announcement_mark(announcement: str, number: int) -> str:
    """Return the mark of one sound of an announcement."""
    return f"a:{announcement}:{number}"


def notice_mark(queue: str) -> str:
    """Return the mark of a queue's recording notice."""
    return f"notice:{queue}"
