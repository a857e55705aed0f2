"""How those inside are heard, held and recorded: what should be so, compared with what was last commanded.

Telnyx has no webhook for any of it, and a command says how something should be. So one of which nobody knows what
became of it is said again; and so is one that was accepted, where a later look at the participants shows that it was
not done. One that was refused for good is not: what should be so is then what is so, that it is shown as it is and
can be asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, cast, get_args

from msgspec.structs import replace

from ingress.intents.model import Role
from worker.aggregates.conference.state import Conference
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer
from worker.events.event import Event
from worker.events.outcomes import Observed, Outcome, ParticipantsSeen, Refused, Succeeded, Unknown
from worker.events.timers import TimerFired
from worker.policy.model import Tenant

V = TypeVar("V")
AGAIN_MS = 1_000
#: After so many failures in a row it counts as refused for good.
MAX_FAILURES = 20
#: What was accepted and not done is said again so often at most; then Telnyx is not to be moved.
MAX_UNHEEDED = 5
Manner = c.Hold | c.Unhold | c.Mute | c.Unmute | c.ChangeRole | c.RecordPause | c.RecordResume
_KINDS = (c.Hold, c.Unhold, c.Mute, c.Unmute, c.ChangeRole, c.RecordPause, c.RecordResume)


def fold(conference: Conference, event: Event) -> Conference:
    """Take in what became of a command, and that the pause after a failure is over."""
    match event.body:
        case Outcome(command=command, result=result) if isinstance(command, _KINDS):
            conference = _answered(conference, key_of(command), value_of(command), result)
            if not isinstance(result, Succeeded):
                return conference
            return replace(conference, done_ms={**conference.done_ms, key_of(command): event.received_ms})
        case Observed() as look:
            return _not_done(conference, unheeded(conference, look))
        case TimerFired(key="manner"):
            return replace(conference, resting=False)
        case _:
            return conference


def decide(conference: Conference, event: Event, policy: Tenant) -> Iterator[Act]:
    """Command what differs from what should be."""
    if conference.ended_ms is not None:
        return
    if conference.resting:
        if isinstance(event.body, Outcome) and isinstance(event.body.command, _KINDS):
            yield SetTimer("manner", event.received_ms + AGAIN_MS)
        return
    should = wanted(conference)
    for key in sorted({*should, *conference.made}):
        want, made = should.get(key, "off"), conference.made.get(key, "off")
        if want != made:
            yield from _command(conference, key, want, policy)


def adopt(conference: Conference, act: Act) -> Conference:
    """Note how a leg, or the recording, was commanded to be."""
    match act:
        case Send(command=c.JoinConference(call=leg, role=role)) if role is not None:
            key = f"role:{leg}"
            return _note(replace(conference, accepted={**conference.accepted, key: role}), key, role)
        case Send(command=command) if isinstance(command, _KINDS):
            key = key_of(command)
            unanswered = {**conference.unanswered, key: conference.unanswered.get(key, 0) + 1}
            # What is under way is not to be seen yet.
            done_ms = {known: ms for known, ms in conference.done_ms.items() if known != key}
            return _note(replace(conference, unanswered=unanswered, done_ms=done_ms), key, value_of(command))
        case _:
            return conference


def unheeded(conference: Conference, look: Observed) -> tuple[str, ...]:
    """Return what Telnyx had accepted before it was looked at, and has not done: holding and muting can be seen."""
    seen = look.seen
    if not isinstance(seen, ParticipantsSeen) or seen.held is None or seen.muted is None or look.at_ms is None:
        return ()
    found = []
    for key, done_ms in conference.done_ms.items():
        what, _, leg = key.partition(":")
        legs = {"hold": seen.held, "mute": seen.muted}.get(what)
        if legs is None or leg not in seen.calls or done_ms >= look.at_ms:
            continue
        made = conference.made.get(key, "off")
        again = conference.unheeded.get(key, 0) < MAX_UNHEEDED
        if made is not None and again and (leg in legs) != (made == "on"):
            found.append(key)
    return tuple(found)


def _not_done(conference: Conference, keys: tuple[str, ...]) -> Conference:
    """Command these anew. Nobody knows how they are, until that is accepted."""
    for key in keys:
        often = {**conference.unheeded, key: conference.unheeded.get(key, 0) + 1}
        so = "off" if conference.made.get(key) == "on" else "on"
        accepted = {**conference.accepted, key: so}
        conference = replace(conference, made={**conference.made, key: None}, accepted=accepted, unheeded=often)
    return conference


def tidy(conference: Conference) -> Conference:
    """Forget how legs were that have left, and what was not done of a conversation that is over."""
    if conference.talk is None and conference.unheeded:
        conference = replace(conference, unheeded={})
    return replace(
        conference,
        made=_of_those_here(conference, conference.made),
        accepted=_of_those_here(conference, conference.accepted),
        done_ms=_of_those_here(conference, conference.done_ms),
    )


def _of_those_here(conference: Conference, known: dict[str, V]) -> dict[str, V]:
    kept = {key: value for key, value in known.items() if _is_here(conference, *key.split(":", 1))}
    return kept if len(kept) < len(known) else known


def _is_here(conference: Conference, what: str, leg: str = "") -> bool:
    if what == "pause":
        return conference.recording == "on"
    return conference.party_of(leg) is not None if what == "role" else conference.inside(leg)


def wanted(conference: Conference) -> dict[str, str]:
    """Return what should be so; what is not here should be off."""
    talk, should = conference.talk, {}
    if talk is not None and talk.held:
        should[f"hold:{talk.call}"] = "on"
    if talk is not None and talk.muted:
        should[f"mute:{conference.agent_leg}"] = "on"
    if talk is not None and talk.paused and conference.recording == "on":
        should["pause"] = "on"
    for party in conference.parties.values():
        if party.role is not None and party.leg is not None and party.welcome:
            should[f"role:{party.leg}"] = party.role
    return should


def key_of(command: Manner) -> str:
    """Return what *command* is about."""
    match command:
        case c.Hold(call=leg) | c.Unhold(call=leg):
            return f"hold:{leg}"
        case c.Mute(call=leg) | c.Unmute(call=leg):
            return f"mute:{leg}"
        case c.ChangeRole(call=leg):
            return f"role:{leg}"
        case _:
            return "pause"


def value_of(command: Manner) -> str:
    """Return how *command* says that it should be."""
    if isinstance(command, c.ChangeRole):
        return command.role
    return "on" if isinstance(command, c.Hold | c.Mute | c.RecordPause) else "off"


def _answered(conference: Conference, key: str, value: str, result: Succeeded | Refused | Unknown) -> Conference:
    """Take in the answer to a command; what is so follows from that to the last one, for they go one after another."""
    left = conference.unanswered.get(key, 0) - 1
    others = {known: number for known, number in conference.unanswered.items() if known != key}
    conference = replace(conference, unanswered={**others, key: left} if left > 0 else others)
    here = _is_here(conference, *key.split(":", 1))
    if isinstance(result, Succeeded):
        known = {each: so for each, so in conference.accepted.items() if each != key}
        accepted = {**known, key: value} if here and value != "off" else known
        return replace(conference, accepted=accepted, failures=0)
    passes = not isinstance(result, Refused) or result.disposition == "wait"
    if passes and conference.failures < MAX_FAILURES:
        made = {**conference.made, key: None}
        return replace(conference, made=made, failures=conference.failures + 1, resting=True)
    conference = replace(conference, failures=0)
    return _give_up(conference, key, value) if here and left <= 0 else conference


def _give_up(conference: Conference, key: str, value: str) -> Conference:
    """Want what is so instead of *value*, if that is what is wanted."""
    so = conference.accepted.get(key, "off")
    what, _, leg = key.partition(":")
    conference = _note(conference, key, so)
    talk, party = conference.talk, conference.party_of(leg)
    if wanted(conference).get(key, "off") != value:
        return conference
    match what:
        case "hold" if talk is not None:
            return replace(conference, talk=replace(talk, held=so == "on"))
        case "mute" if talk is not None:
            return replace(conference, talk=replace(talk, muted=so == "on"))
        case "pause" if talk is not None:
            return replace(conference, talk=replace(talk, paused=so == "on"))
        case "role" if party is not None and so in get_args(Role):
            before = replace(party, role=cast("Role", so))
            return replace(conference, parties={**conference.parties, party.purpose: before})
        case _:
            return conference


def _command(conference: Conference, key: str, want: str, policy: Tenant) -> Iterator[Act]:
    what, _, leg = key.partition(":")
    room = conference.id
    match what, want:
        case "pause", _ if conference.recording != "on":
            return
        case "pause", "on":
            yield Send(c.RecordPause(room))
        case "pause", _:
            yield Send(c.RecordResume(room))
        case _ if not conference.inside(leg):
            return
        case "hold", "on":
            yield Send(c.Hold(room, leg, policy.hold_music.audio, policy.hold_music.media))
        case "hold", _:
            yield Send(c.Unhold(room, leg))
        case "mute", "on":
            yield Send(c.Mute(room, leg))
        case "mute", _:
            yield Send(c.Unmute(room, leg))
        case "role", "monitor" | "whisper" | "barge" as role:
            whispered = (conference.agent_leg or "",) if role == "whisper" else ()
            yield Send(c.ChangeRole(room, leg, role, whispered))
        case _:
            return


def _note(conference: Conference, key: str, value: str) -> Conference:
    others = {known: made for known, made in conference.made.items() if known != key}
    return replace(conference, made=others if value == "off" else {**others, key: value})
