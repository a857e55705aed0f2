"""Fields of bodies and queries as options: what each takes, what its help says, and how its value is read.

Everything is read out of the types: the description and limits of a field stand once, in `worker.telnyx`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import cast

import msgspec
import msgspec.inspect as types
import typer

from worker.telnyx.operation import SECRET_FIELDS, Body, Query

#: Secrets can come from here instead of the command line, which others can read.
VARIABLES = {name: f"SWITCHHOOK_{name.upper()}" for name in SECRET_FIELDS}


class FieldOption:
    """One field as an option."""

    def __init__(self, field: types.Field, annotation: object) -> None:
        self.name = field.name
        self.flag = "--" + field.name.strip("_").replace("_", "-")
        self.required = field.required
        self._annotation = annotation
        self._description = ""
        self._cores: list[types.Type] = []
        self._unfold(field.type)

    def _unfold(self, kind: types.Type) -> None:
        if isinstance(kind, types.Metadata):
            self._description = str((kind.extra_json_schema or {}).get("description", self._description))
            self._unfold(kind.type)
        elif isinstance(kind, types.UnionType):
            for part in kind.types:
                self._unfold(part)
        elif not isinstance(kind, types.NoneType):
            self._cores.append(kind)

    @property
    def many(self) -> bool:
        """Whether it may be given several times."""
        lists = [core for core in self._cores if isinstance(core, types.ListType)]
        return bool(lists) and all(isinstance(_bare(core.item_type), types.StrType) for core in lists)

    @property
    def as_json(self) -> bool:
        """Whether its value is written as JSON."""
        return not self.many and any(isinstance(core, _OBJECTS) for core in self._cores)

    @property
    def choices(self) -> list[str]:
        """The values that it takes, if they are known."""
        return [str(value) for core in self._cores if isinstance(core, types.LiteralType) for value in core.values]

    @property
    def help(self) -> str:
        """What the field means, and its limits."""
        limits = [_limits(core) for core in self._cores]
        several = "May be given several times." if self.many else ""
        return " ".join(part for part in (self._description, *limits, several, self._shape()) if part)

    def parameter(self) -> inspect.Parameter:
        """Return it as a parameter of a function that Typer makes a command of."""
        kind: type[str | bool | int | list[str]] = list[str] if self.many else str
        flag, least, most = self.flag, None, None
        core = self._cores[0]
        if isinstance(core, types.BoolType):
            flag, kind = f"{flag}/--no-{flag.removeprefix('--')}", bool
        elif isinstance(core, types.IntType) and len(self._cores) == 1:
            kind, least, most = int, core.ge, core.le
        option = typer.Option(
            ... if self.required else None,
            flag,
            help=self.help,
            metavar=self._metavar(core),
            min=least,
            max=most,
            envvar=VARIABLES.get(self.name),
            show_default=False,
        )
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option,
            annotation=kind if self.required else kind | None,
        )

    def read(self, given: object) -> object:
        """Return the field's value for what was *given*.

        Raises:
            BadParameter: It is not one; the option, and what is right, are named.
        """
        value = self._written(given)
        try:
            read: object = msgspec.convert(value, self._annotation)
        except msgspec.ValidationError as exc:
            told = str(exc).replace(" - at `$", ", at `", 1) if self.as_json else str(exc).partition(" - at")[0]
            raise self._wrong(f"{told[:1].lower()}{told[1:]}.{f' {self._shape()}' if self.as_json else ''}") from None
        lost = _lost(value, msgspec.to_builtins(read)) if self.as_json else ""
        if lost:
            raise self._wrong(f"there is no field `{lost}`. {self._shape()}")
        return read

    def _written(self, given: object) -> object:
        """Return *given* as the JSON value that it stands for."""
        if isinstance(given, list):
            if "" in given:
                raise self._wrong("one of the values is empty.")
            joined = next((value for value in given if self.name.endswith("_ids") and "," in value), None)
            if joined is not None:
                raise self._wrong(f"{joined!r} has a comma: give {self.flag} once for each.")
            single = any(isinstance(core, types.StrType) for core in self._cores)
            return given[0] if single and len(given) == 1 else given
        if not isinstance(given, str):
            return given
        if self.choices:
            values = [value for core in self._cores if isinstance(core, types.LiteralType) for value in core.values]
            named = {str(value): value for value in values}
            if given not in named:
                raise self._wrong(f"{given!r} is not one of {', '.join(named)}.")
            return named[given]
        if self.as_json:
            try:
                return msgspec.json.decode(given)
            except msgspec.DecodeError as exc:
                raise self._wrong(f"this is not JSON ({exc}). {self._shape()}") from None
        number = any(isinstance(core, types.IntType) for core in self._cores) and re.fullmatch(r"-?\d{1,18}", given)
        return int(given) if number else given

    def _wrong(self, told: str) -> typer.BadParameter:
        return typer.BadParameter(told, param_hint=f"'{self.flag}'")

    def _metavar(self, core: types.Type) -> str | None:
        if self.choices:
            return "|".join(self.choices)
        if self.as_json:
            return "JSON"
        if isinstance(core, types.BoolType):
            return None
        return "INTEGER" if isinstance(core, types.IntType) and len(self._cores) == 1 else "TEXT"

    def _shape(self) -> str:
        return f"JSON: {' or '.join(_shape(core) for core in self._cores)}." if self.as_json else ""


def fields_of(kind: type[Body | Query] | None) -> list[FieldOption]:
    """Return the fields of *kind* as options, in its order."""
    if kind is None:
        return []
    annotations = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return [FieldOption(field, annotations[field.name]) for field in _struct(kind).fields]


def values_of(fields: list[FieldOption], given: Mapping[str, object]) -> dict[str, object]:
    """Return the value of each field that was *given*, by name.

    Raises:
        BadParameter: One is wrong.
    """
    there = {field: given.get(field.name) for field in fields}
    return {field.name: field.read(value) for field, value in there.items() if value not in (None, [], ())}


_OBJECTS = (types.StructType, types.DictType, types.ListType)


def _struct(kind: type[msgspec.Struct]) -> types.StructType:
    return cast("types.StructType", types.type_info(kind))


def _bare(kind: types.Type) -> types.Type:
    return _bare(kind.type) if isinstance(kind, types.Metadata) else kind


def _limits(core: types.Type) -> str:
    if isinstance(core, types.StrType) and core.max_length is not None:
        return f"{core.min_length or 0} to {core.max_length:,} characters."
    return ""


def _shape(kind: types.Type) -> str:
    """Sketch the JSON that *kind* is written as."""
    kind = _bare(kind)
    if isinstance(kind, types.StructType):
        tag = [f"{kind.tag_field}: {kind.tag}"] if kind.tag_field else []
        return "{" + ", ".join([*tag, *(field.encode_name for field in kind.fields)]) + "}"
    if isinstance(kind, types.ListType):
        return f"[{_shape(kind.item_type)}, …]"
    if isinstance(kind, types.DictType):
        inner = _shape(kind.value_type)
        return f"{{NAME: {inner}, …}}" if inner else "{…}"
    return "TEXT" if isinstance(kind, types.StrType) else ""


def _lost(given: object, kept: object, place: str = "") -> str:
    """Return the first key of *given* that no field took up: msgspec passes it over, and a typing error with it."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            here = f"{place}.{key}".lstrip(".")
            if key not in kept and value is not None:
                return here
            deeper = _lost(value, kept.get(key), here)
            if deeper:
                return deeper
    if isinstance(given, list) and isinstance(kept, list):
        for number, (one, other) in enumerate(zip(given, kept, strict=False)):
            deeper = _lost(one, other, f"{place}[{number}]")
            if deeper:
                return deeper
    return ""
