"""The call after its own decision."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.call.fold import lead
from worker.aggregates.call.joins import LEAVE_TIMER, leave_asked, pausing
from worker.aggregates.call.state import Call, What, mark
from worker.commands import command as c
from worker.decisions.decision import Act, GoTo, Send, SetTimer, Tell
from worker.events import notices as n


def adopt(call: Call, acts: tuple[Act, ...]) -> Call:
    """Return the call after it has decided *acts*."""
    for act in acts:
        match act:
            case Send(command=command):
                call = _asked(call, command)
            case Tell(notice=notice, to=to):
                call = _has_told(call, notice, to.id)
            case SetTimer(key=key) if key.startswith(LEAVE_TIMER):
                call = pausing(call, key.removeprefix(LEAVE_TIMER))
            case GoTo(goal=goal, key=key):
                call = lead(replace(call, turned_away=frozenset()) if key else call, goal)
            case _:
                pass
    return call


def _asked(call: Call, command: c.AnyCommand) -> Call:
    match command:
        case c.Answer():
            return replace(call, done=call.done | {"answer"})
        case c.Reject():
            return replace(call, done=call.done | {"reject"})
        case c.Speak(client_state=state) | c.Play(client_state=state):
            return _sounds(call, state.speech or "")
        case c.StopSounds():
            return replace(call, sounding=None)
        case c.Gather(client_state=state):
            return replace(call, asked=call.asked | {state.speech or ""})
        case c.Transfer():
            return replace(_did(call, "transfer"), visit=replace(call.visit, transfer="asked"))
        case c.RecordLeg():
            return _did(call, "record")
        case c.Enqueue(queue=queue):
            return replace(call, queue=queue, place="asked", done=call.done - {"told-waiting"})
        case c.Hangup():
            return replace(call, done=call.done | {"hangup"})
        case c.LeaveConference(conference=conference):
            return leave_asked(call, conference)
        case c.JoinConference() if call.joining:
            return replace(call, joining=replace(call.joining, step="asked"))
        case _:
            return call


def _sounds(call: Call, speech: str) -> Call:
    music = call.music + 1 if speech.startswith("music:") else call.music
    return replace(call, asked=call.asked | {speech}, sounding=speech, music=music)


def _did(call: Call, what: What) -> Call:
    """Note that something was commanded in the goal's name."""
    return replace(call, asked=call.asked | {mark(call.course.hop, what)}) if call.course else call


def _has_told(call: Call, notice: n.AnyNotice, to: str) -> Call:
    match notice:
        case n.CallerWaiting(arrived_ms=arrived_ms):
            since_ms = arrived_ms if call.since_ms is None else call.since_ms
            return replace(call, done=call.done | {"told-waiting"}, since_ms=since_ms)
        case n.CallerGone(moved=True, at_ms=at_ms):
            call = replace(call, last_queue=call.queue or call.last_queue)
            return replace(call, queue=None, place="none", leaving=False, left_ms=at_ms, retries=0, announcements=())
        case n.CallerGone():
            return replace(call, done=call.done | {"told-gone"})
        case n.JoinFailed():
            return replace(call, joining=None)
        case n.Disconnected(offer=offer):
            return replace(call, undoing=tuple(u for u in call.undoing if u.offer != offer))
        case n.LegAnswered():
            return replace(call, done=call.done | {"told-up"})
        case n.LegEnded():
            return replace(call, done=call.done | {"told-ended"})
        case n.MachineDetected():
            return replace(call, done=call.done | {"told-machine"})
        case n.Announced(announcement=announcement):
            left = tuple(each for each in call.announcements if each.announcement != announcement)
            return replace(call, announcements=left)
        case n.PhoneLogin(attempt=attempt):
            return replace(call, visit=replace(call.visit, agent=to, attempt=attempt, login="asked"))
        case _:
            return call
