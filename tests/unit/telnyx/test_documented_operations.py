"""docs/telnyx.md shows each operation as it is: client, command line, emulator, class and tests."""

from __future__ import annotations

import difflib

import pytest

from tests.documents import operations
from tests.documents.operations import PROOFS, ROOT, Proof, collected_tests, unproved
from tests.documents.tables import DOCS, section
from tests.documents.written import OPERATIONS as SECTION
from worker.telnyx.surface import OPERATIONS


async def test_the_table_of_operations_is_what_the_code_says() -> None:
    shown = section((DOCS / "telnyx.md").read_text(encoding="utf-8"), SECTION)
    so = await operations.render()
    differences = "\n".join(difflib.unified_diff(shown.splitlines(), so.splitlines(), "shown", "so", n=0, lineterm=""))
    assert not differences, (
        f"docs/telnyx.md is out of date: make docs (.venv/bin/python -m tests.documents)\n{differences}"
    )


def test_the_table_has_the_56_operations_once_each_and_34_are_core() -> None:
    assert len({(o.method, o.path) for o in OPERATIONS}) == len(OPERATIONS) == 56
    assert sum(map(operations.core, OPERATIONS)) == 34


def test_every_operation_can_be_asked_from_python() -> None:
    assert [o.name for o in OPERATIONS if operations.client_method(o) is None] == []


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.word)
def test_every_operation_has_a_test_in_the_files_that_prove_it(proof: Proof) -> None:
    if not (ROOT / proof.file).exists() and not proof.required:
        pytest.skip(f"{proof.file} is not there yet")
    missing = unproved(proof, collected_tests(proof))
    assert missing == [], f"{proof.file} has no test with these ids: {missing}"
