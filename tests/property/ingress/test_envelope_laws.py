"""Whatever is signed, reading it ends in a route or in the one error that is documented."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingress.envelope import Address, LogEntry, read_webhook
from ingress.errors import EnvelopeError
from ingress.log import Keys, Partition, decode_entry, encode_entry, partition_of
from worker.events.event import read_event

DATA = json.loads((Path(__file__).parents[2] / "data" / "webhooks.json").read_text())
BODIES = [json.dumps(document).encode() for document in DATA["captured"] + DATA["documented"]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "payload", "event_type", "id", "call_control_id", "queue", "occurred_at", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(["call", "queue", "conference", "agent"])


def read(raw: bytes) -> None:
    try:
        address = read_webhook("default", raw).address
    except EnvelopeError:
        return
    read_event("1-0", LogEntry("e", address, "webhook", 0, raw))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read(raw)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    read(json.dumps(document).encode())


@given(st.sampled_from(BODIES), st.data())
def test_a_mutated_webhook_is_read_or_refused(body: bytes, data: st.DataObject) -> None:
    mutated = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        mutated[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(mutated))


@given(st.text("abc-", min_size=1), KINDS, st.text(min_size=1), st.text(), st.integers(0, 2**50), st.binary())
def test_an_entry_is_read_as_it_was_written(
    tenant: str, kind: str, ident: str, event_id: str, at_ms: int, raw: bytes
) -> None:
    entry = LogEntry(event_id, Address(tenant, kind, ident), "webhook", at_ms, raw)  # type: ignore[arg-type]
    fields = encode_entry(entry)
    sent = [x if isinstance(x, bytes) else str(x).encode("utf-8", "surrogatepass") for x in fields]
    assert decode_entry(dict(zip(sent[::2], sent[1::2], strict=True))) == entry


@given(st.integers(1, 1024), st.text())
def test_all_keys_of_a_partition_share_a_hash_tag(count: int, ident: str) -> None:
    partition = partition_of(Address("t", "call", ident or "x"), count)
    assert 0 <= partition < count
    keys = Keys("p")
    made = [keys.log, keys.journal, keys.position, keys.delivered, keys.lease, keys.epoch]
    tags = {make(Partition(partition)).split("{")[1].split("}")[0] for make in made}
    tags.add(keys.seen(partition, "x{y}").split("{")[1].split("}")[0])
    assert len(tags) == 1
