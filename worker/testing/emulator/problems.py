"""The errors that Telnyx answers with, in its words and codes."""

from __future__ import annotations

from typing import NoReturn


class Problem(Exception):
    """Raised where Telnyx would refuse."""

    def __init__(self, status: int, code: str, title: str, detail: str = "", *, pointer: str | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail or title
        self.pointer = pointer

    def body(self) -> dict[str, object]:
        """Return the documented form."""
        error: dict[str, object] = {"code": self.code, "title": self.title, "detail": self.detail}
        if self.pointer is not None:
            error["source"] = {"pointer": self.pointer}
        return {"errors": [error]}


def refuse(code: str, detail: str = "", *, pointer: str | None = None) -> NoReturn:
    """Raise the problem that Telnyx knows by *code*."""
    status, title = _KNOWN[code]
    raise Problem(status, code, title, detail, pointer=pointer)


_KNOWN: dict[str, tuple[int, str]] = {
    "10005": (404, "Resource not found"),
    "10009": (401, "Authentication failed"),
    "10015": (422, "Invalid value"),
    "10004": (422, "Missing required parameter"),
    "10011": (429, "Too many requests"),
    "90015": (422, "Invalid Call Control ID"),
    "90017": (422, "Invalid client state"),
    "90018": (422, "Call has already ended"),
    "90019": (422, "Conference has already ended"),
    "90020": (422, "Call cannot be recorded before audio has started"),
    "90033": (422, "Conference with given name already exists and it's active"),
    "90034": (422, "Call not answered yet"),
    "90035": (422, "Call not in queue"),
    "90036": (422, "Queue full"),
    "90038": (422, "Call is already in this queue"),
    "90044": (422, "Call is already in this conference"),
    "90058": (404, "Conference does not exist"),
    "90102": (422, "Answer command cannot be issued for an outbound call"),
}
