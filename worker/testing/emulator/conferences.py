"""Conferences: the creator is in, a join takes the leg out of its queue, all left is the end, four hours too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from worker.testing.emulator.legs import Leg, Stay
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.queues import Queues
from worker.testing.emulator.world import World

#: A conference ends after so long, whoever is in it.
MAX_SECS = 4 * 3600.0
MAX_PARTICIPANTS = 250

Role = Literal["barge", "monitor", "none", "whisper"]


class Manner(msgspec.Struct, frozen=True):
    """How a leg is in a conference."""

    muted: bool = False
    on_hold: bool = False
    end_conference_on_exit: bool = False
    soft_end_conference_on_exit: bool = False
    starts_conference: bool = False
    role: Role = "none"
    whispers_to: tuple[str, ...] = ()

    @property
    def whispers(self) -> bool:
        """Whether only those who are named hear it; a whisperer who names nobody only listens."""
        return self.role == "whisper" and bool(self.whispers_to)

    @property
    def heard(self) -> bool:
        """Whether anybody can hear it: it is not muted, and no supervisor who only listens."""
        return not self.muted and (self.role in ("none", "barge") or self.whispers)


@dataclass(eq=False)
class Participant:
    """A leg in a conference."""

    id: str
    leg: Leg
    manner: Manner
    created_at: str
    updated_at: str
    #: Held because the conference has not begun.
    waits: bool = False

    @property
    def on_hold(self) -> bool:
        """Whether it is held, for either reason."""
        return self.waits or self.manner.on_hold


@dataclass(eq=False)
class Conference:
    """One conference."""

    id: str
    name: str
    creator: Leg
    client_state: str | None
    region: str
    created_at: str
    updated_at: str
    expires_at: str
    max_participants: int = MAX_PARTICIPANTS
    started: bool = True
    closed: bool = False
    ended_at: str | None = None
    end_reason: str | None = None
    ended_by: Leg | None = None
    participants: list[Participant] = field(default_factory=list)

    @property
    def legs(self) -> list[Leg]:
        """Who is in it."""
        return [participant.leg for participant in self.participants]

    @property
    def status(self) -> str:
        """What Telnyx calls its state."""
        if self.ended_at is not None:
            return "completed"
        return "in_progress" if self.started else "init"

    def participant(self, leg_id: str) -> Participant | None:
        """Return a leg's part in it."""
        return next((each for each in self.participants if each.leg.id == leg_id), None)


