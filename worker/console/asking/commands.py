"""An intent as a command: whom it is for and what it needs as arguments, the rest as options, its docstring as help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import cast, get_args

import msgspec
import msgspec.inspect as types
import typer
from typer.core import TyperCommand

from ingress.intents import model as m
from ingress.intents.meant import meaning_of, mistake_of, unwrapped
from ingress.intents.reading import flaw_of
from ingress.intents.scopes import needed_by
from worker.console.asking.door import Door, ask

#: Words that are shorter at a prompt than the intent's own.
_WORDS = {
    "set_agent_state": "set-state",
    "close_queue": "close",
    "open_queue": "open",
    "prepare_queue": "prepare",
    "delete_queue": "delete",
    "end_call": "end",
}
_TARGETS = {
    "queue": "To a queue of the policy.",
    "agent": "To an agent.",
    "number": "To a number (E.164) or SIP URI outside.",
    "voicemail": "To a voicemail box.",
}


def intents_of(group: str) -> dict[str, type[m.Intent]]:
    """Return the intents whose first field is *group*, by their words."""
    kinds = [kind for kind in get_args(m.AnyIntent) if kind.__struct_fields__[0] == group]
    return {word_of(kind): kind for kind in kinds}


def word_of(kind: type[m.Intent]) -> str:
    """Return the word of an intent."""
    tag = str(kind.__struct_config__.tag)
    return _WORDS.get(tag, tag.replace("_", "-"))


def command_of(word: str, kind: type[m.Intent]) -> TyperCommand:
    """Return an intent as a command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    told = f"{inspect.getdoc(kind)}\n\nScopes, one of: {', '.join(needed_by(kind))}."
    where = f"Exit statuses: switchhook {kind.__struct_fields__[0]} --help."
    # Else a negative number, which some take, would be an option that there is not.
    settings = {"ignore_unknown_options": _takes_negatives(kind)}
    app.command(word, help=told, epilog=where, no_args_is_help=False, context_settings=settings)(_function(kind))
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    return command


def intent_of(kind: type[m.Intent], given: Mapping[str, object]) -> m.AnyIntent:
    """Return the intent that the arguments and options *given* say.

    Raises:
        BadParameter: They say none; the sentence names the one that is wrong.
    """
    values = {name: given[name] for name in kind.__struct_fields__ if given.get(name) is not None}
    if any(f"to_{name}" in given for name in _TARGETS):
        values["to"] = {name: given[f"to_{name}"] for name in _TARGETS if given.get(f"to_{name}") is not None}
    try:
        intent = cast("m.AnyIntent", msgspec.convert(values, kind))
    except msgspec.ValidationError as exc:
        place, wrong = mistake_of(kind, str(exc))
        raise typer.BadParameter(f"{wrong}.", param_hint=f"'{place.replace('.', '-').replace('_', '-')}'") from None
    flaw = flaw_of(intent)
    if flaw:
        raise typer.BadParameter(f"{flaw.replace('to: ', '', 1)}.")
    return intent


def _function(kind: type[m.Intent]) -> Callable[..., None]:
    """Return the function whose signature Typer reads."""

    def run(ctx: typer.Context, **given: object) -> None:
        door = ctx.obj
        assert isinstance(door, Door)
        raise typer.Exit(ask(door, intent_of(kind, given)))

    parameters = [_kept("ctx", typer.Context, inspect.Parameter.empty)]
    for field in _fields(kind):
        parameters += _parameters(field)
    # Typer asks for the annotations too, and resolves them where this function is: they must not be texts.
    run.__annotations__ = {}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameters(field: types.Field) -> list[inspect.Parameter]:
    core, _ = unwrapped(field.type)
    flag = "--" + field.name.replace("_", "-")
    if isinstance(core, types.StructType):
        return [
            _kept(f"to_{name}", str | None, typer.Option(None, f"--to-{name}", metavar=name.upper(), help=told))
            for name, told in _TARGETS.items()
        ]
    default = None if field.required or field.default == "" else field.default
    if isinstance(core, types.BoolType):
        off = "--off" if field.name == "on" else f"--no-{flag[2:]}"
        return [_kept(field.name, bool | None, typer.Option(default, f"{flag}/{off}", help=""))]
    meaning = meaning_of(field)
    choices = "|".join(str(value) for value in core.values) if isinstance(core, types.LiteralType) else None
    metavar = choices or field.name.upper()
    told = f"{meaning[:1].upper()}{meaning[1:]}." if meaning and choices is None else ""
    kind, least, most = _number(core)
    if field.required:
        argument = typer.Argument(..., metavar=metavar, help=told, min=least, max=most)
        return [_kept(field.name, kind, argument)]
    return [
        _kept(field.name, kind | None, typer.Option(default, flag, metavar=metavar, help=told, min=least, max=most))
    ]


def _takes_negatives(kind: type[m.Intent]) -> bool:
    return any((_number(unwrapped(field.type)[0])[1] or 0) < 0 for field in _fields(kind))


def _fields(kind: type[m.Intent]) -> tuple[types.Field, ...]:
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    return info.fields


def _number(core: types.Type) -> tuple[type[int | float | str], float | None, float | None]:
    """Return of what type a field is at a prompt, and from where to where it goes."""
    match core:
        case types.IntType(ge=least, le=most):
            return int, least, most
        case types.FloatType(ge=least, le=most):
            return float, least, most
        case _:
            return str, None, None


def _kept(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
