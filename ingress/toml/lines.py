"""On which line of a TOML text each key stands: `tomllib` does not say."""

from __future__ import annotations

import re
import tomllib

#: A key with those above it; an int is a place in a list, from 0.
Place = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"'[^'\n]*'")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}', re.DOTALL)
_PLAIN = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> dict[Place, int]:
    """Return the line, from 1, on which each table, key and list's item of *text* first stands.

    *text* is what `tomllib` has read without an error.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan()
    return scanner.found


def line_of(lines: dict[Place, int], place: Place) -> int | None:
    """Return the line of *place*, or of the nearest thing above it that the text has."""
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Place, int] = {}
        self._text = text
        self._at = 0
        #: Up to where lines have been counted, and how many.
        self._counted = (0, 1)
        #: How many tables each list of tables has so far.
        self._counts: dict[Place, int] = {}

    def scan(self) -> None:
        above: Place = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            above = self._header() if self._sees("[") else self._pair(above)
            self._skip(_BLANK)

    def _header(self) -> Place:
        """Read `[table]` or `[[list]]`, and return what its keys stand below."""
        line = self._line()
        many = self._sees("[[")
        self._at += 2 if many else 1
        keys = self._keys()
        self._at += 2 if many else 1
        place: Place = ()
        for number, key in enumerate(keys):
            place = (*place, key)
            self._note(place, line)
            if many and number == len(keys) - 1:
                self._counts[place] = self._counts.get(place, 0) + 1
            if place in self._counts:
                place = (*place, self._counts[place] - 1)
        self._note(place, line)
        return place

    def _pair(self, above: Place) -> Place:
        """Read `key = value` below *above*, which is returned."""
        line = self._line()
        place = above
        for key in self._keys():
            place = (*place, key)
            self._note(place, line)
        self._at += 1
        self._skip(_BLANK)
        self._value(place)
        return above

    def _value(self, place: Place) -> None:
        if self._skip(_LONG) or self._skip(_BASIC) or self._skip(_LITERAL):
            return
        if self._sees("["):
            self._items(place, "]")
        elif self._sees("{"):
            self._items(place, "}")
        else:
            self._skip(_PLAIN)

    def _items(self, place: Place, end: str) -> None:
        """Read a list or an inline table up to its *end*."""
        self._at += 1
        count = 0
        self._skip(_BLANK)
        while self._at < len(self._text) and not self._sees(end):
            if end == "]":
                self._note((*place, count), self._line())
                self._value((*place, count))
            else:
                self._pair(place)
            count += 1
            self._skip(_BLANK)
            if self._sees(","):
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            for form in (_BARE, _BASIC, _LITERAL):
                found = form.match(self._text, self._at)
                if found:
                    self._at = found.end()
                    # A quoted key may have escapes, which are TOML's to read.
                    keys.append(found[0] if form is _BARE else str(tomllib.loads(f"key = {found[0]}")["key"]))
                    break
            self._skip(_SPACE)
            if not self._sees("."):
                return keys
            self._at += 1

    def _skip(self, form: re.Pattern[str]) -> bool:
        found = form.match(self._text, self._at)
        if found is None or found.end() == self._at:
            return False
        self._at = found.end()
        return True

    def _sees(self, what: str) -> bool:
        return self._text.startswith(what, self._at)

    def _line(self) -> int:
        at, line = self._counted
        self._counted = (self._at, line + self._text.count("\n", at, self._at))
        return self._counted[1]

    def _note(self, place: Place, line: int) -> None:
        self.found.setdefault(place, line)
