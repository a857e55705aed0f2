"""Views in words, for tables and pictures. Ages are against *now_ms*, Redis's time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from worker.console.table import counted
from worker.console.telnyx.cells import readable
from worker.console.watching.columns import Cell
from worker.views.model import AgentState, AgentView, AnyView, CallView, ConferenceView, QueueView

#: What is older than this is said to be: an owner publishes at least every 2 s.
OLD_MS = 5_000
QUEUE_COLUMNS = ("queue", "waiting", "longest", "in time", "answered", "abandoned", "talking", "agents")
AGENT_COLUMNS = ("agent", "state", "for", "next", "caller", "queue", "answered")
CONFERENCE_COLUMNS = ("conference", "of", "for", "in", "talk")
CALL_COLUMNS = ("call", "from", "to", "place", "for", "where")
#: The states of which a queue's row tells how many agents are in them, with their short words.
SHORT: dict[AgentState, str] = {
    "available": "free", "reserved": "ringing", "busy": "busy", "wrapping-up": "wrap-up", "paused": "paused",
    "delayed": "delayed",
}  # fmt: skip


def span(ms: int) -> str:
    """Return a time as a clock shows it: `0:07`, `12:30`, `2:04:00`."""
    secs = max(0, ms) // 1000
    minutes, hours = secs // 60, secs // 3600
    return f"{hours}:{minutes % 60:02}:{secs % 60:02}" if hours else f"{minutes}:{secs % 60:02}"


def age(since_ms: int | None, now_ms: int) -> str:
    """Return how long ago something was; nothing where that is not known."""
    return span(now_ms - since_ms) if since_ms else ""


class Dated(Protocol):
    """Views that were published together: how old they are at most, and how many partitions have none."""

    @property
    def as_of_ms(self) -> int | None:
        """The oldest moment of all partitions; None: nothing has been published."""

    @property
    def unpublished(self) -> int:
        """How many partitions were never published."""


def is_old(dated: Dated, now_ms: int) -> bool:
    """Return whether what is told may not be of now."""
    return dated.as_of_ms is None or bool(dated.unpublished) or now_ms - dated.as_of_ms > OLD_MS


def age_of(dated: Dated, now_ms: int) -> str:
    """Return how old what is told is, and where to look when it is too old."""
    if dated.as_of_ms is None:
        return "nothing is published yet: does a worker run?"
    told = f"as of {span(now_ms - dated.as_of_ms)} ago"
    if dated.unpublished:
        told += f", {counted(dated.unpublished, 'partition')} not published"
    return f"{told}: see switchhook partitions" if is_old(dated, now_ms) else told


def share(part: float | None) -> str:
    """Return a share in per cent; `-` where there is none."""
    return "-" if part is None else f"{part:.0%}"


def named(view: AnyView, now_ms: int) -> str:
    """Return a view's name, with what is wrong with it."""
    return _name(view, now_ms).whole


def row_of(view: AnyView, now_ms: int) -> list[str]:
    """Return a view as the cells under its kind's columns."""
    return [cell.whole for cell in cells_of(view, now_ms)]


def cells_of(view: AnyView, now_ms: int) -> list[Cell]:
    """Return a view as the cells under its kind's columns, with what each says where there is little room."""
    match view:
        case QueueView():
            return _queue(view, now_ms)
        case AgentView():
            return _agent(view, now_ms)
        case ConferenceView():
            return _conference(view, now_ms)
        case CallView():
            return _call(view, now_ms)


def states_of(agents: dict[AgentState, int], order: Iterable[AgentState]) -> tuple[str, str, str]:
    """Return how many agents are in each state of *order*: all, those that count most, and one of all."""
    told = {state: f"{agents[state]} {SHORT.get(state, state)}" for state in order if agents.get(state)}
    shown = [state for state in ("available", "busy") if agents.get(state)]
    others = sum(agents[state] for state in told if state not in shown)
    fewer = [told[state] for state in told if state in shown] + (
        [f"{others} other{'' if others == 1 else 's'}"] if others else []
    )
    return (
        ", ".join(told.values()),
        ", ".join(fewer),
        f"{agents.get('available', 0)} of {sum(agents[state] for state in told)} free",
    )


def _name(view: AnyView, now_ms: int) -> Cell:
    wrong = ["stands still"] if view.quarantined else []
    if now_ms - view.as_of_ms > OLD_MS:
        wrong.append(f"{span(now_ms - view.as_of_ms)} old")
    closed = isinstance(view, QueueView) and view.closed is not None
    told = ", ".join([*wrong, *(["closed"] if closed else [])])
    return Cell(readable(view.name), f" ({told})" if told else "")


def _plain(*texts: str) -> list[Cell]:
    return [Cell(readable(text)) for text in texts]


def _queue(view: QueueView, now_ms: int) -> list[Cell]:
    counts = view.counts
    every, fewer, free = states_of(view.agents, SHORT)
    waiting = str(view.waiting) + (f" ({view.callbacks} back)" if view.callbacks else "")
    return [
        _name(view, now_ms),
        *_plain(
            waiting,
            age(view.longest_since_ms, now_ms),
            share(counts.service_level),
            str(counts.answered + counts.called_back),
            str(counts.abandoned + counts.short_abandoned),
            str(view.talking),
        ),
        Cell(every or "nobody", shorter=(fewer, free) if every else ()),
    ]


def _agent(view: AgentView, now_ms: int) -> list[Cell]:
    state, more = view.state, ""
    if view.state == "wrapping-up" and view.until_ms:
        more = f"{span(view.until_ms - now_ms)} left"
    elif view.delay is not None:
        more = view.delay
    elif view.state == "paused" and view.reason:
        more = readable(view.reason)
    caller = view.caller
    return [
        _name(view, now_ms),
        Cell(f"{state} ({more})" if more else state, shorter=(state,)),
        *_plain(
            age(view.since_ms, now_ms),
            view.pending or "",
            (caller.number or caller.call) if caller else "",
            caller.queue if caller else "",
            str(view.answered),
        ),
    ]


def _conference(view: ConferenceView, now_ms: int) -> list[Cell]:
    talk = [
        word
        for word, so in (
            ("handed over", view.handed_over),
            ("on hold", view.held),
            ("mute", view.muted),
            ("recording" if view.recording == "on" else "recording paused", view.recording != "off"),
            (readable(view.trouble), bool(view.trouble)),
        )
        if so
    ]
    queue = readable(view.queue) if view.queue and view.call is not None else ""
    people = [
        (each.role, each.role if each.whom == view.agent else f"{each.role} {each.whom}") for each in view.participants
    ]
    inside = ", ".join(f"{each.role} {each.whom}".rstrip() for each in view.participants)
    others, roles = ", ".join(whom.rstrip() for _, whom in people), ", ".join(role for role, _ in people)
    states = ", ".join(talk)
    return [
        _name(view, now_ms),
        *_plain(view.agent or "", age(view.since_ms, now_ms)),
        Cell(readable(inside) or "nobody", shorter=(readable(others), roles, str(len(people))) if people else ()),
        Cell(queue, f", {states}" if queue and states else states, shorter=(states,)),
    ]


def _call(view: CallView, now_ms: int) -> list[Cell]:
    where = view.conference or view.queue or view.menu or view.owner or ""
    place: str = view.place
    if view.waiting_since_ms is not None:
        place += f" {age(view.waiting_since_ms, now_ms)}"
    plain = _plain(view.number or "", view.dialled or "", place, age(view.since_ms, now_ms), where)
    return [_name(view, now_ms), *plain]
