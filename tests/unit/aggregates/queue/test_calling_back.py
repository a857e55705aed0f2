"""Callers who hang up, keep their place, and are dialled when it is their turn."""

from __future__ import annotations

from typing import Literal

import pytest
from msgspec.structs import replace

from ingress.intents.model import CancelCallback
from worker.commands import command as c
from worker.events import notices as n
from worker.events.outcomes import Refused, Succeeded, Unknown
from worker.policy.model import Callback, Goal, Key, Queue
from worker.testing.line import OneQueue, replace_rules


def line_with_callback(first: Literal["agent", "caller"] = "agent", attempts: int = 2) -> OneQueue:
    """Return a queue in which c1 keeps his place, and c2 waits behind him."""
    callback = Callback(first=first, attempts=attempts, retry_secs=100, ring_secs=30, confirm="Goodbye.")
    line = OneQueue(Queue(keys={"5": Key(callback=True)}, callback=callback, max_wait_secs=900, offer_secs=100))
    line.come("c1")
    line.come("c2")
    line.press("c1", "5")
    line.go("c1")
    return line


def dialled(line: OneQueue) -> c.Dial:
    """Return the newest dial."""
    command = line.sent[-1]
    assert isinstance(command, c.Dial)
    return command


def up(line: OneQueue, leg: str = "leg") -> None:
    """The caller who is rung answers."""
    line.answer(dialled(line), Succeeded(call=leg))
    line.hear(n.LegAnswered(leg, line.now_ms, dialled(line).client_state.purpose or ""))


def down(line: OneQueue, leg: str = "leg", *, answered: bool = False) -> None:
    """His leg ends."""
    purpose = dialled(line).client_state.purpose or ""
    line.hear(n.LegEnded(leg, line.now_ms, "timeout", purpose, answered))


def connects(line: OneQueue) -> list[tuple[str, str]]:
    """Return (leg, conference) of all who were to be connected."""
    return [(to.id, told.conference) for to, told in line.told if isinstance(told, n.Connect)]


def test_whoever_presses_the_key_is_told_so_and_is_not_counted_as_having_abandoned() -> None:
    line = line_with_callback()
    assert line.sent_on() == [("c1", n.GoOn("callback", Goal(say="Goodbye.")))]
    assert line.state.tally.ended == 0
    assert [call for _, _, call in line.state.present] == ["c1", "c2"]


def test_he_is_not_rung_before_his_first_leg_has_ended() -> None:
    line = OneQueue(Queue(keys={"5": Key(callback=True)}))
    line.come("c1")
    line.press("c1", "5")
    line.free("ann")
    assert not line.offers()
    line.go("c1")
    assert line.offers() == [("c1", "ann")]


def test_one_who_still_hears_the_goodbye_is_left_a_moment() -> None:
    line = OneQueue(Queue(keys={"5": Key(callback=True)}))
    line.come("c1")
    line.press("c1", "5")
    line.go("c1", moved=True)
    line.free("ann")
    line.advance(14)
    assert not line.offers()
    line.advance(1)
    assert line.offers() == [("c1", "ann")]


def test_with_the_agent_first_the_caller_is_rung_when_an_agent_is_reserved() -> None:
    line = line_with_callback("agent")
    line.free("ann")
    assert not line.sent
    line.accept("ann")
    dial = dialled(line)
    assert (dial.to, dial.from_, dial.timeout_secs) == ("+1c1", "+13125550100", 30)
    assert dial.client_state.owner == "queue:support"
    assert not connects(line)
    up(line)
    assert connects(line) == [("leg", "room-ann")]
    line.hear(n.Connected(line.open("ann"), "leg", line.now_ms))
    line.end("ann")
    down(line, answered=True)
    assert set(line.state.callers) == {"c2"}
    assert (line.state.tally.called_back, line.state.tally.ended) == (1, 1)


def test_with_the_caller_first_he_is_rung_when_an_agent_is_free_who_goes_on_with_others_meanwhile() -> None:
    line = line_with_callback("caller")
    line.come("c3")
    line.free("ann")
    assert dialled(line).to == "+1c1"
    assert line.offers() == [("c2", "ann")]
    up(line)
    line.free("ben")
    assert line.offers()[1:] == [("c1", "ben")]
    line.accept("ben")
    assert connects(line) == [("leg", "room-ben")]


def test_no_more_callers_are_rung_than_agents_are_free() -> None:
    line = line_with_callback("caller")
    line.press("c2", "5")
    line.go("c2")
    line.free("ann")
    assert [command.to for command in line.sent if isinstance(command, c.Dial)] == ["+1c1"]
    line.free("ben")
    assert [command.to for command in line.sent if isinstance(command, c.Dial)] == ["+1c1", "+1c2"]


@pytest.mark.parametrize("how", ["ended", "refused", "silence"])
def test_one_who_does_not_answer_lets_the_agent_go_and_is_rung_again_later_but_not_for_ever(how: str) -> None:
    line = line_with_callback("agent", attempts=2)
    line.go("c2")
    for tried in (1, 2):
        line.free("ann")
        line.accept("ann")
        match how:
            case "ended":
                line.answer(dialled(line), Succeeded(call=f"leg{tried}"))
                down(line, f"leg{tried}")
            case "refused":
                line.answer(dialled(line), Refused(422, "1", "no", "fatal"))
            case _:
                line.answer(dialled(line), Unknown("lost"))
                line.advance(46)
        assert line.withdrawn()[-1] == ("ann", "caller-gone")
        assert len(line.withdrawn()) == tried
        line.advance(100)
    assert not line.state.callers
    assert line.state.tally.dismissed == 1
    assert not line.timers


