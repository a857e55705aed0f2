"""The wallboard's picture and the lists say what the views say, and cut nothing off in silence."""

from __future__ import annotations

import io
import os
import tty

import anyio
from msgspec.structs import replace
from rich.console import Console

from worker.aggregates.queue.tally import Tally
from worker.console.look import Beat
from worker.console.watching.board import Board, Partitions
from worker.console.watching.keys import Pressed
from worker.console.watching.lists import lines_of
from worker.console.watching.picture import picture_of, shares
from worker.console.watching.words import age, age_of, is_old, named, row_of, span
from worker.runtime.published import Listing
from worker.views.model import (
    AgentCaller,
    AgentState,
    AgentView,
    CallView,
    Closed,
    ConferenceView,
    Participant,
    QueueView,
    WaitingCaller,
)
from worker.views.queue import counts_of

NOW = 1_800_000_000_000
TALLY = Tally(
    offered=9, answered=6, answered_in_time=5, abandoned=1, abandoned_late=0, short_abandoned=1, called_back=1
)
WAITS = WaitingCaller(
    call="v3:c1", number="+15550100", position=1, priority=2, since_ms=NOW - 61_000, arrived_ms=NOW - 60_000,
    offered_to=("bob",),
)  # fmt: skip
QUEUE = QueueView(
    tenant="default", as_of_ms=NOW, queue="support", closed=None, waiting=3, callbacks=1, talking=2,
    longest_since_ms=NOW - 61_000, callers=(WAITS,), agents={"available": 1, "busy": 2, "offline": 4},
    counts=counts_of(TALLY),
)  # fmt: skip
CONFERENCE = ConferenceView(
    tenant="default", as_of_ms=NOW, conference="r1", agent="alice", since_ms=NOW - 5_000,
    participants=(Participant(leg="l", role="agent", whom="alice", since_ms=NOW),), call="c",
    queue="support", held=True,
    muted=False, recording="paused", recordings=(),
)  # fmt: skip
CALL = CallView(
    tenant="default", as_of_ms=NOW, call="v3:c1", direction="incoming", number="+15550100", dialled="+13125550131",
    since_ms=NOW - 70_000, answered_ms=NOW - 69_000, place="waiting", owner=None, menu=None, queue="support",
    waiting_since_ms=NOW - 61_000, conference=None, priority=0,
)  # fmt: skip


def agent(name: str, state: AgentState = "available") -> AgentView:
    return AgentView(
        tenant="default", as_of_ms=NOW, agent=name, state=state, since_ms=NOW - 7_000, pending=None, reason="",
        delay=None, until_ms=None, caller=None, reach="nailed-up", line="up", trouble="", leg=None, conference=None,
        queues=("support",), answered=3, talk_ms=0, idle_since_ms=NOW, misses=0,
    )  # fmt: skip


def board(agents: int = 2) -> Board:
    names = [agent(f"agent-{number:02}", "busy" if number else "available") for number in range(agents)]
    partitions = Partitions(16, 16, 0, 0.0)
    return Board("default", NOW, NOW - 1_000, 0, [Beat("w1", 0.2)], partitions, [QUEUE], names, [CONFERENCE])


def drawn(what: Board, *, height: int | None = None, width: int = 80, trouble: str = "") -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(picture_of(what, height=height, trouble=trouble))
    return out.getvalue().splitlines()


def test_ages_are_told_as_a_clock_does() -> None:
    assert [span(ms) for ms in (-5, 999, 7_000, 61_000, 3_600_000 + 62_000)] == [
        "0:00",
        "0:00",
        "0:07",
        "1:01",
        "1:01:02",
    ]
    assert (age(NOW - 2_000, NOW), age(0, NOW), age(None, NOW)) == ("0:02", "", "")


def test_a_queue_s_row_says_who_waits_how_long_and_what_its_agents_do() -> None:
    assert row_of(QUEUE, NOW) == ["support", "3 (1 back)", "1:01", "83%", "7", "2", "2", "1 free, 2 busy"]


def test_an_agent_s_row_says_his_state_what_is_next_and_his_caller() -> None:
    caller = AgentCaller(call="c1", queue="support", number="+15550100", step="connected")
    busy = replace(agent("alice", "busy"), pending="paused", caller=caller)
    assert row_of(busy, NOW) == ["alice", "busy", "0:07", "paused", "+15550100", "support", "3"]
    wrapping = replace(agent("alice", "wrapping-up"), until_ms=NOW + 9_000)
    assert row_of(wrapping, NOW)[1] == "wrapping-up (0:09 left)"
    assert row_of(replace(agent("alice", "delayed"), delay="no-answer"), NOW)[1] == "delayed (no-answer)"
    assert row_of(replace(agent("alice", "paused"), reason="lunch"), NOW)[1] == "paused (lunch)"


