"""How an emulator behaves. Times are seconds of its own clock."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

#: Three years are enough.
Secs = Annotated[float, msgspec.Meta(ge=0, le=1e8)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Url = Annotated[str, msgspec.Meta(pattern="^https?://.+", description="an address with http:// or https://")]


class Traffic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callers who ring by themselves."""

    to: str
    per_minute: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
    #: How long a caller waits to be connected before hanging up: between these.
    patience_secs: tuple[Secs, Secs] = (20.0, 60.0)
    #: How long a conversation lasts: between these.
    talk_secs: tuple[Secs, Secs] = (3.0, 6.0)


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone that we dial does; a phone that nothing is said of answers.

    `voicemail` answers too, as a machine that detection finds out; `unknown` is an address that there is not.
    """

    does: Literal["answer", "decline", "busy", "ring", "voicemail", "unknown"] = "answer"
    #: How long it rings before it does so; none: `EmulatorSettings.answer_secs`.
    after_secs: Secs | None = None


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong by itself, by chance: shares of all requests or webhooks. Can be changed while it runs."""

    #: Requests that are answered 429, or 500, 502 or 503, and have no effect.
    too_many: Share = 0.0
    failing: Share = 0.0
    #: Requests whose connection breaks, without or after their effect.
    reset_before: Share = 0.0
    reset_after: Share = 0.0
    #: Requests that are answered 200 and do nothing.
    no_effect: Share = 0.0
    #: How long every request takes, and by how much more at most: seconds of ours, not of its clock.
    latency_secs: Secs = 0.0
    latency_jitter_secs: Secs = 0.0
    #: Webhooks that are never sent, sent twice, or first sent to the failover URL.
    lost: Share = 0.0
    duplicated: Share = 0.0
    to_failover: Share = 0.0
    #: Each webhook is held back by up to so long, which is what mixes their order.
    reorder_secs: Secs = 0.0
    #: Webhooks that are held back by `late_secs` besides.
    late: Share = 0.0
    late_secs: Secs = 30.0
    #: Whether the webhooks' receiver cannot be reached at all.
    unreachable: bool = False


class Unconfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Telnyx does not say, or says in two ways: whoever relies on it should be right under each setting."""

    #: The reason of `call.dequeued` when a queued call joins a conference.
    dequeued_by_join: Literal["bridged", "bridging-in-process", "leave"] = "bridged"
    #: Whether a call that hangs up in a queue is told by `call.dequeued` too.
    dequeued_by_hangup: bool = True
    #: What a command with a known `command_id` is answered: as the first time, with a bare result, or refused.
    duplicate_command: Literal["same", "bare", "refused"] = "same"
    #: Whether a webhook that is sent again is signed with a new timestamp.
    signed_anew: bool = True
    #: Whether a receiver's redirect is followed (three at most), or is a failure that is not tried again.
    redirects: Literal["followed", "failure"] = "followed"
    #: Whether a webhook that comes twice, other than by being sent again, has the same id.
    duplicate_id: Literal["same", "new"] = "same"
    #: Whether a call must have been answered to be enqueued (90034).
    enqueue_needs_answer: bool = True
    #: Whether a call in one queue may be put into another: it moves, or is refused.
    second_queue: Literal["moves", "refused"] = "moves"
    #: What making a queue of a name that there is gets: a refusal, or the queue that there is.
    duplicate_queue: Literal["refused", "same"] = "refused"
    #: The reason of `conference.ended` after the `end` command, whose own is not among the webhook's.
    ended_by_command: Literal["all_left", "ended_via_api", "absent"] = "all_left"
    #: Whose client_state is in `conference.participant.*`: the conference's or the participant's.
    participant_state: Literal["conference", "participant"] = "conference"
    #: What a soft end does: the conference ends and lets its participants go, or only takes nobody in any more.
    soft_end: Literal["ends", "closes"] = "ends"
    #: Whether a 429 bears Retry-After beside x-ratelimit-reset.
    retry_after: bool = True
    #: What a command with another region than the conference's gets.
    foreign_region: Literal["not-found", "done"] = "not-found"
    #: The status of `call.speak.ended` when speech is stopped, for which its schema has none.
    stopped_speech: Literal["completed", "cancelled"] = "completed"
    #: Whether `call.recording.saved` bears the call_control_id and recording_id that its schema lacks.
    recording_ids: bool = True
    #: When a queue that stays empty is removed; none: never.
    queue_removed_after_secs: Secs | None = None


class EmulatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One emulator."""

    webhook_url: Url
    #: Where a webhook goes when two attempts on `webhook_url` have failed; empty: nowhere.
    webhook_failover_url: Annotated[
        str, msgspec.Meta(pattern=r"^(https?://.+)?$", description="an address with http:// or https://, or empty")
    ] = ""
    #: "2": wrapped in `data`, with `meta`; "1": the older envelope, an application's default when made by the API.
    webhook_api_version: Literal["1", "2"] = "2"
    #: An answer that takes longer is none: seconds of ours, not of its clock.
    webhook_timeout_secs: Annotated[float, msgspec.Meta(gt=0, le=30)] = 2.0
    webhook_attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    host: str = "127.0.0.1"
    #: 0: any free port.
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    #: What the bearer header must say; empty: one is made.
    api_key: str = ""
    #: Base64 of the 32 bytes that the signing key is made of; empty: a new key.
    signing_seed: str = ""
    connection_id: str = "1494404757140276705"
    #: Operations (`calls dial`, …) that the account may not do: 403.
    forbidden: list[str] = []
    #: Makes everything random repeatable, ids included; none: another one each time.
    seed: int | None = None
    #: How many of its seconds pass in one of ours; 0: none, but for what is asked for.
    speed: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 1.0
    region: Literal["Australia", "Europe", "Middle East", "US"] = "US"
    conditions: Conditions = Conditions()
    unconfirmed: Unconfirmed = Unconfirmed()
    #: Requests that an account may make in `rate_window_secs`; 0: any number, and no x-ratelimit headers.
    rate_limit: Annotated[int, msgspec.Meta(ge=0)] = 0
    rate_window_secs: Secs = 60.0
    #: Dials are counted over five seconds; 0: any number.
    dials_per_sec: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    #: How long an agent's phone rings before it is answered.
    answer_secs: Secs = 0.2
    #: What the phones at these addresses do instead of answering after `answer_secs`.
    phones: dict[str, Phone] = {}
    #: How often somebody who enters a conference speaks at once, which is told without the `data` wrapper.
    floor_change_rate: Share = 0.0
    #: How fast a text is spoken.
    characters_per_sec: Annotated[float, msgspec.Meta(gt=0)] = 40.0
    #: How long audio lasts.
    audio_secs: Secs = 1.0
    #: Audio that cannot be fetched.
    missing_audio: list[str] = []
    #: From the end of a recording to its being saved.
    saving_secs: Secs = 0.3
    traffic: Traffic | None = None
