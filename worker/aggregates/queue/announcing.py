"""What a waiting caller hears from time to time: his position, how long it may take, a word of comfort."""

from __future__ import annotations

from worker.aggregates.queue.desk import Desk
from worker.aggregates.queue.places import rank_of
from worker.aggregates.queue.state import Caller, Queue
from worker.events import notices as n
from worker.policy.model import Sound, sound_of

MINUTE_MS = 60_000


def say(desk: Desk, caller: Caller) -> None:
    """Let a caller hear what is due, unless he still hears the last one; the next is due an interval from now."""
    rules = desk.rules.announcements
    if rules.every_secs <= 0 or caller.callback is not None:
        return
    desk.set("say", caller, desk.now_ms + round(rules.every_secs * 1000))
    sounds = _sounds(desk, caller)
    if caller.saying is None and sounds:
        desk.tell("call", caller.call, n.Announce(f"{desk.queue.name}/{desk.event.id}", sounds))


def position_of(queue: Queue, caller: Caller) -> int:
    """Return how many callers are to be connected before him, and one."""
    return queue.present.before(rank_of(caller)) + 1


def expected_wait_ms(queue: Queue, position: int) -> int | None:
    """Return how long the caller at *position* is expected to wait: position · handling time ÷ agents who work.

    Those before him count as far as they are answered, by what has been seen, and not as far as they give up. None:
    nothing is known of the handling time yet, or nobody works.
    """
    tally = queue.tally
    if not queue.working or not tally.handling_ms:
        return None
    stayed, left = tally.answered + tally.called_back, tally.abandoned
    before = (position - 1) * stayed // (stayed + left) if stayed + left else position - 1
    return (before + 1) * tally.handling_ms // queue.working


def _sounds(desk: Desk, caller: Caller) -> tuple[Sound, ...]:
    rules, sounds = desk.rules.announcements, list[Sound]()
    position = position_of(desk.queue, caller)
    wait_ms = expected_wait_ms(desk.queue, position)
    minutes = None if wait_ms is None else max(1, -(-wait_ms // MINUTE_MS))
    for text in (rules.position, rules.wait):
        if text is not None and not ("{minutes}" in text and minutes is None):
            spoken = text.replace("{position}", str(position)).replace("{minutes}", str(minutes))
            sounds.append(Sound(text=spoken))
    if rules.comfort:
        sounds.append(sound_of(rules.comfort[caller.said % len(rules.comfort)]))
    return tuple(sounds)