class Conferences:
    """All conferences."""

    def __init__(self, world: World, queues: Queues) -> None:
        self.world = world
        self.queues = queues
        self.by_id: dict[str, Conference] = {}
        #: Those that have not ended, by name.
        self._active: dict[str, Conference] = {}
        #: Told when a conference has ended.
        self.farewells: list[Callable[[Conference], None]] = []
        #: Told when a leg has left one.
        self.partings: list[Callable[[Conference, Leg], None]] = []
        #: Takes a leg out of where it is when it enters a conference.
        self.entering: list[Callable[[Leg], None]] = []
        world.departures.append(self.take_out)
        queues.entering.append(self.take_out)

    def find(
        self, id_or_name: str, *, active: bool = True, region: str | None = None, named: bool = True
    ) -> Conference:
        """Return a conference by its id, or an active one by its name where Telnyx takes that; or refuse."""
        other = self._active.get(id_or_name)
        found = self.by_id.get(id_or_name) or (other if named else None)
        foreign = found is not None and region is not None and region != found.region
        if found is None and other is not None:
            refuse("90058", f"{id_or_name} is a conference's name, and this takes its id: {other.id}")
        if found is None or (foreign and self.world.settings.unconfirmed.foreign_region == "not-found"):
            refuse("90058", f"there is no conference {id_or_name}" + (f" in {region}" if foreign else ""))
        if active and found.ended_at is not None:
            refuse("90019", "The conference is no longer active")
        return found

    def create(
        self,
        leg: Leg,
        name: str,
        client_state: str | None = None,
        *,
        region: str | None = None,
        max_participants: int | None = None,
        duration_minutes: int | None = None,
        started: bool = True,
    ) -> Conference:
        """Make a conference of a leg."""
        if name in self._active:
            refuse("90033", f"{name} is active", pointer="/name")
        self.world.set_state(leg, client_state)
        clock = self.world.clock
        lasts_secs = min(MAX_SECS, duration_minutes * 60.0 if duration_minutes else MAX_SECS)
        conference = Conference(
            self.world.new_uuid(), name, leg, leg.client_state, region or self.world.settings.region, clock.text(),
            clock.text(), clock.text(in_secs=lasts_secs), max_participants or MAX_PARTICIPANTS, started,
        )  # fmt: skip
        self._move_out(leg, conference)
        self.by_id[conference.id] = self._active[name] = conference
        self._say(conference, leg, "conference.created", occurred="payload")
        self._enter(conference, leg, Manner(starts_conference=started))
        clock.later(lasts_secs, lambda: self.finish(conference, "time_exceeded", hang_up=True))
        return conference

    def join(self, conference: Conference, leg: Leg, client_state: str | None, manner: Manner | None = None) -> None:
        """Put a leg into a conference."""
        manner = manner or Manner()
        if leg in conference.legs:
            refuse("90044", "The call is in this conference already")
        if conference.closed:
            refuse("90019", "The conference takes nobody in any more")
        if len(conference.participants) >= conference.max_participants:
            refuse("90032", f"{conference.name} holds {conference.max_participants}")
        self.world.set_state(leg, client_state)
        if leg is conference.creator and client_state is not None:
            conference.client_state = leg.client_state
        self._move_out(leg, conference)
        others = [other for other in conference.legs if other.incoming]
        if leg.incoming and others:
            self.world.violations.append(f"{leg.id} joins {conference.id} in which {others[0].id} talks")
        self._enter(conference, leg, manner)

    def leave(self, conference: Conference, leg: Leg) -> None:
        """Take a leg out; it stays parked."""
        manner = self.inside(conference, leg).manner
        self._out(conference, leg)
        if conference.ended_at is not None:
            return
        soft = manner.soft_end_conference_on_exit and self.world.settings.unconfirmed.soft_end == "ends"
        if manner.end_conference_on_exit or soft:
            conference.ended_by = leg
            self.finish(conference, "host_left", hang_up=manner.end_conference_on_exit)
        elif not conference.participants:
            self.finish(conference, "all_left", hang_up=False)
        elif manner.soft_end_conference_on_exit:
            conference.closed = True

    def finish(self, conference: Conference, reason: str, *, hang_up: bool) -> None:
        """End a conference; its legs are hung up or stay parked."""
        if conference.ended_at is not None:
            return
        conference.ended_at = conference.updated_at = self.world.clock.text()
        conference.end_reason = reason
        del self._active[conference.name]
        for farewell in self.farewells:
            farewell(conference)
        for participant in list(conference.participants):
            if hang_up:
                self.world.hangup(participant.leg, cause="normal_clearing", source="callee")
            else:
                self._out(conference, participant.leg)
        told = self.world.settings.unconfirmed.ended_by_command if reason == "ended_via_api" else reason
        self._say(
            conference,
            conference.creator,
            "conference.ended",
            occurred="payload",
            reason=None if told == "absent" else told,
        )

    def chosen(self, conference: Conference, calls: list[str] | None) -> list[Participant]:
        """Return the participants who are named, or all when nobody is."""
        if not calls:
            return list(conference.participants)
        places = {f"/call_control_ids/{number}": call for number, call in enumerate(calls)}
        return [self.inside(conference, self.world.leg(call, pointer=at), pointer=at) for at, call in places.items()]

    def inside(self, conference: Conference, leg: Leg, *, pointer: str = "/call_control_id") -> Participant:
        """Return a leg's part in a conference, or refuse."""
        participant = conference.participant(leg.id)
        if participant is None:
            refuse("10015", f"{leg.id} is not in this conference", pointer=pointer)
        return participant

    def change(self, participant: Participant, **manner: object) -> None:
        """Change how somebody is in a conference."""
        participant.manner = msgspec.structs.replace(participant.manner, **manner)
        participant.updated_at = self.world.clock.text()

    def take_out(self, leg: Leg) -> None:
        """Take a leg out of the conference that it is in, if it is in one."""
        if leg.conference is not None:
            self.leave(self.by_id[leg.conference], leg)

    def _enter(self, conference: Conference, leg: Leg, manner: Manner) -> None:
        self.queues.remove(leg, self.world.settings.unconfirmed.dequeued_by_join)
        for take_out in self.entering:
            take_out(leg)
        if manner.starts_conference and not conference.started:
            self._begin(conference)
        now = self.world.clock.text()
        conference.participants.append(
            Participant(self.world.new_uuid(), leg, manner, now, now, not conference.started)
        )
        leg.conference = conference.id
        leg.stays.append(Stay(conference.id, now))
        self._say(conference, leg, "conference.participant.joined", occurred="data")
        for inside in conference.legs:
            self.world.tell(inside, "together" if len(conference.participants) > 1 else "alone")
        if len(conference.participants) > 1 and self.world.random.random() < self.world.settings.floor_change_rate:
            self._say(conference, leg, "conference.floor.changed", occurred="payload", wrapped=False)

    def _begin(self, conference: Conference) -> None:
        """A conference begins that had waited for somebody; who was held by a command stays so."""
        conference.started, conference.updated_at = True, self.world.clock.text()
        for participant in conference.participants:
            participant.waits, participant.updated_at = False, self.world.clock.text()

    def _out(self, conference: Conference, leg: Leg) -> None:
        conference.participants.remove(self.inside(conference, leg))
        leg.conference = None
        leg.stays[-1].left_at = self.world.clock.text()
        for parting in self.partings:
            parting(conference, leg)
        self._say(conference, leg, "conference.participant.left", occurred="data")
        self.world.tell(leg, "left")

    def _move_out(self, leg: Leg, conference: Conference) -> None:
        """Take a leg out of the conference that it is in when it enters another: nobody should need this."""
        if leg.conference is not None:
            self.world.violations.append(f"{leg.id} enters {conference.id} while in {leg.conference}")
            self.take_out(leg)

    def _say(
        self,
        conference: Conference,
        leg: Leg,
        event_type: str,
        *,
        occurred: Literal["data", "payload"],
        wrapped: bool = True,
        reason: str | None = None,
    ) -> None:
        own = "participant" in event_type and self.world.settings.unconfirmed.participant_state == "participant"
        payload: dict[str, object] = {
            "call_control_id": leg.id,
            "call_session_id": leg.session_id,
            "client_state": leg.client_state if own else conference.client_state,
            "conference_id": conference.id,
            "connection_id": self.world.settings.connection_id,
            "call_leg_id": leg.leg_id,
            **({"reason": reason} if reason else {}),
        }
        self.world.post(event_type, payload, occurred=occurred, leg=leg, wrapped=wrapped)
