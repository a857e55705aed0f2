"""Each test that docs/guarantees.md names exists, and the figures in it are so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ingress.log import SEEN_TTL_MS

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_guarantee_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = NAMED.findall(text)
    assert len(named) >= 5
    assert all("|" not in row or "::" in row for row in text.splitlines() if row.startswith("| ") and "`tests" in row)
    missing = [f"{file}::{name}" for file, name in named if name not in functions(ROOT / file)]
    assert missing == []


def test_it_is_said_how_long_an_events_id_is_remembered() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    assert f"*Once* holds for {SEEN_TTL_MS // 3_600_000} hours" in text


def functions(file: Path) -> set[str]:
    """Return the names of a module's functions, or none when there is no such file."""
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