def test_rows_of_conferences_and_calls() -> None:
    assert row_of(CONFERENCE, NOW) == ["r1", "alice", "0:05", "agent alice", "support, on hold, recording paused"]
    handed = replace(CONFERENCE, agent=None, held=False, recording="off", handed_over=True)
    assert row_of(handed, NOW)[-1] == "support, handed over"
    busy = replace(CONFERENCE, held=False, recording="off", trouble="boss: busy")
    assert row_of(busy, NOW)[-1] == "support, boss: busy"
    assert row_of(CALL, NOW) == ["v3:c1", "+15550100", "+13125550131", "waiting 1:01", "1:10", "support"]


def test_a_name_says_what_is_wrong() -> None:
    old = replace(QUEUE, as_of_ms=NOW - 42_000, quarantined=True, closed=Closed("fire drill", "desk"))
    assert named(old, NOW) == "support (stands still, 0:42 old, closed)"


def test_the_picture_fits_a_small_terminal_and_counts_what_does_not() -> None:
    lines = drawn(board(agents=40), height=24)
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)
    assert any(line.startswith("Agents  39 busy, 1 free; 26 more not shown") for line in lines)
    assert any(line.startswith("support ") for line in lines)


def test_nothing_is_left_out_of_a_picture_that_is_printed_once() -> None:
    assert sum(line.startswith("agent-") for line in drawn(board(agents=40), width=132)) == 40


def test_who_talks_stands_before_who_is_free() -> None:
    lines = [line.split()[0] for line in drawn(board(agents=3)) if line.startswith("agent-")]
    assert lines == ["agent-01", "agent-02", "agent-00"]


def test_a_board_that_is_old_or_empty_says_so() -> None:
    old = replace(board(), as_of_ms=NOW - 60_000, partitions=Partitions(16, 3, 2, 4.0), workers=[])
    assert "as of 1:00 ago" in drawn(old)[0]
    assert drawn(old)[1].strip() == "16 partitions, 3 owned, 2 behind, at most 4.0 s   workers: none"
    empty = replace(board(), as_of_ms=None, queues=[], agents=[], conferences=[])
    assert "nothing is published yet" in drawn(empty)[0]
    assert [line.strip() for line in drawn(empty) if line.endswith("none")] [-3:] == [
        "Queues  none", "Agents  none", "Conferences  none",
    ]  # fmt: skip
    assert drawn(board(), trouble="this is not of now: away")[1].strip() == "this is not of now: away"


def test_lines_are_shared_fairly() -> None:
    assert shares([1, 40, 1], 14) == [1, 12, 1]
    assert shares([9, 9, 9], 6) == [2, 2, 2]
    assert shares([0, 5, 0], 3) == [0, 3, 0]
    assert shares([2, 2, 2], 100) == [2, 2, 2]


def test_what_is_shown_of_one_is_all_of_it() -> None:
    lines = list(lines_of(QUEUE, NOW))
    assert any(line.startswith("longest_since_ms") and line.endswith("(1:01 ago)") for line in lines)
    assert lines[-1].split() == ["1", "+15550100", "2", "1:01", "bob", "v3:c1"]
    kept = replace(QUEUE, callers=(WAITS, replace(WAITS, call="v3:c2", position=2, callback=True, offered_to=())))
    header, *rows = list(lines_of(kept, NOW))[-3:]
    marks = [row[header.index("called back") :].split("  ")[0].strip() for row in rows]
    assert marks == ["", "yes"]
    wrapping = replace(agent("alice", "wrapping-up"), until_ms=NOW + 9_000, talk_ms=61_000)
    told = {line.split()[0]: line.split(maxsplit=1)[1:] for line in lines_of(wrapping, NOW)}
    assert told["until_ms"][0].endswith("(0:09 from now)")
    assert told["talk_ms"] == ["1:01"]
    assert told["queues"] == ["support"]


def test_what_a_caller_chose_as_his_number_cannot_write_on_the_terminal() -> None:
    evil = replace(CALL, number="\x1b[2Jevil")
    out = io.StringIO()
    Console(file=out, width=132).print(picture_of(board(), height=None))
    assert "\x1b" not in out.getvalue()
    assert all("\x1b" not in line for line in lines_of(evil, NOW))


LONG = ("customer-support-international", "technical-escalations-tier-2", "night-service-overflow-everything")
STATES: tuple[AgentState, ...] = (
    "busy", "reserved", "wrapping-up", "available", "delayed", "paused", "offline",
)  # fmt: skip


def crowded() -> Board:
    """Long names everywhere, agents in every state, and more of all than a small screen has room for."""
    queues = [
        replace(
            QUEUE, queue=f"{name}-{number}", closed=Closed("fire", "desk") if number == 7 else None,
            waiting=number, longest_since_ms=NOW - number * 600_000,
            agents={"available": 2, "reserved": 1, "busy": 12, "wrapping-up": 3, "paused": 1, "delayed": 1},
        )
        for number, name in enumerate(LONG * 3)
    ]  # fmt: skip
    agents = [agent(f"alexandra-theodora.oberhuber-{state}-{n}", state) for n in range(5) for state in STATES]
    agents = [replace(each, until_ms=NOW + 9_000, reason="training on floor 3") for each in agents]
    caller = AgentCaller(call="c1", queue=LONG[0], number="+15550100", step="connected")
    agents = [replace(each, caller=caller) if each.state == "busy" else each for each in agents]
    rooms = [
        replace(
            CONFERENCE, conference=f"{n}-6a5f6c1e-9d1c-4b7c-8d3e", agent=agents[0].agent, queue=LONG[1],
            participants=(
                Participant(leg="l", role="agent", whom=agents[0].agent, since_ms=NOW),
                Participant(leg="m", role="caller", whom="+15550100", since_ms=NOW),
            ),
        )
        for n in range(9)
    ]  # fmt: skip
    return replace(board(), queues=queues, agents=agents, conferences=rooms)


