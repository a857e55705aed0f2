"""Only what Telnyx has signed just now is taken, and the refusal says why."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from telnyx import Telnyx

from ingress.errors import ConfigError, SignatureError
from ingress.signature import Verifier, read_public_key
from tests.signing import Signer

BODY = b'{"data": {"event_type": "call.initiated"}}'
NOW = 1_800_000_000.0
DATA = json.loads((Path(__file__).parents[2] / "data" / "webhooks.json").read_text())
REAL = [json.dumps(document).encode() for document in DATA["captured"] + DATA["documented"]]


def check(signer: Signer, headers: dict[str, str], body: bytes = BODY, *, now: float = NOW) -> None:
    verifier = Verifier([read_public_key(signer.public_key, "test")])
    verifier.verify(headers.get("telnyx-signature-ed25519"), headers.get("telnyx-timestamp"), body, now_secs=now)


def test_a_webhook_that_was_signed_is_taken() -> None:
    signer = Signer()
    check(signer, signer.headers(BODY, at=NOW))


@pytest.mark.parametrize("bit", range(0, len(BODY) * 8, 37))
def test_a_flipped_bit_is_refused(bit: int) -> None:
    signer = Signer()
    flipped = bytearray(BODY)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureError) as caught:
        check(signer, signer.headers(BODY, at=NOW), bytes(flipped))
    assert not caught.value.malformed


@pytest.mark.parametrize(("at", "word"), [(NOW - 301, "too old: 301 s"), (NOW + 301, "too new: 301 s")])
def test_too_old_is_told_from_too_new(at: float, word: str) -> None:
    signer = Signer()
    with pytest.raises(SignatureError, match=word):
        check(signer, signer.headers(BODY, at=at))


@pytest.mark.parametrize("at", [NOW - 300, NOW - 1, NOW + 300])
def test_a_clock_that_is_a_little_off_is_borne(at: float) -> None:
    signer = Signer()
    check(signer, signer.headers(BODY, at=at))


@pytest.mark.parametrize(
    "change",
    [
        {"telnyx-timestamp": None},
        {"telnyx-signature-ed25519": None},
        {"telnyx-timestamp": "yesterday"},
        {"telnyx-timestamp": "-5"},
        {"telnyx-timestamp": ""},
        {"telnyx-timestamp": "1800000000.5"},
        {"telnyx-timestamp": "١٨٠٠٠٠٠٠٠٠"},
        {"telnyx-timestamp": "9" * 5000},
        {"telnyx-signature-ed25519": ""},
        {"telnyx-signature-ed25519": "???"},
        {"telnyx-signature-ed25519": base64.b64encode(b"short").decode()},
    ],
)
def test_a_missing_or_malformed_header_is_said_to_be_one(change: dict[str, str | None]) -> None:
    signer = Signer()
    headers = {key: value for key, value in {**signer.headers(BODY, at=NOW), **change}.items() if value is not None}
    with pytest.raises(SignatureError) as caught:
        check(signer, headers)
    assert caught.value.malformed


def test_each_of_several_keys_is_taken_while_a_key_is_changed() -> None:
    old, new = Signer(), Signer()
    verifier = Verifier([read_public_key(s.public_key, "test") for s in (old, new)])
    for signer in (old, new):
        headers = signer.headers(BODY, at=NOW)
        verifier.verify(headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"], BODY, now_secs=NOW)


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"x" * 31).decode()])
def test_a_wrong_public_key_is_refused_with_the_setting_and_without_its_text(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_public_key(text, "THE_SETTING")
    assert "THE_SETTING" in str(caught.value)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("body", REAL)
def test_telnyxs_own_library_takes_what_the_test_signer_makes(body: bytes) -> None:
    signer = Signer()
    client = Telnyx(api_key="none", public_key=signer.public_key)
    assert client.webhooks.unwrap(body.decode(), headers=signer.headers(body)) is not None


def test_telnyxs_own_library_refuses_what_the_verifier_refuses() -> None:
    signer = Signer()
    client = Telnyx(api_key="none", public_key=signer.public_key)
    with pytest.raises(ValueError, match="does not match"):
        client.webhooks.unwrap(REAL[0].decode(), headers=Signer().headers(REAL[0]))
