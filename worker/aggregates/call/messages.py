"""A voicemail: the prompt, the message after the tone, thanks, the end."""

from __future__ import annotations

import math
from collections.abc import Iterator

from worker.aggregates.call.saying import hang_up, hush, say
from worker.aggregates.call.state import Call, Course, mark
from worker.commands import command as c
from worker.decisions.decision import Act, Send, SetTimer
from worker.events import webhooks as w
from worker.events.event import Event
from worker.policy.model import Tenant, Voicemail

#: Telnyx ends a recording by itself; so much later nothing will be heard of that.
SAVED_WITHIN_MS = 15_000
#: Ends the message.
END_KEY = "#"


def take_message(call: Call, course: Course, box: Voicemail, event: Event, policy: Tenant) -> Iterator[Act]:
    """Record what the caller has to say. He may as well hang up: the recording is kept all the same."""
    prompt, record = mark(course.hop, "prompt"), mark(course.hop, "record")
    thanks = mark(course.hop, "thanks")
    if prompt not in call.asked:
        yield from say(call, event, policy, prompt, box.prompt)
    elif not call.heard(prompt):
        return
    elif record not in call.asked:
        yield from hush(call)
        yield Send(c.RecordLeg(call.id, math.ceil(box.max_secs), math.ceil(box.silence_secs)))
        yield SetTimer(record, event.received_ms + round(box.max_secs * 1000) + SAVED_WITHIN_MS)
    elif not call.heard(record):
        # A key that was pressed before belongs to a menu, however late its webhook is.
        pressed = isinstance(event.body, w.DtmfReceived) and event.body.digit == END_KEY
        if pressed and event.occurred_ms > call.keyed_ms:
            yield Send(c.RecordLegStop(call.id))
    elif box.thanks is not None and thanks not in call.asked:
        yield from say(call, event, policy, thanks, box.thanks)
    elif box.thanks is None or call.heard(thanks):
        yield from hang_up(call, event)
