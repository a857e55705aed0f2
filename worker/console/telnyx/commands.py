"""An operation as a command: its path as arguments, its fields as options, the client's docstring as help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import msgspec
import typer
from typer.core import TyperCommand

from worker.console.telnyx.access import Access
from worker.console.telnyx.carry import SHOWN_AT_ONCE, Request, Shown, carry_out
from worker.console.telnyx.fields import FieldOption, fields_of, values_of
from worker.telnyx.answers import PAGE_SIZE
from worker.telnyx.calls.resource import Calls
from worker.telnyx.conferences.operations import BY_NAME
from worker.telnyx.conferences.resource import Conferences
from worker.telnyx.operation import Operation, Resource
from worker.telnyx.queues.resource import Queues
from worker.telnyx.surface import OPERATIONS

_METHODS: dict[Resource, type[object]] = {"calls": Calls, "conferences": Conferences, "queues": Queues}
#: A method yields and returns what a command shows.
_AT_A_PROMPT = {"Yield": "List", "Return": "Show"}
_ARGUMENTS = {
    "call_control_id": ("CALL_CONTROL_ID", "The call leg. One that begins with a dash: put -- before it."),
    "id": ("CONFERENCE_ID", "The conference's id; its name does not do here."),
    "conference_id": ("CONFERENCE_ID", "The conference's id; its name does not do here."),
    "queue_name": ("QUEUE_NAME", "The queue."),
    "participant_id": ("PARTICIPANT_ID", "The participant's id or label."),
}
_NAMED = ("CONFERENCE", "The conference's id or name.")


def word_of(operation: Operation[object]) -> str:
    """Return the word of an operation: its verb with dashes."""
    return operation.verb.replace("_", "-")


def operations_of(resource: str) -> dict[str, Operation[object]]:
    """Return the operations of *resource*, by their words."""
    return {word_of(operation): operation for operation in OPERATIONS if operation.resource == resource}


def command_of(operation: Operation[object]) -> TyperCommand:
    """Return *operation* as a command.

    Its help is plain text: a box would cut the names of long options off, and some have sixty.
    """
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(word_of(operation), help=help_of(operation), no_args_is_help=False)(_function(operation))
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    return command


def help_of(operation: Operation[object]) -> str:
    """Return what the client's method says of itself, and where the operation is."""
    told = inspect.getdoc(getattr(_METHODS[operation.resource], operation.verb)) or ""
    verb, _, rest = told.partition(" ")
    told = f"{_AT_A_PROMPT.get(verb, verb)} {rest}"
    return f"{told}\n\n{operation.method} {operation.path}"


def _function(operation: Operation[object]) -> Callable[..., None]:
    """Return the function whose signature Typer reads: arguments, the fields' options, those of the output."""
    body, query = fields_of(operation.body), fields_of(operation.query)
    words = [_NAMED if operation in BY_NAME and name == "id" else _ARGUMENTS[name] for name in operation.parameters]
    places = [_argument(number, *told) for number, told in enumerate(words)]

    def run(ctx: typer.Context, **given: object) -> None:
        request = Request(
            operation=operation,
            ids=tuple(_segment(given[place.name], word) for place, (word, _) in zip(places, words, strict=True)),
            body=operation.body(**values_of(body, given)) if operation.body else None,
            query=operation.query(**values_of(query, given)) if operation.query else None,
        )
        everybody = operation.everybody and _unnamed(given)
        access = ctx.obj
        assert isinstance(access, Access)
        if given["api_base"] is not None:
            access = msgspec.structs.replace(access, api_base=str(given["api_base"]))
        raise typer.Exit(carry_out(access, request, _shown(given), everybody=everybody))

    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    options = [*_required_first([*body, *query]), *_output(operation)]
    # Typer asks for the annotations too, and resolves them where this function is: they must not be texts.
    run.__annotations__ = {}
    run.__signature__ = inspect.Signature([context, *places, *options])  # type: ignore[attr-defined]
    return run


def _argument(number: int, metavar: str, told: str) -> inspect.Parameter:
    return _parameter(f"place_{number}", str, typer.Argument(..., metavar=metavar, help=told))


def _required_first(fields: list[FieldOption]) -> list[inspect.Parameter]:
    return [field.parameter() for field in sorted(fields, key=lambda field: not field.required)]


def _output(operation: Operation[object]) -> list[inspect.Parameter]:
    """Return the options that are not fields."""
    base = typer.Option(None, "--api-base", metavar="URL", help="As before the resource: another address.")
    options = [
        _parameter("as_json", bool, typer.Option(False, "--json", help="Print JSON, and nothing else.")),
        _parameter("api_base", str | None, base),
    ]
    if operation.listed:
        told = f"Items a page; {SHOWN_AT_ONCE}, or {PAGE_SIZE} with --all."
        size = typer.Option(None, "--page-size", min=1, max=PAGE_SIZE, help=told)
        page = typer.Option(None, "--page", min=1, help="Which page; the first.")
        every = typer.Option(False, "--all", help="All pages, each as it comes.")
        options += [
            _parameter("every_page", bool, every),
            _parameter("page_number", int | None, page),
            _parameter("page_size", int | None, size),
        ]
    if operation.everybody:
        told = "All are meant when nobody is named: do not ask."
        options.append(_parameter("all_participants", bool, typer.Option(False, "--all-participants", help=told)))
    return options


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _segment(given: object, word: str) -> str:
    """Return a part of the path. Without it, or with a step upwards, the path would be that of another operation."""
    text = str(given)
    if text in ("", ".", ".."):
        raise typer.BadParameter(f"{text!r} names nothing.", param_hint=f"'{word}'")
    return text


def _shown(given: Mapping[str, object]) -> Shown:
    every, page, size = given.get("every_page") is True, given.get("page_number"), given.get("page_size")
    if every and page is not None:
        raise typer.BadParameter("--all shows all pages, and --page one of them: leave one out.", param_hint="'--page'")
    return Shown(
        as_json=given["as_json"] is True,
        every_page=every,
        page=page if isinstance(page, int) else None,
        page_size=size if isinstance(size, int) else None,
    )


def _unnamed(given: Mapping[str, object]) -> bool:
    """Return whether nobody is named, and it is not said that all are meant."""
    named, all_meant = bool(given.get("call_control_ids")), given["all_participants"] is True
    if named and all_meant:
        raise typer.BadParameter(
            "some are named with --call-control-ids: leave one out.", param_hint="'--all-participants'"
        )
    return not named and not all_meant
