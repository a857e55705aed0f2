"""What operators read: amounts and times in words, columns under their names, sentences that say what is so."""

from __future__ import annotations

import os
import pwd

import pytest
from typer.testing import CliRunner

from ingress.envelope import DEFAULT_TENANT, Address
from ingress.log import Partition
from worker.cli import app
from worker.commands import command as c
from worker.console import operators, options
from worker.console.aside import Held, Released, Shown
from worker.console.exits import Exit
from worker.console.look import Beat, Look, Overview, Snapshot
from worker.console.partitions import COLUMNS, row_of, summary_of
from worker.console.quarantine import lines_of, said_of
from worker.console.table import amount_of, plain_lines, span_of
from worker.console.verify import EXPLAINED, REST, Difference, Verdict, differing, explain
from worker.console.verifying import exit_of
from worker.console.verifying import lines_of as lines_of_verdict
from worker.decisions.decision import Decision, Send
from worker.runtime.witness import Standing, Waiting

P = Partition(7)
OWNED = Look(
    P, "w1", 3, 4.2, "1763715000000-0", "1763715001000-1", 12, 0.42,
    Snapshot("1763714000000-0", 1000.4, 20_480), "1763000000000-4",
    Standing(3, "1763715000000-0", 0, 41, 2, 9, (Waiting("default/call:x", "KeyError: 'y'", 1, 2),)),
)  # fmt: skip
FREE = Look(P, None, 0, None, "0-0", "0-0", 0, 0.0, None, None, None)


@pytest.mark.parametrize(
    ("secs", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_times_are_said_as_people_do(secs: float, said: str) -> None:
    assert span_of(secs) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_572_864, "1.5 MiB"), (1 << 31, "2048.0 MiB")],
)
def test_amounts_are_said_as_people_do(count: int, said: str) -> None:
    assert amount_of(count) == said


def test_columns_stand_under_their_names_and_nothing_moves_the_cursor() -> None:
    assert plain_lines(("a", "bb"), [["long", "x"], ["\x1b[2J", "y"]]) == [
        "a        bb", "long     x", "\\x1b[2J  y",
    ]  # fmt: skip
    assert plain_lines(("a",), []) == ["a"]


def test_a_partition_is_a_row() -> None:
    assert dict(zip(COLUMNS, row_of(OWNED), strict=True)) == {
        "partition": "7", "owner": "w1", "epoch": "3", "lease": "4.2 s", "position": "1763715000000-0",
        "last event": "1763715001000-1", "lag": "12", "waits": "0.4 s", "snapshot": "17 min ago", "size": "20.0 KiB",
        "trimmed up to": "2025-11-13 02:13:20.000", "aggregates": "41", "quarantined": "1",
    }  # fmt: skip
    assert row_of(FREE) == ["7", "nobody", "0", "", "", "", "0", "", "none", "", "", "?", "?"]


def test_the_summary_tells_who_lives_what_lags_and_what_is_set_aside() -> None:
    workers, told = summary_of(Overview([Beat("w1", 0.2), Beat("w2", 31)], [OWNED, FREE], 0))
    assert workers == "workers: w1, w2 (silent for 31 s)"
    assert told == (
        "2 partitions, 1 owned, 1 with undecided events, the first of which has waited for 0.4 s, "
        "1 aggregate in quarantine (switchhook quarantine list)"
    )
    assert summary_of(Overview([], [FREE], 0)) == ["workers: none", "1 partition, 0 owned"]


def test_differences_are_named_and_explained_as_far_as_both_sides_are_known() -> None:
    assert differing({"a": "1", "b": "2", "": "3"}, {"a": "1", "b": "4", "c": "5", "": "3"}) == ["b", "c"]
    assert explain(["", "b", "c"], {"": {"timers": {}}, "b": {"x": 1}}, {"": {"timers": {"t": 1}}, "c": {}}) == [
        Difference(REST, ["timers.t: none → 1"]),
        Difference("b", ["there is one in the replay alone"]),
        Difference("c", ["there is none in the replay"]),
    ]
    many = [str(number) for number in range(EXPLAINED + 1)]
    assert explain(many, {}, {})[-1].how == []


def verdict(owner: str | None, live: list[Difference] | None, snapshot: list[Difference] | None) -> Verdict:
    return Verdict(P, owner, "5-0", 12, 3, live, "4-0" if snapshot is not None else None, snapshot)


