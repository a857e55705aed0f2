"""The tables of docs/telnyx.md and docs/emulator.md show what the code knows, and no row lacks its words."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tests.documents import webhooks
from tests.documents.tables import DOCS, cells, section
from tests.documents.written import OPERATIONS, SECTIONS, rendered
from worker.testing.emulator import settings
from worker.testing.emulator.load import load_settings

TELNYX = (DOCS / "telnyx.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != OPERATIONS])
async def test_a_table_is_what_the_code_says(name: str) -> None:
    document = SECTIONS[name][0]
    text = (DOCS / document).read_text(encoding="utf-8")
    assert section(text, name) == await rendered(name, text), (
        f"docs/{document} is out of date at {name}: make docs (.venv/bin/python -m tests.documents)"
    )


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != OPERATIONS])
def test_every_row_has_its_words(name: str) -> None:
    document = SECTIONS[name][0]
    rows = cells(section((DOCS / document).read_text(encoding="utf-8"), name))
    assert rows
    silent = [row[0] for row in rows if not row[-1]]
    assert silent == [], f"write into docs/{document}, at {name}, what these are: {silent}"


def test_every_documented_event_has_a_type() -> None:
    assert len(set(webhooks.EVENTS)) == len(webhooks.EVENTS) == 39
    assert webhooks.untyped() == []


def test_what_telnyx_leaves_open_names_switches_that_the_emulator_has_and_all_of_them() -> None:
    rows = cells(TELNYX.partition("## What Telnyx leaves open")[2])
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[2])}
    structs = (settings.EmulatorSettings, settings.Unconfirmed)
    assert named <= {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    assert {field.encode_name for field in msgspec.structs.fields(settings.Unconfirmed)} <= named


@pytest.mark.parametrize("document", ["telnyx.md", "emulator.md", "policy.md"])
def test_a_link_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", (DOCS / document).read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        there = DOCS / (file or document)
        assert there.exists(), target
        headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in [re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in headings], target


def test_the_emulators_settings_in_toml_are_settings(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (DOCS / "emulator.md").read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "emulator.toml"
    file.write_text(example, encoding="utf-8")
    assert load_settings(file, {}).phones["sip:alice@sip.telnyx.com"].does == "decline"
