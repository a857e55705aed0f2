"""The audit of a log: counts what happened, and checks what must never be. Pure; reads only the log's facts.

It does not trust the aggregates: who was in a conference with whom is told by Telnyx's own webhooks.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from ingress.ids import command_id
from ingress.log import Partition
from worker.commands import command as c
from worker.decisions.decision import Decision, Send
from worker.events import notices as n
from worker.events import webhooks as w
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome


class Report(msgspec.Struct, frozen=True):
    """What an audit found. Times are milliseconds."""

    offered: int
    answered: int
    abandoned: int
    dismissed: int
    #: Of those who were answered or waited longer than the threshold: the share answered within it; None: nobody.
    service_level: float | None
    longest_wait_ms: int
    recordings: int
    events: int
    commands: int
    #: The name of each invariant, and what broke it.
    invariants: dict[str, list[str]]

    @property
    def holds(self) -> bool:
        """Whether no invariant is broken."""
        return not any(self.invariants.values())


class Audit:
    """Takes in every event of every partition with its decision, then reports."""

    def __init__(self, *, threshold_secs: float) -> None:
        self._threshold_ms = threshold_secs * 1000
        self._events = 0
        self._sent: dict[str, tuple[Event, c.AnyCommand]] = {}
        self._ended: Counter[str] = Counter()
        self._callers: dict[str, int] = {}
        self._hung_up: dict[str, int] = {}
        self._joined: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._left: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._arrived: dict[str, int] = {}
        self._connected: dict[str, int] = {}
        self._dismissed: set[str] = set()
        self._recordings: set[str] = set()

    def take(self, partition: Partition, event: Event, decision: Decision | None) -> None:
        """Take in one event."""
        self._events += 1
        self._take_body(event)
        for index, act in enumerate(decision.acts if decision else ()):
            if isinstance(act, Send):
                name = command_id(event.address.tenant, partition, event.id, index)
                self._sent[name] = (event, act.command)

    def report(self) -> Report:
        """Return what was found."""
        waits = {x: self._connected[x] - self._arrived[x] for x in self._connected if x in self._arrived}
        abandoned = {
            x: self._hung_up[x] - at
            for x, at in self._arrived.items()
            if x in self._hung_up and x not in self._connected and x not in self._dismissed
        }
        within = sum(ms <= self._threshold_ms for ms in waits.values())
        counted = len(waits) + sum(ms > self._threshold_ms for ms in abandoned.values())
        return Report(
            offered=len(self._arrived),
            answered=len(self._connected),
            abandoned=len(abandoned),
            dismissed=len(self._dismissed - set(self._connected)),
            service_level=within / counted if counted else None,
            longest_wait_ms=max([*waits.values(), *abandoned.values(), 0]),
            recordings=len(self._recordings),
            events=self._events,
            commands=len(self._sent),
            invariants={
                "no caller with two agents": list(self._two_agents()),
                "no agent with two callers": list(self._two_callers()),
                "no caller lost": list(self._lost()),
                "every command with an outcome": list(self._open_commands()),
            },
        )

    def _take_body(self, event: Event) -> None:
        body = event.body
        match body:
            case w.CallInitiated(call_control_id=call, direction="incoming"):
                self._callers[call] = event.occurred_ms
            case w.CallHangup(call_control_id=call):
                self._hung_up[call] = event.occurred_ms
            case w.ParticipantJoined(conference_id=conference, call_control_id=call):
                self._joined[conference, call].add(event.occurred_ms)
            case w.ParticipantLeft(conference_id=conference, call_control_id=call):
                self._left[conference, call].add(event.occurred_ms)
            case w.ConferenceRecordingSaved(recording_id=str(recording)):
                self._recordings.add(recording)
            case w.CallEnqueued(call_control_id=call):
                self._arrived[call] = min(event.occurred_ms, self._arrived.get(call, event.occurred_ms))
            case n.Told(notice=n.CallerWaiting(call=call, arrived_ms=at_ms)):
                self._arrived[call] = min(at_ms, self._arrived.get(call, at_ms))
            case n.Told(notice=n.Connected(call=call, at_ms=at_ms)) if event.address.kind == "queue":
                self._connected.setdefault(call, at_ms)
            case n.Told(notice=n.GoOn()):
                self._dismissed.add(event.address.id)
            case Outcome(command_id=name) | Observed(command_id=name):
                self._ended[name] += 1
            case _:
                pass

    def _stays(self) -> list[tuple[str, str, int, float]]:
        """Return (conference, caller, from, to) of every stay of a caller, in the order of time."""
        stays: list[tuple[str, str, int, float]] = []
        for (conference, call), joins in self._joined.items():
            if call not in self._callers:
                continue
            ends = self._left[conference, call] | ({self._hung_up[call]} if call in self._hung_up else set())
            stays += [
                (conference, call, at, min((end for end in ends if end >= at), default=float("inf"))) for at in joins
            ]
        return sorted(stays, key=lambda stay: stay[2])

    def _two_agents(self) -> list[str]:
        last: dict[str, tuple[str, float]] = {}
        broken: list[str] = []
        for conference, call, since, until in self._stays():
            before = last.get(call)
            if before is not None and before[0] != conference and before[1] > since:
                broken.append(f"{call} was in {before[0]} and {conference} at once")
            last[call] = (conference, until)
        return broken

    def _two_callers(self) -> list[str]:
        last: dict[str, tuple[str, float]] = {}
        broken: list[str] = []
        for conference, call, since, until in self._stays():
            before = last.get(conference)
            if before is not None and before[0] != call and before[1] > since:
                broken.append(f"{before[0]} and {call} were in {conference} at once")
            last[conference] = (call, until)
        return broken

    def _lost(self) -> list[str]:
        """A caller ends by hanging up, or by us, after a conversation or an apology; else he was lost."""
        broken = [f"{call} has not ended" for call in self._callers if call not in self._hung_up]
        ended_by_us = {cmd.call for _, cmd in self._sent.values() if isinstance(cmd, c.Hangup)}
        blunt = ended_by_us & set(self._callers) - self._dismissed
        return [*broken, *(f"{call} was hung up without an apology" for call in blunt)]

    def _open_commands(self) -> list[str]:
        open_ones = [
            f"{c.name_of(command)} of {event.address} has no outcome"
            for name, (event, command) in self._sent.items()
            if name not in self._ended
        ]
        twice = [f"command {name} has {count} outcomes" for name, count in self._ended.items() if count > 1]
        return [*open_ones, *twice]
