"""What has come of what the caller was to hear, to key in and to say: facts by mark, in whatever order they come."""

from __future__ import annotations

from msgspec.structs import replace

from worker.aggregates.call.state import Call, Keyed, Message, mark, what_of
from worker.commands.client_state import decode_client_state
from worker.events import webhooks as w

#: Marks of digits that are asked for.
ASKINGS = frozenset({"menu", "ext", "pin"})
MACHINES = frozenset({"machine", "fax_detected"})


def sound_ended(call: Call, client_state: str | None, status: str | None) -> Call:
    """What a mark names is over. Music that ends by itself could not be played: it is not begun again."""
    state = decode_client_state(client_state)
    if state is None or not state.speech:
        return call
    if state.speech.startswith("music:"):
        broken = call.sounding == state.speech and status != "cancelled"
        return replace(call, silent=call.silent or broken, sounding=None if broken else call.sounding)
    return _heard(call, state.speech)


def keyed_in(call: Call, body: w.GatherEnded, at_ms: int) -> Call:
    """Digits have come, or will not come. The first word on a mark counts."""
    call = replace(call, keyed_ms=max(call.keyed_ms, at_ms))
    if body.status == "call_hangup":
        return call
    state = decode_client_state(body.client_state)
    asked = state.speech if state else None
    if not asked or what_of(asked) not in ASKINGS or asked in call.keyed:
        return call
    digits = "" if what_of(asked) == "pin" else body.digits or ""
    return replace(call, keyed={**call.keyed, asked: Keyed(body.status or "", digits)})


def machine_found(call: Call, result: str | None) -> Call:
    """Detection has found who answered; a machine, if it has said so at all."""
    found = result in MACHINES
    return replace(call, machine=found or bool(call.machine))


def message_saved(call: Call, body: w.CallRecordingSaved | None) -> Call:
    """The recording is over: kept, or (None) lost."""
    box = call.course.goal.voicemail if call.course else None
    if call.course is None or box is None:
        return call
    call = _heard(call, mark(call.course.hop, "record"))
    if body is None:
        return call
    started, ended = body.recording_started_at or body.start_time, body.recording_ended_at or body.end_time
    message = Message(box, body.recording_id or "", started or "", ended or "")
    return replace(call, messages=tuple(sorted({*call.messages, message})))


def out_of_time(call: Call, key: str) -> Call:
    """Nothing was heard of what *key* names: it counts as over."""
    if key not in call.asked:
        return call
    if key.startswith("music:"):
        broken = call.sounding == key
        return replace(call, silent=True, sounding=None) if broken else call
    if what_of(key) in ASKINGS:
        return call if key in call.keyed else replace(call, keyed={**call.keyed, key: Keyed("timeout")})
    return _heard(call, key)


def _heard(call: Call, ended: str) -> Call:
    sounding = None if call.sounding == ended else call.sounding
    return replace(call, speeches_ended=call.speeches_ended | {ended}, sounding=sounding)
