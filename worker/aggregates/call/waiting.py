"""A caller in a queue: put into it, entertained while he waits, and joined to the agent whom the queue has for him."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

from ingress.envelope import Address
from worker.aggregates.call.fold import MAX_RETRIES
from worker.aggregates.call.saying import hush, play_music, say
from worker.aggregates.call.state import Call, announcement_mark, notice_mark
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer, Tell
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Outcome, Refused
from worker.policy.model import Announcement, Digit, Queue, Tenant

RETRY_MS = 1_000
#: Telnyx's own limit in its queue is a net below ours, for the case that nobody is left to end the wait.
TELNYX_WAIT_SLACK_SECS = 60
DIGITS = frozenset(get_args(Digit))


def wait_in(call: Call, name: str, event: Event, policy: Tenant) -> Iterator[Act]:
    """Put the caller into the queue of this name, let him hear what it has for him, join him when it says so."""
    queue = policy.queues[name]
    to = Address(call.address.tenant, "queue", name)
    notice = _notice(queue)
    if call.called_back:
        # The queue knows him by the leg that it has dialled: he is in none of Telnyx's.
        yield from _called_back(call, event, policy, queue, to)
        return
    if call.joining is None and call.place == "none":
        if notice is not None and not call.heard(notice_mark(name)):
            if notice_mark(name) not in call.asked:
                yield from say(call, event, policy, notice_mark(name), notice)
            return
        wait_secs = int(queue.max_wait_secs) + TELNYX_WAIT_SLACK_SECS
        yield Send(c.Enqueue(call.id, name, wait_secs, queue.size_at_telnyx))
    if call.place == "asked" and _was_put_off(event) and call.retries <= MAX_RETRIES:
        yield SetTimer("enqueue", event.received_ms + RETRY_MS)
    if call.place == "waiting" and "told-waiting" not in call.done:
        number = call.number if call.owner is None else call.dialled
        now_ms = max(event.received_ms, call.left_ms + 1)
        yield Tell(to, n.CallerWaiting(call.id, number or "", now_ms, call.since_ms, call.priority, call.agent))
    yield from _join(call, to)
    if call.joining is not None:
        yield from drop_announcements(call)
    elif call.waits:
        yield from _pressed(call, event, to)
        yield from _entertain(call, event, policy, queue)


def _called_back(call: Call, event: Event, policy: Tenant, queue: Queue, to: Address) -> Iterator[Act]:
    """Join somebody whom the queue has called; he too must have heard that he is recorded."""
    notice = _notice(queue)
    if notice is not None and not call.heard(notice_mark(to.id)):
        if notice_mark(to.id) not in call.asked:
            yield from say(call, event, policy, notice_mark(to.id), notice)
        return
    yield from _join(call, to)
    if call.joining is None:
        yield from _entertain(call, event, policy, queue)


def _notice(queue: Queue) -> Announcement | None:
    return None if queue.recording.record == "none" else queue.recording.announce


def drop_announcements(call: Call) -> Iterator[Act]:
    """Tell the queue that what it wants said will not be."""
    if call.queue is None:
        return
    to = Address(call.address.tenant, "queue", call.queue)
    yield from (Tell(to, n.Announced(call.id, each.announcement)) for each in call.announcements)


def _entertain(call: Call, event: Event, policy: Tenant, queue: Queue) -> Iterator[Act]:
    """Let one announcement be heard after the other, and music between them."""
    for announcement in call.announcements[:1]:
        for number, sound in enumerate(announcement.sounds):
            mark = announcement_mark(announcement.announcement, number)
            if mark not in call.asked:
                yield from say(call, event, policy, mark, sound)
            if not call.heard(mark):
                return
        to = Address(call.address.tenant, "queue", call.queue or "")
        yield Tell(to, n.Announced(call.id, announcement.announcement))
        return
    music = queue.music
    if (music.audio or music.media) and call.sounding is None and not call.silent:
        yield from play_music(call, music)


def _pressed(call: Call, event: Event, to: Address) -> Iterator[Act]:
    """Pass a key on to the queue, unless it was pressed for a menu: webhooks come in any order."""
    body = event.body
    if not isinstance(body, w.DtmfReceived) or body.digit not in DIGITS or event.occurred_ms <= call.keyed_ms:
        return
    yield Tell(to, n.KeyPressed(call.id, cast("Digit", body.digit), event.event_id))


def _join(call: Call, to: Address) -> Iterator[Act]:
    joining = call.joining
    if joining is None:
        return
    if joining.step == "wanted":
        yield Send(c.JoinConference(joining.conference, call.id))
        yield from hush(call)
    elif joining.step == "failed":
        yield Tell(to, n.JoinFailed(joining.offer, call.id, joining.failure or "refused"))


def _was_put_off(event: Event) -> bool:
    body = event.body
    return (
        isinstance(body, Outcome)
        and isinstance(body.command, c.Enqueue)
        and isinstance(body.result, Refused)
        and body.result.disposition == "wait"
    )
