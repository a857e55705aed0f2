"""Reads TOML, and says in people's words what keeps a text from being it, and on which line."""

from __future__ import annotations

import ast
import re
import tomllib

from ingress.toml.mistakes import written

_PLACE = re.compile(r"^(?P<said>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)
_TWICE = re.compile(r"^(?:Cannot declare|Cannot redefine namespace|Cannot mutate immutable namespace) (?P<key>\(.*\))")
#: What `tomllib` says, by how it begins, and what a person is told.
_WORDS = {
    "Cannot overwrite a value": "a key stands twice in the same table",
    "Duplicate inline table key": "a key stands twice in the same table",
    "Expected '=' after a key": 'a key needs "=" and a value after it',
    "Expected ']' at the end of a table declaration": 'the name of a table ends with "]"',
    "Expected ']]' at the end of an array declaration": 'the name of a list of tables ends with "]]"',
    "Expected newline or end of document after a statement": "something stands behind the value: a line has one key",
    "Invalid initial character for a key part": "a key is missing here, or needs quotation marks",
    "Invalid statement": "this is neither a key, nor a table, nor a comment",
    "Invalid value": "the value is missing, or a text without quotation marks",
    "Unclosed array": 'a list needs "]" at its end',
    "Unclosed inline table": 'an inline table needs "}" at its end, on the same line',
    "Unterminated string": "a text needs its closing quotation mark",
    "Illegal character": "a character that may not stand here; a text ends on its line",
    "Unescaped '\\' in a string": "a backslash in a text is written twice",
    "Invalid date or datetime": "there is no such date or time",
}


class TomlError(ValueError):
    """Raised for a text that is no TOML; `line` is where it is seen, from 1."""

    def __init__(self, told: str, line: int) -> None:
        super().__init__(told)
        self.line = line


def read_toml(text: str) -> dict[str, object]:
    """Return the document that *text* is.

    Raises:
        TomlError: It is none.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _told(str(exc), text) from None
    except (ValueError, RecursionError):
        # `tomllib` lets through what Python says of numbers of thousands of digits, and of deep nesting.
        raise TomlError("this cannot be read: a number is too long, or what is nested is too deep", 1) from None


def _told(message: str, text: str) -> TomlError:
    found = _PLACE.match(message)
    said = found["said"] if found else message
    last = text.rstrip().count("\n") + 1
    line = int(found["line"]) if found and found["line"] else last
    if twice := _TWICE.match(said):
        key = ast.literal_eval(twice["key"])
        return TomlError(f"this is not TOML: {written(tuple(map(str, key)))} stands twice", line)
    words = next((words for start, words in _WORDS.items() if said.startswith(start)), said[:1].lower() + said[1:])
    column = f", at column {found['column']}" if found and found["column"] else ""
    return TomlError(f"this is not TOML: {words}{column}", line)