def test_a_verdict_is_said_with_what_was_compared() -> None:
    assert list(lines_of_verdict(verdict("w1", [], []))) == [
        "partition 7: agrees (12 events, 3 aggregates, up to 5-0)",
        "    live      of w1: the same",
        "    snapshot  of 4-0: the same",
    ]
    assert list(lines_of_verdict(verdict(None, None, [Difference("default/call:x", ["a: 1 → 2"])]))) == [
        "partition 7: DIFFERS (12 events, 3 aggregates, up to 5-0)",
        "    live      nobody owns it",
        "    snapshot  of 4-0: 1 differ",
        "        default/call:x",
        "            a: 1 → 2",
    ]


def test_a_difference_goes_before_an_owner_that_does_not_answer() -> None:
    silent, wrong = verdict("w1", None, []), verdict("w1", [Difference("x", [])], None)
    assert exit_of([verdict("w1", [], None)]) is Exit.OK
    assert exit_of([silent]) is Exit.UNREACHABLE
    assert exit_of([silent, wrong]) is Exit.BROKEN


def test_an_aggregate_in_quarantine_is_shown_with_what_waits() -> None:
    held = [
        Held("5-0", 1_763_715_000_000, "webhook  call hold", '{"a":"\x1b"}'),
        Held("6-0", 1_763_715_001_000, "timer    x", "{}"),
    ]
    shown = Shown(
        "default/call:x", P, 1_763_715_000_000, "KeyError: 'y'", "worker/a.py:5 in fold: return y", "5-0", held
    )
    assert list(lines_of(shown)) == [
        "default/call:x, partition 7, in quarantine since 2025-11-21 08:50:00.000",
        "    KeyError: 'y'",
        "        worker/a.py:5 in fold: return y",
        "the event that raised; drop leaves it out:",
        "    2025-11-21 08:50:00.000  5-0  webhook  call hold",
        '    {"a":"\\x1b"}',
        "waiting with it: 1",
        "    2025-11-21 08:50:01.000  6-0  timer    x",
    ]


def test_what_became_of_a_release_is_said() -> None:
    decision = Decision(Address("default", "call", "x"), (Send(c.ReadCall("x")),))
    out = Released("default/call:x", P, "9-0", None, "", 2, decision)
    first, second = said_of(out)
    assert first == "default/call:x is released: 2 events that waited taken in"
    assert second.startswith("    → send ")
    again = Released("default/call:x", P, "9-0", "KeyError: 'y'", "worker/a.py:5 in fold: return y", 0, decision)
    assert list(said_of(again)) == [
        "default/call:x is in quarantine again: KeyError: 'y'",
        "    worker/a.py:5 in fold: return y",
    ]


def test_the_tenant_by_default_is_that_of_the_log() -> None:
    assert options.DEFAULT_TENANT == DEFAULT_TENANT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "--redis", "redis://127.0.0.1:1"], "name partitions or addresses, or say --all"),
        (["partitions"], "name a Redis with --redis or SWITCHHOOK_REDIS_URL"),
        (["quarantine", "show", "call:x"], "name a Redis"),
        (["archive", "verify", "nowhere"], "nowhere is not a directory"),
        (["soak", "--seed", "1", "--seeds", "1..2"], "--seed and --seeds do not go together"),
        (["soak", "--seed", "1", "--history", "x", "--seeds", "1"], "--seed and --seeds and --history do not go"),
        (["soak", "--seeds", "1", "--lines"], "--lines shows one run"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, arguments, env={"SWITCHHOOK_REDIS_URL": None})
    assert ended.exit_code == Exit.USAGE
    assert said in ended.output


def test_a_history_that_is_not_there_is_another_status() -> None:
    ended = CliRunner().invoke(app, ["soak", "--history", "nowhere.json"])
    assert ended.exit_code == Exit.NOT_FOUND
    assert ended.stderr == "switchhook: there is no file nowhere.json\n"


def test_one_seed_is_said_as_one() -> None:
    ended = CliRunner().invoke(app, ["soak", "--seeds", "5"], env={"SOAK_SECONDS": None})
    assert ended.exit_code == Exit.OK, ended.output
    assert ended.stdout.startswith("1 seed, ")


def test_who_has_no_name_asks_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert operators.user_name() == f"uid {os.getuid()}"


@pytest.mark.parametrize("command", [["partitions"], ["verify", "--all"], ["quarantine", "list"]])
def test_a_redis_that_is_away_is_another_status(command: list[str]) -> None:
    ended = CliRunner().invoke(app, [*command, "--redis", "redis://:secret@127.0.0.1:1"])
    assert ended.exit_code == Exit.UNREACHABLE
    assert "does not answer" in ended.output
    assert "secret" not in ended.output
