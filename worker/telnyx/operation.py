"""What an operation of the Telnyx API is: where it is, what it takes and gives, and how it bears repetition.

The table of all 56 is `worker.telnyx.surface`; client, command line, emulator and documentation read it, so that each
fact about an operation stands once.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Generic, Literal, TypeVar
from urllib.parse import quote

import msgspec

from worker.telnyx.errors import UnsendableError

A_co = TypeVar("A_co", covariant=True)

Resource = Literal["calls", "conferences", "queues"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

#: Telnyx forgets a command_id after 60 s; a repetition must have arrived by then.
RESEND_WITHIN_SECS = 55.0

#: Fields of bodies that nobody may read in a log.
SECRET_FIELDS = frozenset({"sip_auth_password", "stream_auth_token"})

_PARAMETER = re.compile(r"\{(\w+)\}")


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request's body, with Telnyx's own names. What is absent is not sent. Its repr has no secret in it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        given = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [(name, "(secret)" if name in SECRET_FIELDS and value else value) for name, value in given]


class Query(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request's query, with Telnyx's own names, brackets and all. What is absent is not sent."""


class OperationClass(Enum):
    """How an operation bears repetition."""

    #: Takes a command_id: the same id within 60 s is ignored by Telnyx. Later: read first.
    KEYED = "keyed"
    #: Says how something should be: as often as one likes.
    SET_LIKE = "set-like"
    #: Ends something: "already gone" is success.
    DELETE_LIKE = "delete-like"
    #: Has its effect each time: never repeated unless it was certainly not carried out.
    ONCE = "once"
    #: Changes nothing.
    READ = "read"


class Operation(msgspec.Struct, Generic[A_co], frozen=True):
    """One operation. `verb` is the client's method and, with dashes, the command line's word."""

    resource: Resource
    verb: str
    method: Method
    path: str
    kind: OperationClass
    #: What the answer's `data` is, or each item of it in a list; NoneType where there is no body (204).
    answer: type[A_co]
    body: type[Body] | None = None
    query: type[Query] | None = None
    listed: bool = False

    @property
    def name(self) -> str:
        """Both words: `conferences record_start`."""
        return f"{self.resource} {self.verb}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, from left to right."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def keyed(self) -> bool:
        """Whether the body may bear a command_id."""
        return self.body is not None and "command_id" in self.body.__struct_fields__

    @property
    def everybody(self) -> bool:
        """Whether it concerns all participants when none is named."""
        if self.body is None or "call_control_ids" not in self.body.__struct_fields__:
            return False
        return any(f.name == "call_control_ids" and not f.required for f in msgspec.structs.fields(self.body))

    def path_of(self, *ids: str) -> str:
        """Return the path with *ids* in it, percent-encoded: a call_control_id has colons, a queue's name anything.

        Raises:
            UnsendableError: An id is empty, `.` or `..`: with it, the path would be another operation's.
            TypeError: There are more or fewer of them than the path has places.
        """
        names = self.parameters
        if len(ids) != len(names):
            raise TypeError(f"{self.name} takes {len(names)} ids ({', '.join(names)}), not {len(ids)}")
        for name, given in zip(names, ids, strict=True):
            if given in ("", ".", ".."):
                raise UnsendableError(f"{self.name}: {given!r} is no {name}: nothing was sent")
        rest = iter(ids)
        return _PARAMETER.sub(lambda _: quote(next(rest), safe=""), self.path)
