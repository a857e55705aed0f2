"""A caller in queues: what he hears there, the keys he presses, how he is led on, and who is told of it when."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from worker.commands import command as c
from worker.commands.client_state import encode_client_state
from worker.events import notices as n
from worker.events import webhooks as w
from worker.policy.model import Goal, Music, Number, Queue, Recording, Sound, Tenant, Voicemail
from worker.testing.centre import NUMBER, small_tenant
from worker.testing.leg import CALLER, OneLeg

SUPPORT = Queue(music=Music(audio="https://m.example.com/m.mp3"), apology="Sorry.")


def tenant(**queues: Queue) -> Tenant:
    return replace(
        small_tenant(),
        numbers={NUMBER: Number("support")},
        queues={"support": SUPPORT, "sales": Queue(), **queues},
        voicemails={"box": Voicemail("Speak.")},
    )


def waiting(**queues: Queue) -> OneLeg:
    leg = OneLeg(tenant(**queues))
    leg.answer(NUMBER)
    leg.carry_out()
    return leg


def announce(leg: OneLeg, ident: str, *texts: str, queue: str = "support") -> None:
    leg.hear("queue", queue, n.Announce(ident, tuple(Sound(text=text) for text in texts)))


def gone(leg: OneLeg) -> list[tuple[str, bool]]:
    """Return (queue, moved) of each farewell."""
    return [(to.id, notice.moved) for to, notice in leg.told if isinstance(notice, n.CallerGone)]


def arrivals(leg: OneLeg) -> list[int]:
    """Return when he came into each queue, as they were told."""
    return [notice.arrived_ms for _, notice in leg.told if isinstance(notice, n.CallerWaiting)]


def kinds(leg: OneLeg) -> list[str]:
    return [c.name_of(command) for command in leg.sent]


def test_music_begins_when_the_queue_knows_of_the_caller() -> None:
    leg = waiting()
    assert leg.notices(n.CallerWaiting) == [n.CallerWaiting("c1", CALLER, leg.now_ms)]
    assert kinds(leg) == ["answer", "enqueue", "play"]
    (music,) = (x for x in leg.sent if isinstance(x, c.Play))
    assert (music.audio, music.endless, music.stop) == ("https://m.example.com/m.mp3", True, False)


def test_announcements_are_heard_one_after_the_other_and_music_after_them() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.", "Thank you for waiting.")
    announce(leg, "b", "Still there?")
    assert leg.said() == ["You are third."]
    (spoken,) = leg.open(c.Speak)
    assert isinstance(spoken, c.Speak)
    assert spoken.stop
    leg.heard()
    assert leg.said() == ["You are third.", "Thank you for waiting."]
    assert leg.notices(n.Announced) == []
    leg.heard()
    assert leg.notices(n.Announced) == [n.Announced("c1", "a")]
    assert leg.said()[-1] == "Still there?"
    assert kinds(leg).count("play") == 1
    leg.heard()
    assert leg.notices(n.Announced)[-1] == n.Announced("c1", "b")
    assert kinds(leg).count("play") == 2


def test_an_announcement_of_which_nothing_is_heard_again_ends_by_its_deadline() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.")
    leg.carry_out()
    leg.advance(7)
    assert leg.notices(n.Announced) == [n.Announced("c1", "a")]


def test_an_announcement_that_is_refused_is_over() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.")
    leg.refuse(leg.open(c.Speak)[0], "10015", "fatal")
    assert leg.notices(n.Announced) == [n.Announced("c1", "a")]


def test_an_announcement_of_a_queue_that_he_has_left_is_not_heard() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.", queue="sales")
    assert leg.said() == []


def test_a_caller_who_is_connected_hears_nothing_more_of_ours() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.")
    leg.carry_out()
    leg.hear("queue", "support", n.Connect("o", "room"))
    assert leg.open() == [c.JoinConference("room", "c1"), c.StopSounds("c1")]
    assert leg.notices(n.Announced) == [n.Announced("c1", "a")]
    announce(leg, "b", "Too late.")
    assert leg.notices(n.Announced)[-1] == n.Announced("c1", "b")
    assert leg.said() == ["You are third."]


def test_music_goes_on_when_a_join_fails() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.Connect("o", "room"))
    leg.refuse(leg.open(c.JoinConference)[0], "10015", "fatal")
    assert leg.notices(n.JoinFailed) == [n.JoinFailed("o", "c1", "refused")]
    assert kinds(leg)[-1] == "play"


@pytest.mark.parametrize("status", ["file_not_found", "failed", "completed"])
def test_music_that_cannot_be_played_is_not_begun_again_and_again(status: str) -> None:
    leg = waiting()
    leg.heard(status)
    leg.advance(60)
    announce(leg, "a", "You are third.")
    leg.heard()
    assert kinds(leg).count("play") == 1


def test_music_that_we_have_stopped_is_begun_again_after_the_announcement() -> None:
    leg = waiting()
    (music,) = (x for x in leg.sent if isinstance(x, c.Play))
    announce(leg, "a", "You are third.")
    leg.tell(w.PlaybackEnded("c1", client_state=encode_client_state(music.client_state), status="cancelled"))
    leg.heard()
    assert kinds(leg)[-1] == "play"


def test_keys_are_passed_on_while_he_waits() -> None:
    leg = waiting()
    leg.press("1")
    assert leg.notices(n.KeyPressed) == [n.KeyPressed("c1", "1", f"e{leg._count}")]
    leg.hear("queue", "support", n.Connect("o", "room"))
    leg.press("2")
    assert len(leg.notices(n.KeyPressed)) == 1


def test_a_key_that_was_pressed_for_a_menu_is_not_the_queues_however_late_its_webhook_is() -> None:
    leg = waiting()
    leg.state = replace(leg.state, keyed_ms=leg.now_ms)
    leg.tell(w.DtmfReceived("c1", digit="1"), occurred_ms=leg.now_ms)
    assert leg.notices(n.KeyPressed) == []


def test_the_recording_notice_is_heard_before_waiting() -> None:
    leg = waiting(support=Queue(recording=Recording(announce="This call is recorded.")))
    assert leg.said() == ["This call is recorded."]
    assert not leg.open(c.Enqueue)
    leg.heard()
    assert leg.open(c.Enqueue)


def test_no_recording_no_notice() -> None:
    leg = waiting(support=Queue(recording=Recording("none", announce="This call is recorded.")))
    assert leg.said() == []


def test_a_caller_overflows_into_another_queue_and_keeps_his_age() -> None:
    leg = waiting()
    came_ms = leg.now_ms
    leg.advance(300)
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales", priority=7)))
    assert gone(leg) == [("support", True)]
    assert kinds(leg)[-3:] == ["stop-sounds", "leave-queue", "enqueue"]
    leg.carry_out()
    (to, told) = [(to.id, x) for to, x in leg.told if isinstance(x, n.CallerWaiting)][-1]
    assert isinstance(told, n.CallerWaiting)
    assert (to, told.since_ms, told.priority) == ("sales", came_ms, 7)
    assert told.arrived_ms >= came_ms + 300_000
    leg.hang_up()
    assert gone(leg) == [("support", True), ("sales", False)]


def test_a_caller_hears_the_goals_words_between_two_queues() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales", say="We try another team.")))
    assert leg.said() == ["We try another team."]
    assert not leg.open(c.Enqueue)
    leg.heard()
    assert leg.open(c.Enqueue)


def test_a_caller_without_a_goal_hears_the_queues_apology_and_is_hung_up() -> None:
    leg = waiting()
    announce(leg, "a", "You are third.")
    leg.hear("queue", "support", n.GoOn("failed"))
    assert leg.said()[-1] == "Sorry."
    assert leg.notices(n.Announced) == [n.Announced("c1", "a")]
    leg.heard()
    assert leg.open(c.Hangup)


def test_a_caller_whose_conversation_is_over_is_hung_up_without_a_word() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("finished"))
    assert leg.said() == []
    assert leg.open(c.Hangup)


def test_a_caller_goes_from_the_queue_to_voicemail() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("key", Goal(voicemail="box")))
    assert kinds(leg)[-2:] == ["leave-queue", "speak"]


def test_queues_that_turn_a_caller_away_at_once_do_not_send_him_round_in_circles() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("full", Goal("sales")))
    leg.carry_out()
    leg.hear("queue", "sales", n.GoOn("closed", Goal("support")))
    assert leg.said() == [Queue().apology]
    leg.heard()
    assert leg.open(c.Hangup)
    assert gone(leg) == [("support", True), ("sales", True)]


def test_who_has_waited_may_come_back_to_a_queue_that_was_full() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("full", Goal("sales")))
    leg.carry_out()
    leg.hear("queue", "sales", n.GoOn("max-wait", Goal("support")))
    leg.carry_out()
    told = [(to.id, x.arrived_ms) for to, x in leg.told if isinstance(x, n.CallerWaiting)]
    assert [queue for queue, _ in told] == ["support", "sales", "support"]
    # The queue tells the new stay from the old one by its time.
    left_ms = next(x.at_ms for to, x in leg.told if isinstance(x, n.CallerGone) and to.id == "support")
    assert told[-1][1] > left_ms


def test_a_word_of_a_queue_that_he_has_left_is_stale() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales")))
    leg.carry_out()
    before = list(leg.sent)
    for notice in (n.GoOn("failed"), n.Connect("o", "room"), n.Disconnect("o"), n.OutOfQueue()):
        leg.hear("queue", "support", notice)
    assert leg.sent == before
    assert leg.state.queue == "sales"


def test_a_word_of_a_queue_on_a_stay_before_this_one_is_stale() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.Connect("o", "room", leg.now_ms))
    leg.carry_out()
    first_ms = arrivals(leg)[-1]
    leg.hear("conference", "room", n.Move(Goal("support")))
    leg.carry_out()
    before = list(leg.sent)
    for notice in (n.Connect("o2", "room-2", first_ms), n.GoOn("finished", None, first_ms)):
        leg.hear("queue", "support", notice)
    assert leg.sent == before
    assert leg.state.dismissed is None
    leg.hear("queue", "support", n.Connect("o3", "room-3", arrivals(leg)[-1]))
    assert c.JoinConference("room-3", "c1") in leg.sent


def test_go_on_twice_leads_on_once() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales")))
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales")))
    assert kinds(leg).count("enqueue") == 2


def test_who_hangs_up_while_he_is_led_on_is_told_of_once_in_each_queue() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales")))
    leg.hang_up()
    assert gone(leg) == [("support", True), ("sales", False)]
    leg.carry_out()
    assert len(gone(leg)) == 2


def test_telnyxs_queue_being_full_keeps_nobody_out_of_ours() -> None:
    leg = OneLeg(tenant())
    leg.answer(NUMBER)
    leg.refuse(leg.open(c.Enqueue)[0], "90036", "overflow")
    assert leg.notices(n.CallerWaiting)
    leg.hear("queue", "support", n.OutOfQueue())
    assert leg.open(c.Enqueue)


def connected(leg: OneLeg) -> None:
    leg.hear("queue", "support", n.Connect("o", "room"))
    leg.carry_out()


def test_a_conversation_gives_the_caller_on_and_the_queue_hears_when_he_has_left_it() -> None:
    leg = waiting()
    connected(leg)
    leg.hear("conference", "room", n.Move(Goal("sales")))
    assert leg.open() == [c.LeaveConference("room", "c1")]
    assert gone(leg) == []
    leg.carry_out()
    assert gone(leg) == [("support", True)]
    assert kinds(leg).count("leave-queue") == 0
    told = leg.notices(n.CallerWaiting)[-1]
    assert isinstance(told, n.CallerWaiting)
    assert told.since_ms == leg.notices(n.CallerWaiting)[0].arrived_ms  # type: ignore[union-attr]


def test_a_conversation_is_over_when_its_caller_is_known_to_be_out_and_not_before() -> None:
    leg = waiting()
    connected(leg)
    leg.hear("conference", "room", n.Move(Goal("sales")))
    for _ in range(3):
        leg.lose(leg.open(c.LeaveConference)[0])
        assert gone(leg) == []
        assert leg.open() == []
        leg.advance(1)
    (again,) = leg.open()
    assert again == c.LeaveConference("room", "c1")
    leg.refuse(again, "90015", "gone")
    assert gone(leg) == [("support", True)]


def test_a_caller_who_is_given_to_an_agent_waits_for_him_in_the_queue_that_he_came_from() -> None:
    leg = waiting()
    connected(leg)
    leg.hear("conference", "room", n.Move(Goal(), agent="bob"))
    leg.carry_out()
    told = leg.notices(n.CallerWaiting)[-1]
    assert isinstance(told, n.CallerWaiting)
    assert told.agent == "bob"
    assert leg.state.queue == "support"


def test_a_caller_is_moved_by_the_conversation_alone_in_which_he_is() -> None:
    leg = waiting()
    connected(leg)
    leg.hear("conference", "another", n.Move(Goal("sales")))
    assert not leg.open()


def test_a_join_that_is_taken_back_twice_is_left_once() -> None:
    leg = waiting()
    connected(leg)
    leg.hear("queue", "support", n.Disconnect("o"))
    leg.hear("queue", "support", n.Disconnect("o"))
    assert leg.notices(n.Disconnected) == []
    leg.carry_out()
    assert leg.notices(n.Disconnected) == [n.Disconnected("o", "c1")]
    assert kinds(leg).count("leave-conference") == 1


def called_back(**queues: Queue) -> OneLeg:
    leg = OneLeg(tenant(**queues), call="b")
    leg.dialled_for("queue:support", "callback:1:c1")
    leg.tell(w.CallAnswered("b"))
    return leg


def test_somebody_who_is_called_back_is_told_of_and_waits_with_music_in_none_of_telnyxs_queues() -> None:
    leg = called_back()
    assert leg.notices(n.LegAnswered) == [n.LegAnswered("b", leg.now_ms, "callback:1:c1")]
    leg.carry_out()
    assert kinds(leg) == ["play"]
    leg.hear("queue", "support", n.Connect("o", "room"))
    assert leg.open() == [c.JoinConference("room", "b"), c.StopSounds("b")]
    leg.hang_up()
    assert leg.notices(n.CallerGone) == []
    assert leg.notices(n.LegEnded) == [n.LegEnded("b", leg.now_ms, "normal_clearing", "callback:1:c1", answered=True)]


def test_somebody_who_is_called_back_hears_that_he_is_recorded_before_he_is_connected() -> None:
    leg = called_back(support=Queue(recording=Recording(announce="This call is recorded.")))
    leg.hear("queue", "support", n.Connect("o", "room"))
    assert not leg.open(c.JoinConference)
    leg.heard()
    assert leg.open(c.JoinConference)


def test_somebody_who_is_called_back_can_be_led_on() -> None:
    leg = called_back()
    leg.hear("queue", "support", n.GoOn("max-wait", Goal("sales")))
    leg.carry_out()
    told = leg.notices(n.CallerWaiting)[-1]
    assert isinstance(told, n.CallerWaiting)
    assert told.number == CALLER
    leg.hang_up()
    assert gone(leg) == [("support", True), ("sales", False)]


def test_somebody_who_is_called_back_and_whom_nobody_can_serve_hears_the_apology() -> None:
    leg = called_back()
    leg.hear("queue", "support", n.GoOn("failed"))
    leg.heard()
    assert leg.said() == ["Sorry."]
    assert leg.open(c.Hangup)


def test_who_is_to_be_called_back_is_told_of_to_the_queue_when_his_line_is_free() -> None:
    leg = waiting()
    leg.hear("queue", "support", n.GoOn("callback", Goal(say="We call you back.")))
    assert leg.said() == ["We call you back."]
    leg.heard()
    assert leg.open() == [c.Hangup("c1")]
    assert gone(leg) == []
    leg.hang_up()
    assert gone(leg) == [("support", False)]


def test_a_caller_who_is_given_on_in_vain_hears_the_words_of_his_queue() -> None:
    leg = waiting(support=replace(SUPPORT, apology="Il n'y a personne."))
    connected(leg)
    leg.hear("conference", "room", n.Move(Goal(number="+13125559999")))
    (leave,) = leg.open()
    leg.succeed(leave)
    leg.refuse(leg.open(c.Transfer)[0], "10015", "fatal")
    assert leg.said()[-1] == "Il n'y a personne."
