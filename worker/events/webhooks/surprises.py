"""What Telnyx sends that it does not document, so that it can be shown and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from worker.events.webhooks.base import Webhook
from worker.events.webhooks.decode import Other, Unread
from worker.events.webhooks.documented import has_enums, undocumented

#: So many characters of a value are told.
MAX_TOLD = 100


class Surprise(msgspec.Struct, frozen=True):
    """Something about an event that is not as documented.

    `what` has few values, so that it can be counted by: the event type and the field of a known event, `event_type` for
    an unknown one. `why` says it to a person.
    """

    what: str
    why: str


def surprises(body: object) -> Iterable[Surprise]:
    """Return what is not as documented in an event's body; nothing for what is no webhook.

    Looked at for every event: what is as documented costs two microseconds at most, and far less without enums.
    """
    if isinstance(body, Webhook):
        return tuple(_of_known(body)) if body.misread or has_enums(type(body)) else ()
    if isinstance(body, Other):
        return (Surprise("event_type", f"event type {body.event_type[:MAX_TOLD]} is not known"),)
    if isinstance(body, Unread):
        return (Surprise(f"{body.event_type} payload", f"not as documented: {body.reason}"),)
    return ()


def _of_known(body: Webhook) -> Iterator[Surprise]:
    for name in body.misread:
        yield Surprise(f"{body.event_type} {name}", f"{name} is not of its documented type")
    for name, value in undocumented(body):
        yield Surprise(f"{body.event_type} {name}", f'{name} "{value[:MAX_TOLD]}" is not documented')