def test_an_end_that_is_told_late_of_an_earlier_try_does_not_end_the_next_one() -> None:
    line = line_with_callback("agent")
    line.free("ann")
    line.accept("ann")
    first = dialled(line)
    line.answer(first, Unknown("lost"))
    line.advance(146)
    line.go("c2")
    line.free("ann")
    line.accept("ann")
    assert len(line.sent) == 2
    line.hear(n.LegEnded("old", line.now_ms, "timeout", first.client_state.purpose or ""))
    held = line.caller("c1").callback
    assert held is not None
    assert held.step == "dialling"


def test_a_leg_that_answers_after_we_had_given_up_is_taken() -> None:
    line = line_with_callback("agent")
    line.free("ann")
    line.accept("ann")
    line.answer(dialled(line), Unknown("lost"))
    line.advance(46)
    line.hear(n.LegAnswered("leg", line.now_ms, dialled(line).client_state.purpose or ""))
    line.free("ben")
    line.connect("ben")
    assert connects(line) == [("leg", "room-ben")]


def test_a_leg_that_answers_for_nobody_is_hung_up() -> None:
    line = line_with_callback("agent")
    line.free("ann")
    line.accept("ann")
    line.answer(dialled(line), Unknown("lost"))
    line.advance(46)
    assert line.ask(CancelCallback("support", "c1")) is None
    line.hear(n.LegAnswered("leg", line.now_ms, dialled(line).client_state.purpose or ""))
    assert line.sent[-1] == c.Hangup("leg")


def test_a_hang_up_of_which_nobody_knows_what_became_is_repeated() -> None:
    line = line_with_callback("agent")
    line.hear(n.LegAnswered("leg", line.now_ms, "callback:1:nobody"))
    line.answer(line.sent[-1], Unknown("lost"))
    assert line.sent == [c.Hangup("leg"), c.Hangup("leg")]


def test_whoever_answers_and_hangs_up_before_an_agent_has_him_has_abandoned() -> None:
    line = line_with_callback("caller")
    line.go("c2")
    line.free("ann")
    line.gone("ann", "busy")
    up(line)
    down(line, answered=True)
    assert line.state.tally.abandoned == 1
    assert not line.state.callers


def test_an_agent_who_is_lost_while_the_caller_is_rung_does_not_lose_the_caller() -> None:
    line = line_with_callback("agent")
    line.free("ann")
    line.accept("ann")
    line.gone("ann", offer=line.open("ann"))
    up(line)
    line.free("ben")
    assert line.offers()[-1] == ("c1", "ben")
    line.accept("ben")
    assert connects(line) == [("leg", "room-ben")]


def test_a_place_is_kept_for_hours_not_for_ever() -> None:
    line = line_with_callback()
    line.go("c2")
    line.advance(14_399)
    assert "c1" in line.state.callers
    line.advance(1)
    assert not line.state.callers
    assert not line.timers


def test_a_place_is_given_up_when_asked_but_not_while_the_caller_is_called() -> None:
    line = line_with_callback("caller")
    assert line.ask(CancelCallback("support", "c1")) is None
    assert set(line.state.callers) == {"c2"}
    line = line_with_callback("caller")
    line.free("ann")
    assert line.ask(CancelCallback("support", "c1")) == "the caller is being called, or has answered, already"


def test_nobody_is_called_back_who_shows_no_number() -> None:
    line = OneQueue(Queue(keys={"5": Key(callback=True)}))
    line.come("c1", number="anonymous")
    line.press("c1", "5")
    assert not line.sent_on()
    line.free("ann")
    assert line.offers() == [("c1", "ann")]


def ringing_again(resume_secs: float = 60) -> OneQueue:
    """Return a queue in which c1 keeps his place before c2, and of which who rings again may get his place back."""
    line = line_with_callback()
    line.policy = replace_rules(line.policy, replace(line.policy.queues["support"], resume_secs=resume_secs))
    return line


def test_who_rings_again_takes_up_his_place_and_is_not_called_back_any_more() -> None:
    line = ringing_again()
    line.come("c3", number="+1c1")
    assert [call for _, _, call in line.state.present] == ["c3", "c2"]
    assert "c1" not in line.state.callers
    line.free("ann")
    assert line.with_agent("ann").call == "c3"
    assert (line.state.tally.resumed, line.state.tally.dismissed, line.state.tally.offered) == (1, 1, 3)
    assert not [sent for sent in line.sent if isinstance(sent, c.Dial)]


def test_who_rings_again_is_another_where_no_place_is_given_back_by_number() -> None:
    line = ringing_again(0)
    line.come("c3", number="+1c1")
    assert [call for _, _, call in line.state.present] == ["c1", "c2", "c3"]


def test_who_rings_us_while_we_ring_him_is_not_rung_once_more() -> None:
    line = ringing_again()
    line.free("ann")
    line.accept("ann")
    line.answer(dialled(line), Succeeded(call="leg"))
    line.come("c3", number="+1c1")
    assert line.caller("c1").callback is not None
    down(line)
    assert "c1" not in line.state.callers
    assert [call for _, _, call in line.state.present] == ["c2", "c3"]
    line.advance(200)
    assert len([sent for sent in line.sent if isinstance(sent, c.Dial)]) == 1
