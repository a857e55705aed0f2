"""Whatever the headers hold, a webhook is taken or refused with the one error that is documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.errors import ConfigError, SignatureError
from ingress.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier, read_public_key
from tests.signing import Signer

NOW = 1_800_000_000.0
SIGNER = Signer()
VERIFIER = Verifier([read_public_key(SIGNER.public_key, "test")])


@given(st.none() | st.text(), st.none() | st.text() | st.just(str(int(NOW))), st.binary(max_size=50))
def test_headers_that_nobody_signed_are_refused(signature: str | None, timestamp: str | None, body: bytes) -> None:
    with pytest.raises(SignatureError):
        VERIFIER.verify(signature, timestamp, body, now_secs=NOW)


@given(st.binary(max_size=200))
def test_any_bytes_that_were_signed_are_taken(body: bytes) -> None:
    headers = SIGNER.headers(body, at=NOW)
    VERIFIER.verify(headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], body, now_secs=NOW)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_signature_is_of_one_body_and_one_moment(body: bytes, data: st.DataObject) -> None:
    headers = SIGNER.headers(body, at=NOW)
    seconds = data.draw(st.integers(-200, 200).filter(bool))
    with pytest.raises(SignatureError, match="not of any"):
        VERIFIER.verify(headers[SIGNATURE_HEADER], str(int(NOW) + seconds), body, now_secs=NOW)
    flipped = bytearray(body)
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureError, match="not of any"):
        VERIFIER.verify(headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], bytes(flipped), now_secs=NOW)


@given(st.text(min_size=8))
def test_a_wrong_public_key_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_public_key(text, "X")
    assert text not in str(caught.value)
