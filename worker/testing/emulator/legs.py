"""A call leg, as the network knows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Stay:
    """A leg's time in a conference."""

    conference: str
    at: str
    left_at: str | None = None


@dataclass
class Heard:
    """Something that was said or played to a leg by itself: what, from when to when, and how it ended."""

    what: str
    at: str
    ended_at: str | None = None
    #: `completed`, `cancelled`, `call_hangup` or `file_not_found`.
    how: str | None = None


@dataclass(eq=False)
class Leg:
    """A call leg."""

    id: str
    leg_id: str
    session_id: str
    incoming: bool
    from_: str
    to: str
    started_at: str
    answered_at: str | None = None
    ended_at: str | None = None
    cause: str | None = None
    client_state: str | None = None
    queue: str | None = None
    conference: str | None = None
    stays: list[Stay] = field(default_factory=list)
    #: The leg that it is bridged with, and what becomes of it when that ends.
    peer: str | None = None
    after_unbridge: str = "hangup"
    held: bool = False
    #: The leg that it supervises, and how.
    supervises: str | None = None
    supervisor_role: str | None = None
    #: Tones that were sent to it.
    tones: str = ""
    #: What was to be said or played to it: texts, and addresses or names of audio; and what of that began.
    heard: list[str] = field(default_factory=list)
    sounds: list[Heard] = field(default_factory=list)
    #: Where its webhooks go instead of the application's URL, and after which pauses they are sent again.
    webhook_url: str | None = None
    webhook_urls: dict[str, str] = field(default_factory=dict)
    webhook_pauses_ms: dict[str, list[int]] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether the leg has not ended."""
        return self.ended_at is None
