"""Reads an intent out of a request's body; what is wrong is said in a sentence, with its place."""

from __future__ import annotations

import difflib
from typing import get_args

import msgspec

from ingress.errors import SwitchhookError
from ingress.intents import model as m
from ingress.intents.meant import MOST_REPEATED, mistake_of

#: More than the longest intent, with room for escapes.
MAX_BODY_BYTES = 65_536
#: What a decoder raises for what is no JSON, or nested too deeply to be read.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decoder = msgspec.json.Decoder(m.AnyIntent)
TAGS = {str(kind.__struct_config__.tag): kind for kind in get_args(m.AnyIntent)}


class BodyError(SwitchhookError):
    """Raised when a body is not an intent; `status` is 400 for what is no JSON object, else 422."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Tagged(msgspec.Struct):
    intent: object = None


def read_intent(body: bytes) -> m.AnyIntent:
    """Return the intent in *body*.

    Raises:
        BodyError: It is none.
    """
    try:
        intent: m.AnyIntent = _decoder.decode(body)
    except msgspec.ValidationError as exc:
        raise _explained(body, str(exc)) from None
    except _NO_JSON as exc:
        raise BodyError(400, f"the body is not JSON: {exc}") from None
    flaw = flaw_of(intent)
    if flaw:
        raise BodyError(422, flaw)
    return intent


def flaw_of(intent: m.AnyIntent) -> str | None:
    """Return what is wrong with *intent* beyond its fields' types; None: nothing."""
    match intent:
        case m.Transfer(to=to, how=how):
            if how == "warm" and to.number is None and to.agent is None and _target_flaw(to) is None:
                return "to: a warm transfer is to a number or an agent; to a queue or a voicemail it is cold"
            return _target_flaw(to)
        case m.MoveCaller(to=to):
            return _target_flaw(to)
        case m.Say(text=text, audio=audio) if (text is None) == (audio is None):
            return "give exactly one of text and audio"
        case m.UpdateParticipant() if (
            intent.end_conference_on_exit is None
            and intent.soft_end_conference_on_exit is None
            and intent.beep_enabled is None
        ):
            return "name at least one right to change"
        case _:
            return None


def _target_flaw(to: m.Target) -> str | None:
    named = [name for name in to.__struct_fields__ if getattr(to, name) is not None]
    if len(named) == 1:
        return None
    there = f"there are {', '.join(named)}" if named else "there is none"
    return f"to: give exactly one of {', '.join(to.__struct_fields__)}; {there}"


def _explained(body: bytes, told: str) -> BodyError:
    """Return what is wrong with a body that does not fit: what comes behind the mistake has not been read yet."""
    try:
        tag = msgspec.json.decode(body, type=_Tagged).intent
    except msgspec.ValidationError:
        return BodyError(422, "the body is not a JSON object")
    except _NO_JSON as exc:
        return BodyError(400, f"the body is not JSON: {exc}")
    if tag is None:
        return BodyError(422, f"the field `intent` is missing: it is one of {', '.join(TAGS)}")
    if not isinstance(tag, str) or tag not in TAGS:
        given = repr(tag)[:MOST_REPEATED]
        near = difflib.get_close_matches(str(tag)[:MOST_REPEATED], TAGS, n=1)
        hint = f"is {near[0]} meant?" if near else f"there are {', '.join(TAGS)}"
        return BodyError(422, f"there is no intent {given}; {hint}")
    place, wrong = mistake_of(TAGS[tag], told)
    return BodyError(422, f"{tag}: {place}: {wrong}" if place else f"{tag}: {wrong}")
