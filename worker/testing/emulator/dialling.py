"""Calls out: whom we dial, how long it rings, and what begins with the answer."""

from __future__ import annotations

from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.telnyx.structures import ConferenceConfig
from worker.testing.emulator.addressing import check_webhooks, set_webhooks
from worker.testing.emulator.audio import Audio
from worker.testing.emulator.bridges import Bridges
from worker.testing.emulator.conferences import Conference, Conferences, Manner
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.phones import Phones
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.world import World

RING_SECS = 30
LIMIT_SECS = 14_400


class Dialling:
    """Calls that we make."""

    def __init__(
        self,
        world: World,
        bridges: Bridges,
        conferences: Conferences,
        recordings: Recordings,
        audio: Audio,
        phones: Phones,
    ) -> None:
        self._world = world
        self._bridges = bridges
        self._conferences = conferences
        self._recordings = recordings
        self._audio = audio
        self._phones = phones
        #: Leg → those that ring to have it transferred to them.
        self._transfers: dict[str, list[Leg]] = {}
        world.departures.append(self._forsake)

    def dial(self, body: DialBody) -> tuple[Leg, str | None]:
        """Call somebody; return the leg, and the id of a recording that begins with the answer."""
        if body.connection_id != self._world.settings.connection_id:
            refuse("10015", "There is no such connection", pointer="/connection_id")
        addresses, digits = _destinations(body.to)
        linked = self._world.leg(body.link_to, pointer="/link_to") if body.link_to else None
        watched = body.supervise_call_control_id
        supervised = self._world.answered(watched, pointer="/supervise_call_control_id") if watched else None
        if linked is None and (body.bridge_intent or body.bridge_on_answer or body.park_after_unbridge):
            refuse("10004", "link_to is required", pointer="/link_to")
        check_webhooks(body)
        self._check_room(body.conference_config)
        from_ = linked.from_ if linked and body.bridge_intent else body.from_
        session_id = linked.session_id if linked else None
        leg = self._world.add(incoming=False, from_=from_, to=",".join(addresses), session_id=session_id)
        self._world.set_state(leg, body.client_state)
        set_webhooks(leg, body)
        if supervised is not None:
            leg.supervises, leg.supervisor_role = supervised.id, body.supervisor_role or "barge"
        recording_id = self._call(leg, body, addresses, digits)
        if body.audio_url or body.media_name:
            self._bridges.when_answered(leg, lambda: self._play(leg, body))
        if body.conference_config is not None:
            self._let_in(leg, body.conference_config)
        if linked is not None and body.bridge_on_answer:
            self._bridges.when_answered(leg, lambda: self._bridge_dialled(leg, linked, body))
        return leg, recording_id

    def transfer(self, leg: Leg, body: TransferBody) -> None:
        """Call somebody, and bridge him with a leg when he answers; if he does not, the leg stays as it is.

        The leg leaves its queue at once. If it ends first, the call to the other is given up.
        """
        addresses, digits = _destinations(body.to)
        check_webhooks(body)
        self._world.set_state(leg, body.client_state)
        self._bridges.leave_queue(leg)
        new = self._world.add(
            incoming=False, from_=body.from_ or leg.to, to=",".join(addresses), session_id=leg.session_id
        )
        self._world.set_state(new, body.target_leg_client_state)
        set_webhooks(new, body)
        self._call(new, body, addresses, digits)
        after = body.park_after_unbridge or "hangup"

        def answered() -> None:
            secs = self._play(new, body) if body.audio_url or body.media_name else 0.0
            if secs:
                self._world.later(secs, lambda: self._bridges.bridge_if_there(leg, new, after=after))
            else:
                self._bridges.bridge_if_there(leg, new, after=after)

        self._bridges.when_answered(new, answered)
        self._transfers.setdefault(leg.id, []).append(new)

    def _call(self, leg: Leg, body: DialBody | TransferBody, addresses: list[str], digits: str) -> str | None:
        """Let it ring; return the id of a recording that begins with the answer."""
        cause = "no_answer" if isinstance(body, DialBody) and body.retry_on_timeout is False else "timeout"
        self._world.later(body.timeout_secs or RING_SECS, lambda: self._give_up(leg, cause))
        recording_id = self._world.new_uuid() if body.record == "record-from-answer" else None
        detection: str = body.answering_machine_detection or "disabled"

        def answered() -> None:
            self._world.later(body.time_limit_secs or LIMIT_SECS, lambda: self._limit(leg))
            leg.tones += body.send_digits_on_answer or digits
            if detection != "disabled":
                self._phones.detect(leg, addresses, detection)
            if recording_id is not None:
                self._recordings.record_leg(
                    leg, form=body.record_format or "mp3", channels=body.record_channels or "dual",
                    max_secs=body.record_max_length, name=body.record_custom_file_name, ident=recording_id,
                )  # fmt: skip

        self._bridges.when_answered(leg, answered)
        self._world.start(leg)
        self._phones.react(leg, addresses)
        return recording_id

    def _give_up(self, leg: Leg, cause: str) -> None:
        if leg.answered_at is None:
            self._world.hangup(leg, cause=cause, source="unknown")

    def _limit(self, leg: Leg) -> None:
        self._world.hangup(leg, cause="time_limit", source="unknown")

    def _forsake(self, leg: Leg) -> None:
        """Give up the calls for somebody who has gone."""
        for new in self._transfers.pop(leg.id, []):
            if new.answered_at is None:
                self._world.hangup(new, cause="originator_cancel", source="caller")

    def _play(self, leg: Leg, body: DialBody | TransferBody) -> float:
        """Play what is to be heard with the answer, and return for how long."""
        self._audio.play(leg, url=body.audio_url, name=body.media_name)
        return 0.0 if self._audio.missing(body.audio_url, body.media_name) else self._audio.played_secs() or 0.0

    def _bridge_dialled(self, leg: Leg, linked: Leg, body: DialBody) -> None:
        """Bridge a leg with that of `link_to`; without it the leg stays, but for what prevents a second bridge."""
        if body.prevent_double_bridge and linked.peer is not None:
            self._world.hangup(leg, cause="normal_clearing", source="caller")
            return
        self._bridges.bridge_if_there(leg, linked, after=body.park_after_unbridge or "hangup")

    def _check_room(self, config: ConferenceConfig | None) -> None:
        room = self._room(config) if config is not None else None
        if config is not None and config.id is not None and room is None:
            self._conferences.find(config.id, named=False)
        if room is not None and room.closed:
            refuse("90019", "The conference takes nobody in any more", pointer="/conference_config")
        if room is not None and len(room.participants) >= room.max_participants:
            refuse("90032", f"{room.name} holds {room.max_participants}", pointer="/conference_config")

    def _room(self, config: ConferenceConfig) -> Conference | None:
        for room in self._conferences.by_id.values():
            if room.ended_at is None and (room.id == config.id or room.name == config.conference_name):
                return room
        return None

    def _let_in(self, leg: Leg, config: ConferenceConfig) -> None:
        """Put a leg into its conference: while it rings, or when it is answered."""
        whispers = config.supervisor_role == "whisper"
        manner = Manner(
            muted=bool(config.mute),
            on_hold=bool(config.hold),
            end_conference_on_exit=bool(config.end_conference_on_exit),
            soft_end_conference_on_exit=bool(config.soft_end_conference_on_exit),
            starts_conference=bool(config.start_conference_on_enter),
            role=config.supervisor_role or "none",
            whispers_to=tuple(config.whisper_call_control_ids or ()) if whispers else (),
        )

        def enter() -> None:
            room = self._room(config)
            if room is not None:
                self._conferences.join(room, leg, None, manner)
            elif config.conference_name:
                started = config.start_conference_on_create is not False
                room = self._conferences.create(leg, config.conference_name, started=started)
                self._conferences.change(
                    room.participants[0],
                    muted=manner.muted,
                    on_hold=manner.on_hold,
                    end_conference_on_exit=manner.end_conference_on_exit,
                    soft_end_conference_on_exit=manner.soft_end_conference_on_exit,
                    role=manner.role,
                    whispers_to=manner.whispers_to,
                )

        if config.early_media is False:
            self._bridges.when_answered(leg, enter)
        else:
            enter()


def _destinations(to: str | list[str]) -> tuple[list[str], str]:
    """Return whom to call, and the digits that a single number may bear after a comma."""
    addresses, digits = (list(to), "") if isinstance(to, list) else ([to], "")
    if isinstance(to, str) and not to.startswith("sip:"):
        address, _, digits = to.partition(",")
        addresses = [address]
    if not all(addresses) or not addresses:
        refuse("10004", "to is required", pointer="/to")
    return addresses, digits
