"""A file in TOML is held against a type: every mistake of its form is said, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from ingress.errors import ConfigError
from ingress.toml.file import load_file


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: Annotated[int, msgspec.Meta(ge=1, le=9)]
    names: list[str] = []
    span: tuple[float, float] = (0.0, 1.0)


def test_what_is_right_is_read_and_each_place_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "parts.toml"
    path.write_text("[a]\nsize = 1\n[b]\nsize = 2\nnames = ['x']\nspan = [1, 2.5]\n")
    file = load_file(str(path), "the parts", dict[str, Part])
    assert file.content == {"a": Part(1), "b": Part(2, ["x"], (1.0, 2.5))}
    assert file.where("b", "names") == f"{path}:5"
    assert file.where("b", "none") == f"{path}:3"


def test_all_mistakes_are_said_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "parts.toml"
    path.write_text("[a]\nsize = 10\n[b]\nnames = [1]\nspan = [1, 'x']\n[c]\nsise = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_file(str(path), "the parts", dict[str, Part])
    assert str(caught.value).splitlines() == [
        f"{path}:2: a.size is 10, not a whole number from 1 to 9",
        f"{path}:3: b.size is missing: it is a whole number from 1 to 9",
        f"{path}:4: b.names[0] is 1, not a text",
        f"{path}:5: b.span[1] is 'x', not a number",
        f"{path}:6: c.size is missing: it is a whole number from 1 to 9",
        f"{path}:7: c.sise is not a key: did you mean size? allowed here: names, size, span",
    ]