def test_a_small_terminal_shows_states_times_and_headers_whole() -> None:
    lines = drawn(crowded(), height=24)
    assert len(lines) <= 24
    header = next(line for line in lines if line.startswith("agent "))
    assert header.split()[:3] == ["agent", "state", "for"]
    rows = [line.split() for line in lines if line.startswith("alexandra")]
    assert rows
    assert all(row[1:3] == ["busy", "0:07"] for row in rows)
    assert any("(closed)" in line for line in lines)
    assert [line.split()[-3:] for line in lines if line.startswith("0-6a5f")] == [["hold,", "recording", "paused"]]


def test_what_a_narrow_screen_leaves_out_is_named_or_counted() -> None:
    lines = drawn(crowded(), height=24)
    assert next(line for line in lines if line.startswith("Queues")).endswith("without talking, answered")
    narrow = [line.strip() for line in drawn(crowded(), height=24, width=44) if line.startswith("Queues")]
    assert narrow[0].endswith("columns left out")


def test_at_no_width_is_a_state_cut_or_a_line_too_long() -> None:
    for width in range(30, 260, 7):
        lines = drawn(crowded(), height=60, width=width)
        assert all(len(line) <= width for line in lines), width
        header = next(line for line in lines if line.startswith("agent "))
        if "state" in header:
            at = header.index("state")
            assert {line[at:].split()[0] for line in lines if line.startswith("alex")} <= set(STATES), width


def test_a_wide_screen_cuts_nothing_that_it_has_room_for() -> None:
    lines = drawn(crowded(), height=None, width=200)
    assert not [line for line in lines if "…" in line]
    assert any(line.startswith(f"{LONG[2]}-8 ") for line in lines)
    assert next(line for line in lines if line.startswith("queue")).split()[-2:] == ["talking", "agents"]
    assert any(line.endswith("2 free, 1 ringing, 12 busy, 3 wrap-up, 1 paused, 1 delayed") for line in lines)


def test_in_a_pipe_nothing_is_cut() -> None:
    what = crowded()
    what = replace(what, queues=[replace(what.queues[0], queue="q" * 300)])
    lines = [line.plain for line in picture_of(what, height=None).lines(None)]
    assert any(line.startswith("q" * 300) for line in lines)
    assert not [line for line in lines if "…" in line]


def test_where_not_all_queues_fit_those_are_shown_whose_callers_wait_longest() -> None:
    lines = drawn(crowded(), height=20)
    assert "5 more not shown, 10 waiting there" in next(line for line in lines if line.startswith("Queues"))
    assert any(line.startswith("night-service-overf") and " 1:20:00 " in line for line in lines)


def test_a_worker_who_is_silent_is_not_told_as_one_who_works() -> None:
    names = [Beat("w1", 0.2), Beat("w2", 14.0), *(Beat(f"worker-{number}", 0.1) for number in range(20))]
    second = drawn(replace(board(), workers=names))[1]
    assert second.rstrip().endswith("workers: w2 (silent for 14 s), w1 and 20 more")


def test_what_is_older_than_five_seconds_is_said_to_be() -> None:
    assert named(replace(QUEUE, as_of_ms=NOW - 5_000), NOW) == "support"
    assert named(replace(QUEUE, as_of_ms=NOW - 6_000), NOW) == "support (0:06 old)"
    assert "as of 0:06 ago: see switchhook partitions" in drawn(replace(board(), as_of_ms=NOW - 6_000))[0]


async def test_q_ends_the_watching_and_other_keys_do_not() -> None:
    master, slave = os.openpty()
    try:
        tty.setcbreak(slave)
        with anyio.fail_after(10):
            os.write(master, b"x")
            assert not await Pressed(slave).quits(0.1)
            os.write(master, b"q")
            assert await Pressed(slave).quits(60)
            assert not await Pressed(None).quits(0.01)
    finally:
        os.close(master)
        os.close(slave)


def test_what_a_list_says_of_its_age() -> None:
    fresh, old, never = Listing(NOW - 4_000, 0, []), Listing(NOW - 14_000, 2, []), Listing(None, 16, [])
    assert [is_old(each, NOW) for each in (fresh, old, never)] == [False, True, True]
    assert age_of(fresh, NOW) == "as of 0:04 ago"
    assert age_of(old, NOW) == "as of 0:14 ago, 2 partitions not published: see switchhook partitions"
    assert age_of(never, NOW) == "nothing is published yet: does a worker run?"
