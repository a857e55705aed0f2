"""docs/emulator.md: the emulator's settings, what Telnyx leaves open, its admin endpoints and faults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec

from tests.documents.tables import Key, worded
from worker.testing.emulator import settings
from worker.testing.emulator.faults import Fault

FOLDER = Path(inspect.getfile(settings)).parent
_ROUTE = re.compile(r'web\.(get|post|put|patch|delete)\(\s*"(/emulator[^"]*)"')
_FIELD = re.compile(r"((?: +#: [^\n]*\n)*) +(\w+): [^\n]*")


def of(struct: type[msgspec.Struct], old: str) -> str:
    """Return the table of a Struct's settings; a new one begins with the words of the code."""
    said = comments_of(struct)
    rows: dict[Key, str] = {}
    for field in msgspec.structs.fields(struct):
        values = get_args(get_type_hints(struct)[field.name])
        choices = [json for value in values if isinstance(value, str) for json in [f"`{_json(value)}`"]]
        rows[f"`{field.encode_name}`", _default(field), ", ".join(choices)] = said.get(field.name, "")
    return worded(("setting", "default", "one of", "what it does"), rows, old, known=1)


def endpoints(old: str) -> str:
    """Return the table of the endpoints below /emulator."""
    found = sorted(
        {
            (path, method.upper())
            for file in FOLDER.glob("*.py")
            for method, path in _ROUTE.findall(file.read_text(encoding="utf-8"))
        }
    )
    rows: dict[Key, str] = {(f"`{method} {path}`",): "" for path, method in found}
    return worded(("endpoint", "what it does"), rows, old)


def faults(old: str) -> str:
    """Return the table of faults."""
    rows: dict[Key, str] = {(f"`{kind}`",): "" for kind in get_args(get_type_hints(Fault)["kind"])}
    return worded(("kind", "what happens"), rows, old)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "" if isinstance(value, msgspec.Struct) else f"`{_json(value)}`"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def comments_of(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the comments above the fields of *struct* say."""
    return dict(_comments(inspect.getsource(struct)))


def _comments(source: str) -> Iterator[tuple[str, str]]:
    for comment, name in _FIELD.findall(source):
        yield name, " ".join(line.strip().removeprefix("#: ") for line in comment.splitlines())
