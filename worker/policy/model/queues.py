"""A queue's rules."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from worker.policy.model.basics import (
    Announcement,
    Digit,
    Level,
    Name,
    Percent,
    PhoneNumber,
    PositiveSeconds,
    Priority,
    Seconds,
    Text,
)
from worker.policy.model.goals import Goal, Music

#: Telnyx's queue holds so many more than ours: whoever comes when ours is full is in it until he is led on.
TELNYX_SIZE_SLACK = 100
Strategy = Literal[
    "longest-idle", "round-robin", "top-down", "fewest-calls", "least-talk-time", "random", "ring-all", "skills"
]
Attempts = Annotated[int, msgspec.Meta(ge=1, le=20, description="a whole number from 1 to 20")]
DEFAULT_APOLOGY = "We are sorry, nobody can take your call now. Please call again later."


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which conversations are recorded, and how."""

    #: `some`: so many in a hundred. `asked`: only when an intent asks for it.
    record: Literal["all", "none", "some", "asked"] = "all"
    percent: Percent = 100
    #: An own rule in Python, asked instead of `record`.
    rule: Name | None = None
    format: Literal["mp3", "wav"] = "mp3"
    channels: Literal["single", "dual"] = "dual"
    #: Heard by the caller before he waits, where the law asks for it.
    announce: Announcement | None = None
    #: The agent presses these to pause and to resume; none: by intent only.
    pause_key: Digit | None = None
    resume_key: Digit | None = None


class Relaxed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After so long a wait a lower level is enough; 0: the skill is not needed any more."""

    after_secs: Seconds
    level: Annotated[int, msgspec.Meta(ge=0, le=100, description="a whole number from 0 to 100")]


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A skill that an agent must have for this queue's callers."""

    level: Level = 1
    relax: tuple[Relaxed, ...] = ()


class Announcements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What callers hear while they wait. A text may hold `{position}` and `{minutes}`."""

    #: 0: nothing is said at intervals.
    every_secs: Seconds = 0
    first_secs: Seconds = 10
    position: Text | None = "You are number {position} in the queue."
    #: `{minutes}` is the expected wait, rounded up. Left out while nothing is known of it.
    wait: Text | None = None
    #: Said in turn, one at each interval, after the position.
    comfort: tuple[Announcement, ...] = ()


class Callback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A caller hangs up, keeps his place, and is dialled when it is his turn."""

    #: Whose phone rings first.
    first: Literal["agent", "caller"] = "agent"
    confirm: Announcement = "You keep your place. We call you back. Goodbye."
    attempts: Attempts = 3
    retry_secs: PositiveSeconds = 300
    #: Whose turn has not come by then is not called back.
    keep_secs: PositiveSeconds = 14_400
    ring_secs: Annotated[int, msgspec.Meta(ge=5, le=600, description="whole seconds from 5 to 600")] = 30
    #: The number that the caller sees; the tenant's, if none.
    caller_id: PhoneNumber | None = None


class Key(Goal, frozen=True, forbid_unknown_fields=True):
    """What a key does that a waiting caller presses."""

    callback: bool = False


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a queue treats its callers."""

    strategy: Strategy = "longest-idle"
    #: An own strategy in Python, asked instead of `strategy`, which stands in where it fails.
    rule: Name | None = None
    #: For `ring-all`: so many agents ring at the same time.
    ring_at_once: Annotated[int, msgspec.Meta(ge=1, le=50, description="a whole number from 1 to 50")] = 5
    #: Agents of the next tier are asked when a caller has waited so long for each tier below.
    tier_secs: Seconds = 30
    #: A tier of which nobody is logged in is passed over at once.
    skip_empty_tiers: bool = True
    skills: dict[Name, Requirement] = {}
    #: Added to its callers' priority; to another queue they take it along.
    priority: Priority = 0
    #: A caller who is meant for one agent waits for him alone so long, and not at all when he is logged out.
    personal_secs: PositiveSeconds = 60
    #: Nobody waits longer: then `waited`.
    max_wait_secs: PositiveSeconds = 900
    #: The same while no agent is logged in; none: `max_wait_secs`.
    max_wait_unstaffed_secs: PositiveSeconds | None = None
    #: So many wait at most; whoever comes then goes to `full`.
    max_size: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")] = 300
    #: Whether callers may enter while no agent is logged in; else they go to `unstaffed`.
    join_unstaffed: bool = True
    #: Whether those who wait go to `unstaffed` when the last agent logs out.
    leave_when_unstaffed: bool = False
    #: The name of opening hours; callers who come outside them go to `closed`.
    hours: Name | None = None
    #: Where callers go who cannot be served. None: the apology, and the call ends.
    waited: Goal | None = None
    full: Goal | None = None
    unstaffed: Goal | None = None
    closed: Goal | None = None
    apology: Announcement | None = DEFAULT_APOLOGY
    keys: dict[Digit, Key] = {}
    callback: Callback = Callback()
    #: Who hangs up before is not counted as having abandoned.
    short_abandon_secs: Seconds = 5
    #: Who hung up and rings again within this gets his place back; so does, if it is not 0, who was to be called back.
    resume_secs: Seconds = 0
    #: An agent who has not taken an offer by then is passed over.
    offer_secs: PositiveSeconds = 10
    #: A caller who is not in the agent's conference by then is looked for, and offered again if he is not there.
    connect_secs: PositiveSeconds = 10
    #: A caller whose connection failed so often hears the apology.
    max_attempts: Attempts = 3
    #: Instead of the agent's own; an agent's wrap-up is that of the queue from which the caller came.
    wrap_up_secs: Seconds | None = None
    #: The threshold of the service level.
    service_level_secs: PositiveSeconds = 20
    music: Music = Music()
    announcements: Announcements = Announcements()
    recording: Recording = Recording()

    @property
    def size_at_telnyx(self) -> int:
        """How many calls Telnyx's queue is to hold."""
        return self.max_size + TELNYX_SIZE_SLACK
