"""The errors that Telnyx answers with, in its words and codes."""

from __future__ import annotations

from typing import NoReturn


class Problem(Exception):
    """Raised where Telnyx would refuse."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        wait_secs: float | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail or title
        #: Where in the body, or in the query, it is.
        self.pointer = pointer
        self.parameter = parameter
        #: How long to wait before asking again.
        self.wait_secs = wait_secs

    def body(self) -> dict[str, object]:
        """Return the documented form."""
        error: dict[str, object] = {"code": self.code, "title": self.title, "detail": self.detail}
        if self.pointer is not None:
            error["source"] = {"pointer": self.pointer}
        elif self.parameter is not None:
            error["source"] = {"parameter": self.parameter}
        return {"errors": [error]}


def refuse(
    code: str,
    detail: str = "",
    *,
    pointer: str | None = None,
    parameter: str | None = None,
    wait_secs: float | None = None,
) -> NoReturn:
    """Raise the problem that Telnyx knows by *code*."""
    status, title = _KNOWN[code]
    raise Problem(status, code, title, detail, pointer=pointer, parameter=parameter, wait_secs=wait_secs)


_KNOWN: dict[str, tuple[int, str]] = {
    "10004": (422, "Missing required parameter"),
    "10005": (404, "Resource not found"),
    "10009": (401, "Authentication failed"),
    "10010": (403, "Authorization failed"),
    "10011": (429, "Too many requests"),
    "10015": (422, "Invalid value"),
    "10032": (422, "Invalid enumerated value"),
    "10033": (422, "Value outside of range"),
    "90015": (422, "Invalid Call Control ID"),
    "90017": (422, "Invalid client state"),
    "90018": (422, "Call has already ended"),
    "90019": (422, "Conference has already ended"),
    "90020": (422, "Call recording triggered before audio started"),
    "90032": (422, "Maximum number of participants reached"),
    "90033": (422, "Unable to execute command"),
    "90034": (422, "Call not answered yet"),
    "90035": (422, "Call not in queue"),
    "90036": (422, "Queue full"),
    "90037": (422, "Queue already exists and its max_size can't be modified"),
    "90038": (422, "Call already in queue"),
    "90044": (422, "Call is already in this conference"),
    "90050": (400, "Unable to delete queue"),
    "90057": (422, "Unknown event type in webhook_urls"),
    "90058": (404, "Invalid conference_id"),
    "90102": (422, "Answer command cannot be issued for an outbound call"),
    "90103": (429, "Dials per second limit exceeded"),
}
