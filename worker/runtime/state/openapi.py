"""The OpenAPI document of `/state/…` at a worker, made of the views' own types, so that it says what is so."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from importlib.metadata import version

import msgspec

from ingress.envelope import AggregateKind
from ingress.intents.answers import Problem
from worker.views import model as m
from worker.views.listed import Listed

_REFUSALS = {
    401: "There is no token, or nobody has this one.",
    403: "The token is of another tenant, or not for this; or the worker, which has no tokens, listens for others too.",
    404: "There is no such tenant, or none of that name; the reason says which there are.",
    503: "Redis does not answer now, or too many listen already. Retry-After says when to ask again.",
}
_TENANT = {
    "name": "tenant", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
}  # fmt: skip
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_LAST_ID = {
    "name": "Last-Event-ID", "in": "header", "required": False,
    "description": "Go on after this event, if it is not too long ago.", "schema": {"type": "string"},
}  # fmt: skip
CHANGES = """Every view as it is, and from then on each that changes, as server-sent events.

First `reset`, the views, and `ready`; then each view that changes, whole, under its kind, and `gone` with kind and id
of what is over. It lasts until one side ends it."""
VIEWS: dict[AggregateKind, type[m.View]] = {
    "queue": m.QueueView,
    "agent": m.AgentView,
    "conference": m.ConferenceView,
    "call": m.CallView,
}


@functools.cache
def document() -> bytes:
    """Return the document, as JSON."""
    schemas, components = msgspec.json.schema_components(
        (Listed, Problem, *VIEWS.values()), ref_template="#/components/schemas/{name}"
    )
    listed, problem, *views = schemas
    feed: dict[str, object] = {
        "description": "The feed.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    paths = {"/state/{tenant}/changes": _get("changes", CHANGES, feed, problem, _LAST_ID)}
    for (plural, kind), view in zip(m.PLURALS.items(), views, strict=True):
        all_of_them = {"allOf": [listed, {"properties": {"kind": {"const": kind}, "views": {"items": view}}}]}
        paths[f"/state/{{tenant}}/{plural}"] = _get(
            f"list_{plural}", f"All {plural} as they are now.", _answer("All of them.", all_of_them), problem
        )
        paths[f"/state/{{tenant}}/{plural}/{{id}}"] = _get(
            f"show_{kind}", f"One {kind} as it is now.", _answer("That one.", view), problem, _ID
        )
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Switchhook: state", "version": version("switchhook"), "description": inspect.getdoc(m)},
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            # Without SWITCHHOOK_TOKENS a worker tells whoever reaches it at a loopback address.
            "security": [{"token": []}, {}],
        }
    )


def _get(
    name: str, what: str, told: dict[str, object], problem: Mapping[str, object], *more: Mapping[str, object]
) -> dict[str, object]:
    """Return the description of one door."""
    responses: dict[str, object] = {"200": told}
    for status, why in _REFUSALS.items():
        responses[str(status)] = _answer(why, problem)
    operation: dict[str, object] = {
        "operationId": name,
        "description": what,
        "parameters": [_TENANT, *more],
        "responses": responses,
    }
    return {"get": operation}


def _answer(told: str, schema: Mapping[str, object]) -> dict[str, object]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}
