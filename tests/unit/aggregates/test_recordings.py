"""Conversations are recorded as the policy and the agent say, paused when asked, and found again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ingress.intents import model as i
from worker.aggregates.conference.recording import chosen
from worker.commands import command as c
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy import rules as own
from worker.policy.model import Recording
from worker.testing.centre import Centre, small_tenant
from worker.testing.conversation import Conversation, care_tenant
from worker.views.conference import view_of_conference


def recorded(**recording: object) -> Conversation:
    """Return a conversation under a policy of recording."""
    talk = Conversation(care_tenant(**recording))
    talk.begin()
    return talk


def shares(percent: float) -> int:
    """Return how many of a thousand calls are recorded."""
    return sum(chosen(f"v3:call-{number}", percent) for number in range(1000))


@pytest.mark.parametrize(("rule", "started"), [("all", True), ("none", False), ("asked", False)])
def test_a_conversation_is_recorded_as_the_queue_says(rule: str, started: bool) -> None:
    assert ("record-start" in recorded(record=rule).commands()) is started


def test_some_are_recorded_and_always_the_same() -> None:
    assert (shares(0), shares(100)) == (0, 1000)
    assert 150 < shares(20) < 250
    for call in ("c1", "c2", "c3", "c4", "c5"):
        talk = Conversation(care_tenant(record="some", percent=50))
        talk.begin(call)
        assert ("record-start" in talk.commands()) is chosen(call, 50)


def test_an_agent_begins_and_ends_a_recording() -> None:
    talk = recorded(record="asked", format="wav", channels="single")
    assert talk.ask(i.Record("alice")) is None
    assert talk.open() == [c.RecordStart("room", "wav", "single")]
    talk.settle()
    assert talk.ask(i.Record("alice", on=False)) is None
    assert talk.open() == [c.RecordStop("room")]
    talk.settle()
    talk.advance(60)
    assert talk.open() == []


def test_a_recording_is_paused_and_resumed() -> None:
    talk = recorded()
    assert talk.ask(i.PauseRecording("alice")) is None
    assert talk.open() == [c.RecordPause("room")]
    talk.settle()
    assert talk.ask(i.PauseRecording("alice", on=False)) is None
    assert talk.open() == [c.RecordResume("room")]


def test_a_pause_that_telnyx_refuses_is_not_shown_and_is_sent_again_when_it_is_asked_for_again() -> None:
    talk = recorded()
    talk.ask(i.PauseRecording("alice"))
    talk.refuse(c.RecordPause, "10015", "fatal")
    assert view_of_conference(talk.state).recording == "on"
    assert talk.open() == []
    talk.ask(i.PauseRecording("alice"))
    assert talk.open() == [c.RecordPause("room")]
    talk.settle()
    assert view_of_conference(talk.state).recording == "paused"


def test_a_pause_that_is_asked_for_while_the_recording_begins_follows_its_begin() -> None:
    talk = Conversation()
    talk.begin()
    talk.leave()
    talk.hear(n.CallerExpected("o", "c2", "support", "alice"))
    talk.see(w.ParticipantJoined("room", "c2"))
    assert talk.ask(i.PauseRecording("alice")) is None
    assert talk.open() == [c.RecordStart("room", "mp3", "dual")]
    talk.succeed(c.RecordStart)
    assert talk.open() == [c.RecordPause("room")]


def test_a_paused_recording_is_not_resumed_by_the_end_and_the_next_one_is_not_paused() -> None:
    talk = recorded()
    talk.ask(i.PauseRecording("alice"))
    talk.settle()
    talk.leave()
    assert "record-resume" not in talk.commands()
    talk.begin("c2")
    assert talk.commands()[-1] == "record-start"


def test_what_was_saved_is_of_the_conversation_in_which_it_began_though_it_is_told_later() -> None:
    talk = recorded()
    first_ms = talk.now_ms
    talk.leave()
    talk.advance(100)
    talk.begin("c2")
    text = datetime.fromtimestamp(first_ms / 1000, UTC).isoformat()
    talk.see(w.ConferenceRecordingSaved("room", recording_id="r1", recording_started_at=text))
    talk.see(w.ConferenceRecordingSaved("room", recording_id="r2"))
    assert [(s.recording_id, s.call, s.queue, s.agent) for s in talk.state.saved] == [
        ("r1", "c1", "support", "alice"),
        ("r2", "c2", "support", "alice"),
    ]


def test_an_own_rule_says_what_is_recorded_once_for_each_conversation() -> None:
    asked: list[str] = []

    def rule(conversation: own.Conversation) -> bool:
        asked.append(conversation.call)
        return conversation.call == "c2"

    own.use_rules({"mine": own.recording_rule(rule)})
    try:
        talk = recorded(record="all", rule="mine")
        talk.leave()
        talk.begin("c2")
    finally:
        own.use_rules({})
    assert asked == ["c1", "c2"]
    assert talk.commands() == ["record-start"]


def test_an_agent_pauses_and_resumes_the_recording_by_keys_in_a_conversation_alone() -> None:
    tenant = small_tenant()
    recording = Recording(pause_key="1", resume_key="2")
    queue = replace(tenant.queues["support"], recording=recording)
    centre = Centre(replace(tenant, queues={"support": queue}))
    centre.agent_up("alice")
    centre.tell("call", "leg-alice", w.DtmfReceived("leg-alice", digit="1"))
    assert not any(isinstance(told.notice, n.Care) for _, told in centre.notices)
    centre.ring("c1")
    centre.join("c1")
    centre.succeed(centre.last(c.RecordStart))
    centre.tell("call", "leg-alice", w.DtmfReceived("leg-alice", digit="5"))
    centre.tell("call", "leg-alice", w.DtmfReceived("leg-alice", digit="1"))
    centre.succeed(centre.last(c.RecordPause))
    centre.tell("call", "leg-alice", w.DtmfReceived("leg-alice", digit="2"))
    assert centre.open(c.RecordResume)
