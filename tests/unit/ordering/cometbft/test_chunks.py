"""Chunks of snapshots read back pair by pair, and in one form only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.ordering.cometbft import chunks
from atoll.ordering.cometbft.chunks import encode_chunk, read_chunk
from atoll.ordering.cometbft.errors import BadSnapshot
from atoll.wire.cbor import decode
from atoll.wire.errors import CborError

EDGES = (0, 1, 23, 24, 255, 256, 65_535, 65_536)


@given(st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300)), max_size=300))
def test_what_was_written_is_read(pairs: list[tuple[bytes, bytes]]) -> None:
    assert list(read_chunk(encode_chunk(map(list, pairs)))) == pairs


def test_every_length_is_read() -> None:
    pairs = [[bytes(one), bytes(other)] for one in EDGES for other in EDGES]
    assert [list(pair) for pair in read_chunk(encode_chunk(pairs))] == pairs
    for count in EDGES:
        assert sum(1 for _ in read_chunk(encode_chunk([[b"", b""]] * count))) == count


@given(st.data())
def test_what_strict_cbor_refuses_is_refused(data: st.DataObject) -> None:
    """And of what it lets pass, all but lists of pairs of byte strings."""
    good = encode_chunk([[b"key", b"v" * 30], [b"", b"w"]])
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(
        st.sampled_from([good[:at], good + good[at:], good[:at] + data.draw(st.binary(max_size=9)) + good[at + 1 :]])
    )
    try:
        value = decode(bad)
        is_chunk = isinstance(value, list) and all(
            isinstance(pair, list) and [type(one) for one in pair] == [bytes, bytes] for pair in value
        )
    except CborError:
        value, is_chunk = None, False
    if is_chunk:
        assert [list(pair) for pair in read_chunk(bad)] == value
    else:
        with pytest.raises(BadSnapshot):
            list(read_chunk(bad))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "80 00",
        "81",
        "82 80 80",
        "81 81 40",
        "81 83 40 40 40",
        "81 82 40 60",
        "81 82 40",
        "81 82 41 40",
        "98 01 82 40 40",
        "99 0001 82 40 40",
        "9a 00000100",
        "9b 0000000000000001 82 40 40",
        "9c",
        "9f ff",
        "98",
        "81 82 5f ff 40",
        "a0",
        "d8 80",
    ],
)
def test_another_form_is_refused(data: str) -> None:
    with pytest.raises(BadSnapshot):
        list(read_chunk(bytes.fromhex(data)))


def test_a_chunk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_chunk([[b"a", b"b"]])
    monkeypatch.setattr(chunks, "MAX_CHUNK_BYTES", len(data) - 1)
    with pytest.raises(BadSnapshot):
        next(read_chunk(data))
