"""What Switchhook writes into Telnyx's `client_state`, and reads back from webhooks.

Telnyx echoes it in every later webhook of the leg. It tells a leg that Switchhook dialled what it is for, which
speech has ended, and (by the epoch) that an effect came from an owner that was fenced out meanwhile. It is
never routed by. A state that Switchhook did not write is left alone.
"""

from __future__ import annotations

import base64
import binascii

import msgspec


class ClientState(
    msgspec.Struct, frozen=True, omit_defaults=True, rename={"owner": "o", "purpose": "p", "speech": "s", "epoch": "e"}
):
    """The content of a `client_state`.

    `owner` is the aggregate that had the leg dialled (`agent:alice`), `purpose` what for; `speech` names what
    a speak command says; `epoch` is that of the worker which sent the command (filled in when it is sent).
    """

    owner: str | None = None
    purpose: str | None = None
    speech: str | None = None
    epoch: int | None = None


_MARK = b"sh1"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ClientState)


def encode_client_state(state: ClientState) -> str:
    """Return *state* as the base64 text that Telnyx asks for."""
    return base64.b64encode(_MARK + _encoder.encode(state)).decode()


def decode_client_state(text: object) -> ClientState | None:
    """Return the state in *text*, or None when Switchhook did not write it."""
    if not isinstance(text, str):
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(_MARK):
        return None
    try:
        return _decoder.decode(raw[len(_MARK) :])
    except msgspec.DecodeError:
        return None
