"""Views in words, for tables and pictures. Ages are against *now_ms*, Redis's time."""

from __future__ import annotations

from worker.views.model import AgentState, AgentView, AnyView, CallView, ConferenceView, QueueView

#: What is older than this is said to be.
OLD_MS = 15_000
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


def share(part: float | None) -> str:
    """Return a share in per cent; `-` where there is none."""
    return "-" if part is None else f"{part:.0%}"


def named(view: AnyView, now_ms: int) -> str:
    """Return a view's name, with what is wrong with it."""
    wrong = ["stands still"] if view.quarantined else []
    if now_ms - view.as_of_ms > OLD_MS:
        wrong.append(f"{span(now_ms - view.as_of_ms)} old")
    closed = isinstance(view, QueueView) and view.closed is not None
    told = ", ".join([*wrong, *(["closed"] if closed else [])])
    return f"{view.name} ({told})" if told else view.name


def row_of(view: AnyView, now_ms: int) -> list[str]:
    """Return a view as the cells under its kind's columns."""
    match view:
        case QueueView():
            return _queue(view, now_ms)
        case AgentView():
            return _agent(view, now_ms)
        case ConferenceView():
            return _conference(view, now_ms)
        case CallView():
            return _call(view, now_ms)


def _queue(view: QueueView, now_ms: int) -> list[str]:
    counts = view.counts
    agents = [f"{view.agents[state]} {word}" for state, word in SHORT.items() if view.agents.get(state)]
    waiting = str(view.waiting) + (f" ({view.callbacks} back)" if view.callbacks else "")
    return [
        named(view, now_ms),
        waiting,
        age(view.longest_since_ms, now_ms),
        share(counts.service_level),
        str(counts.answered + counts.called_back),
        str(counts.abandoned + counts.short_abandoned),
        str(view.talking),
        ", ".join(agents) or "nobody",
    ]


def _agent(view: AgentView, now_ms: int) -> list[str]:
    state: str = view.state
    if view.state == "wrapping-up" and view.until_ms:
        state += f" ({span(view.until_ms - now_ms)} left)"
    elif view.delay is not None:
        state += f" ({view.delay})"
    elif view.state == "paused" and view.reason:
        state += f" ({view.reason})"
    caller = view.caller
    return [
        named(view, now_ms),
        state,
        age(view.since_ms, now_ms),
        view.pending or "",
        (caller.number or caller.call) if caller else "",
        caller.queue if caller else "",
        str(view.answered),
    ]


def _conference(view: ConferenceView, now_ms: int) -> list[str]:
    talk = [
        word
        for word, so in (
            (view.queue or "", view.call is not None),
            ("on hold", view.held),
            ("mute", view.muted),
            ("recording" if view.recording == "on" else "recording paused", view.recording != "off"),
        )
        if so and word
    ]
    inside = ", ".join(f"{each.role} {each.whom}".rstrip() for each in view.participants)
    return [named(view, now_ms), view.agent or "", age(view.since_ms, now_ms), inside or "nobody", ", ".join(talk)]


def _call(view: CallView, now_ms: int) -> list[str]:
    where = view.conference or view.queue or view.menu or view.owner or ""
    place: str = view.place
    if view.waiting_since_ms is not None:
        place += f" {age(view.waiting_since_ms, now_ms)}"
    return [named(view, now_ms), view.number or "", view.dialled or "", place, age(view.since_ms, now_ms), where]
