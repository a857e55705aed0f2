"""The OpenAPI document of the intents' door, made of the types themselves, so that it says what is so."""

from __future__ import annotations

import functools
import inspect
from importlib.metadata import version
from typing import get_args

import msgspec

from ingress.intents import model as m
from ingress.intents.answers import MAX_WAIT_SECS, Accepted, Problem
from ingress.intents.past import Past
from ingress.intents.scopes import needed_by

_REFUSALS = {
    400: "The body is not JSON, or a header or parameter is not in its form.",
    401: "There is no token, or nobody has this one.",
    403: "The token is of another tenant, or has not the scope, or the agent is not one of its own.",
    409: "The Idempotency-Key was used for another intent.",
    413: "The body is too long.",
    422: "The body is not an intent; the reason says why.",
    503: "The log cannot be reached now; as far as is known, nothing was asked. Retry-After says when to try again.",
}
_TENANT = {
    "name": "tenant", "in": "path", "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
}  # fmt: skip


@functools.cache
def document() -> bytes:
    """Return the document, as JSON."""
    kinds = get_args(m.AnyIntent)
    (intents, accepted, past, problem), components = msgspec.json.schema_components(
        (m.AnyIntent, Accepted, Past, Problem), ref_template="#/components/schemas/{name}"
    )
    components["Target"]["oneOf"] = [_has(name) for name in m.Target.__struct_fields__]
    components["Say"]["oneOf"] = [_has("text"), _has("audio")]
    rights = ("end_conference_on_exit", "soft_end_conference_on_exit", "beep_enabled")
    components["UpdateParticipant"]["anyOf"] = [_has(name) for name in rights]
    person = {"properties": {"to": {"anyOf": [_has("number"), _has("agent")]}}}
    components["Transfer"]["anyOf"] = [{"properties": {"how": {"const": "cold"}}}, person]
    for kind in kinds:
        scopes = ", ".join(needed_by(kind))
        components[kind.__name__]["description"] = f"{inspect.getdoc(kind)}\n\nScopes, one of: {scopes}."
    ask = {
        "operationId": "ask",
        "summary": "Ask for something",
        "description": "Answered 202 when it is in the log. What became of it is told at the answer's `status`.",
        "parameters": [
            _TENANT,
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "description": "With the same key the same intent is taken once within a day.",
                "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
            },
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": intents}}},
        "responses": {
            "202": _answer("It is in the log.", accepted),
            **_refusals(problem, 400, 401, 403, 409, 413, 422, 503),
        },
    }  # fmt: skip
    tell = {
        "operationId": "tell",
        "summary": "What became of it",
        "parameters": [
            _TENANT,
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
            {
                "name": "wait_secs", "in": "query", "required": False,
                "description": "Answer when it has come to an end, or after so many seconds.",
                "schema": {"type": "number", "minimum": 0, "maximum": MAX_WAIT_SECS, "default": 0},
            },
        ],
        "responses": {
            "200": _answer("So far.", past),
            **_refusals(problem, 400, 401, 403, 503),
            "404": _answer("There is no such intent, or it is not to be seen by this token.", problem),
        },
    }  # fmt: skip
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Switchhook: intents",
                "version": version("switchhook"),
                "description": inspect.getdoc(m),
            },
            "paths": {"/intents/{tenant}": {"post": ask}, "/intents/{tenant}/{id}": {"get": tell}},
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"token": []}],
        }
    )


def _has(name: str) -> dict[str, object]:
    """Say that a field is there: what `ingress.intents.reading.flaw_of` asks for beyond the types."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _answer(told: str, schema: dict[str, object]) -> dict[str, object]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}


def _refusals(problem: dict[str, object], *statuses: int) -> dict[str, object]:
    return {str(status): _answer(_REFUSALS[status], problem) for status in statuses}
