"""A policy in the log: a long text takes little room there, and is read as it was."""

from __future__ import annotations

import msgspec
import pytest

from ingress.envelope import Address
from worker.events.event import read_event, write_entry
from worker.events.policies import LONG, PackedPolicy, PolicyLoaded

WHERE = Address("-", "queue", "policy-0")


@pytest.mark.parametrize("text", ["", "# ä\n", "# ä\n" * LONG])
def test_a_policy_is_read_as_it_was_written(text: str) -> None:
    loaded = PolicyLoaded(3, "d", text, "somebody")
    entry = write_entry("policy:3:0", WHERE, loaded, 5)
    assert read_event("5-0", entry).body == loaded
    assert entry.kind == "intent"
    assert len(entry.raw) < LONG


def test_a_damaged_one_is_an_error_like_that_of_any_entry() -> None:
    entry = write_entry("policy:3:0", WHERE, PolicyLoaded(3, "d", "#" * LONG, "somebody"), 5)
    damaged = msgspec.json.encode(PackedPolicy(3, "d", b"junk", "somebody"))
    with pytest.raises(ValueError, match="cannot be unpacked"):
        read_event("5-0", msgspec.structs.replace(entry, raw=damaged))
