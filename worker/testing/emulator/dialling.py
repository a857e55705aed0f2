"""Calls out: what a phone does, how long it rings, what begins with its answer, and whether a machine answered."""

from __future__ import annotations

from worker.telnyx.calls.answering import AnswerBody
from worker.telnyx.calls.dialling import DialBody, TransferBody
from worker.testing.emulator.audio import Audio
from worker.testing.emulator.bridges import Bridges
from worker.testing.emulator.conferences import Conferences, Manner
from worker.testing.emulator.legs import Leg
from worker.testing.emulator.problems import refuse
from worker.testing.emulator.recordings import Recordings
from worker.testing.emulator.settings import Phone
from worker.testing.emulator.world import World

RING_SECS = 30
LIMIT_SECS = 14_400
#: How long after the answer a machine is told from a human, and how long its greeting lasts.
DETECTION_SECS = 0.3
GREETING_SECS = 1.0
MOST_PAUSES_MS = 60_000

#: Commands that may say where a leg's webhooks go.
Addressed = DialBody | TransferBody | AnswerBody


class Dialling:
    """Calls that we make."""

    def __init__(
        self, world: World, bridges: Bridges, conferences: Conferences, recordings: Recordings, audio: Audio
    ) -> None:
        self._world = world
        self._bridges = bridges
        self._conferences = conferences
        self._recordings = recordings
        self._audio = audio
        #: What the phones at these addresses do; the others answer.
        self.phones: dict[str, Phone] = dict(world.settings.phones)

    def dial(self, body: DialBody) -> tuple[Leg, str | None]:
        """Call somebody; return the leg, and the id of a recording that begins with the answer."""
        if body.connection_id != self._world.settings.connection_id:
            refuse("10015", "There is no such connection", pointer="/connection_id")
        to = body.to if isinstance(body.to, str) else ",".join(body.to)
        if not to:
            refuse("10004", "to is required", pointer="/to")
        linked = self._world.leg(body.link_to, pointer="/link_to") if body.link_to else None
        watched = body.supervise_call_control_id
        supervised = self._world.answered(watched, pointer="/supervise_call_control_id") if watched else None
        if linked is None and (body.bridge_intent or body.bridge_on_answer or body.park_after_unbridge):
            refuse("10004", "link_to is required", pointer="/link_to")
        check_webhooks(body)
        config = body.conference_config
        if config is not None and config.id is not None:
            self._conferences.find(config.id)
        from_ = linked.from_ if linked and body.bridge_intent else body.from_
        leg = self._world.add(incoming=False, from_=from_, to=to, session_id=linked.session_id if linked else None)
        self._world.set_state(leg, body.client_state)
        set_webhooks(leg, body)
        if supervised is not None:
            leg.supervises, leg.supervisor_role = supervised.id, body.supervisor_role or "barge"
        self._call(leg, body)
        if body.conference_config is not None:
            self._enter(leg, body)
        if linked is not None and body.bridge_on_answer:
            after = body.park_after_unbridge or "hangup"
            self._bridges.when_answered(leg, lambda: self._bridges.bridge(leg, linked, after=after))
        return leg, self._record(leg, body)

    def transfer(self, leg: Leg, body: TransferBody) -> None:
        """Call somebody, and bridge him with a leg when he answers; if he does not, the leg stays as it is."""
        check_webhooks(body)
        new = self._world.add(incoming=False, from_=body.from_ or leg.to, to=body.to, session_id=leg.session_id)
        self._world.set_state(leg, body.client_state)
        self._world.set_state(new, body.target_leg_client_state)
        set_webhooks(new, body)
        after = body.park_after_unbridge or "hangup"
        self._bridges.when_answered(new, lambda: self._bridges.bridge(leg, new, after=after))
        self._call(new, body)
        self._record(new, body)

    def _call(self, leg: Leg, body: DialBody | TransferBody) -> None:
        self._world.later(body.timeout_secs or RING_SECS, lambda: self._give_up(leg))
        self._world.later(body.time_limit_secs or LIMIT_SECS, lambda: self._limit(leg))
        wanted = body.answering_machine_detection
        if wanted is not None and wanted != "disabled":
            detection: str = wanted
            self._world.watchers.append(lambda who, what: self._detect(leg, detection, who, what))
        self._world.start(leg)
        self._react(leg)

    def _react(self, leg: Leg) -> None:
        """Let the phones do what they do: the first that answers wins, the last that does not decides why."""
        acts = sorted(
            (self._after_secs(phone), phone.does) for phone in (self.phones.get(a, Phone()) for a in leg.to.split(","))
        )
        answers = [secs for secs, does in acts if does in ("answer", "voicemail")]
        if answers:
            self._world.later(answers[0], lambda: self._world.answer(leg))
        elif all(does != "ring" for _, does in acts):
            secs, does = acts[-1]
            cause = {"decline": "call_rejected", "busy": "user_busy", "unknown": "not_found"}[does]
            self._world.later(secs, lambda: self._world.hangup(leg, cause=cause, source="callee"))

    def _after_secs(self, phone: Phone) -> float:
        return self._world.settings.answer_secs if phone.after_secs is None else phone.after_secs

    def _give_up(self, leg: Leg) -> None:
        if leg.answered_at is None:
            self._world.hangup(leg, cause="timeout", source="unknown")

    def _limit(self, leg: Leg) -> None:
        self._world.hangup(leg, cause="time_limit", source="unknown")

    def _detect(self, leg: Leg, detection: str, who: Leg, what: str) -> None:
        if who is not leg or what != "answered":
            return
        machine = any(self.phones.get(a, Phone()).does == "voicemail" for a in leg.to.split(","))
        premium = ".premium" if detection == "premium" else ""
        found = "machine" if machine else ("human_residence" if premium else "human")
        greeting = machine and detection in ("premium", "greeting_end", "detect_words", "detect_beep")

        def say_detection() -> None:
            if leg.alive:
                self._world.say(leg, f"call.machine{premium}.detection.ended", result=found)

        def say_greeting() -> None:
            if leg.alive:
                heard = "beep_detected" if premium or detection == "detect_beep" else "ended"
                self._world.say(leg, f"call.machine{premium}.greeting.ended", result=heard)

        self._world.later(DETECTION_SECS, say_detection)
        if greeting:
            self._world.later(DETECTION_SECS + GREETING_SECS, say_greeting)

    def _enter(self, leg: Leg, body: DialBody) -> None:
        config = body.conference_config
        if config is None:
            return
        manner = Manner(
            muted=bool(config.mute),
            on_hold=bool(config.hold),
            end_conference_on_exit=bool(config.end_conference_on_exit),
            soft_end_conference_on_exit=bool(config.soft_end_conference_on_exit),
            starts_conference=bool(config.start_conference_on_enter),
            role=config.supervisor_role or "none",
            whispers_to=tuple(config.whisper_call_control_ids or ()),
        )

        def enter() -> None:
            found = next(
                (
                    c
                    for c in self._conferences.by_id.values()
                    if c.ended_at is None and (c.id == config.id or c.name == config.conference_name)
                ),
                None,
            )
            if found is not None:
                self._conferences.join(found, leg, None, manner)
            elif config.conference_name:
                started = config.start_conference_on_create is not False
                self._conferences.create(leg, config.conference_name, started=started)

        if config.early_media is False:
            self._bridges.when_answered(leg, enter)
        else:
            enter()

    def _record(self, leg: Leg, body: DialBody | TransferBody) -> str | None:
        if body.record != "record-from-answer":
            return None
        recording = self._recordings.record_leg(
            leg, form=body.record_format or "mp3", channels=body.record_channels or "dual",
            max_secs=body.record_max_length, name=body.record_custom_file_name,
        )  # fmt: skip
        return recording.id


def check_webhooks(body: Addressed) -> None:
    """Refuse webhook URLs for what is no event, and pauses that are too long."""
    for event_type in body.webhook_urls or {}:
        if not event_type.startswith(("call.", "conference.", "streaming.")):
            refuse("90057", f"{event_type} is not an event type", pointer=f"/webhook_urls/{event_type}")
    for event_type, policy in (body.webhook_retries_policies or {}).items():
        if sum(policy.retries_ms or []) > MOST_PAUSES_MS:
            pointer = f"/webhook_retries_policies/{event_type}"
            refuse("10015", f"the pauses add up to more than {MOST_PAUSES_MS} ms", pointer=pointer)


def set_webhooks(leg: Leg, body: Addressed) -> None:
    """Send a leg's webhooks where its command says."""
    leg.webhook_url = body.webhook_url or leg.webhook_url
    for event_type, urls in (body.webhook_urls or {}).items():
        leg.webhook_urls[event_type] = urls if isinstance(urls, str) else urls[0]
    policies = body.webhook_retries_policies or {}
    leg.webhook_pauses_ms |= {event_type: policy.retries_ms or [] for event_type, policy in policies.items()}
