"""`python -m tests.documents`, which is `make docs`: makes the tables of docs/ anew."""

from __future__ import annotations

import anyio

from tests.documents.tables import DOCS, with_section
from tests.documents.written import SECTIONS, rendered


async def main() -> None:
    """Write what differs, and say so."""
    for name, (document, _) in SECTIONS.items():
        path = DOCS / document
        text = path.read_text(encoding="utf-8")
        new = with_section(text, name, await rendered(name, text))
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{document}: {name} made anew")


if __name__ == "__main__":
    anyio.run(main)
