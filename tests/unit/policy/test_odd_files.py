"""Files that no editor means to write: each is read, or refused in a sentence, and none ends the process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.unit.policy.test_load import GOOD
from worker.policy.load import load_policy, parse_policy
from worker.policy.mistakes import PolicyError

AGENTS = 10_000
#: What reading takes is some two seconds on a busy machine; without care for its order it is minutes.
MOST_SECS = 20.0


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
    ],
)
def test_a_file_as_windows_writes_it_is_read(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(raw)
    assert load_policy(path).digest == parse_policy(GOOD, "policy.toml").digest


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("x = " + "9" * 5_000, "a number is too long"),
        ("x = " + "[" * 20_000 + "]" * 20_000, "nested is too deep"),
        ("[tenants.default.queues.other]\npriority = 0x" + "f" * 5_000, "priority is a very large number, not"),
        ('[tenants.default.queues.other]\npriority = "9"', "priority is '9', not"),
        ("[tenants.default.queues.other]\nmax_wait_secs = nan", "max_wait_secs is nan, not"),
    ],
)
def test_what_python_itself_would_raise_upon_is_a_mistake_like_any_other(more: str, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        parse_policy(GOOD + more, "policy.toml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"+13125550100"', '"+13125550100\\n"'),
        ('"sip:alice@sip.telnyx.com"', '"+13125550111\\n"'),
        (
            "[tenants.default.queues.support]",
            '[tenants.default.queues.support.music]\naudio = "https://x.example/a\\n"',
        ),
        ('queue = "support"', 'queue = "support"\nrules = [{ from = ["+1*\\n"] }]'),
        ('{ env = "A" }', '{ env = "A\\n" }'),
    ],
)
def test_a_line_break_at_the_end_of_a_value_is_a_mistake(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError):
        parse_policy(GOOD.replace(old, new, 1), "policy.toml")


def test_ten_thousand_agents_are_checked_in_seconds() -> None:
    parts = [GOOD, *(f"[tenants.default.queues.q{number}]\nskills = {{ french = {{}} }}\n" for number in range(50))]
    parts += [
        f'[tenants.default.agents.a{number}]\naddress = "+1312{number:07}"\n'
        f'queues = ["q{number % 50}"]\nskills = {{ french = 5, english = 3 }}\n'
        for number in range(AGENTS)
    ]
    began = time.process_time()
    loaded = parse_policy("".join(parts), "policy.toml")
    assert time.process_time() - began < MOST_SECS
    assert len(loaded.policy.tenants["default"].agents) == AGENTS + 1
