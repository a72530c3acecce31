"""Framing: one octet of kind, three of length, and nothing is believed before it is checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.transport.errors import FrameTooLarge, UnknownFrame
from atoll.transport.frames import MAX_PAYLOAD, FrameReader, Kind, Received, encode_header, parse_header


def feed(reader: FrameReader, data: bytes, cuts: list[int] | None = None) -> list[Received]:
    """Write `data` to a reader as a socket would, at most as much as there is room for, in pieces of the lengths `cuts`."""
    frames: list[Received] = []
    pieces = list(cuts or [])
    while data:
        view = reader.buffer()
        count = min(len(view), len(data), pieces.pop(0) if pieces else len(data))
        view[:count] = data[:count]
        data = data[count:]
        frames += reader.advance(count)
    return frames


def wire(*frames: Received) -> bytes:
    return b"".join(encode_header(frame.kind, len(frame.data)) + frame.data for frame in frames)


def test_a_header_is_kind_and_length() -> None:
    assert encode_header(Kind.BULK, 0x0F0201) == b"\x03\x0f\x02\x01"
    assert encode_header(Kind.CONTROL, 5) == b"\x02\x00\x00\x05"
    assert parse_header(b"\x02\x00\x00\x05") == (Kind.CONTROL, 5)


def test_the_largest_frame_is_allowed_and_one_octet_more_is_not() -> None:
    assert parse_header(encode_header(Kind.BULK, MAX_PAYLOAD)) == (Kind.BULK, MAX_PAYLOAD)
    with pytest.raises(FrameTooLarge):
        encode_header(Kind.BULK, MAX_PAYLOAD + 1)
    with pytest.raises(FrameTooLarge) as caught:
        parse_header(b"\x03" + (MAX_PAYLOAD + 1).to_bytes(3, "big"))
    assert caught.value.operands["found"] == MAX_PAYLOAD + 1


@pytest.mark.parametrize("kind", [0, 7, 22, 255])
def test_an_unknown_kind_is_refused(kind: int) -> None:
    with pytest.raises(UnknownFrame):
        parse_header(bytes((kind, 0, 0, 0)))


def test_an_oversized_header_is_refused_before_anything_is_allocated_for_it() -> None:
    reader = FrameReader()
    with pytest.raises(FrameTooLarge):
        feed(reader, b"\x03\xff\xff\xff")
    assert len(reader.buffer()) < MAX_PAYLOAD


payloads = st.builds(lambda octet, length: bytes((octet,)) * length, st.integers(0, 255), st.integers(0, 40) | st.just(70_003))


@given(
    frames=st.lists(st.builds(Received, st.sampled_from(list(Kind)), payloads), max_size=6),
    cuts=st.lists(st.integers(1, 90_000), max_size=30),
)
def test_frames_come_out_the_same_however_the_stream_is_cut(frames: list[Received], cuts: list[int]) -> None:
    reader = FrameReader()
    assert feed(reader, wire(*frames), cuts) == frames
    assert reader.is_between_frames()


@given(st.binary(min_size=1, max_size=300))
def test_garbage_gives_frames_or_a_peer_error_and_nothing_else(data: bytes) -> None:
    reader = FrameReader()
    try:
        frames = feed(reader, data)
    except (UnknownFrame, FrameTooLarge):
        return
    assert data.startswith(wire(*frames))


def test_a_stream_that_ends_inside_a_frame_is_known_to_be_cut() -> None:
    reader = FrameReader()
    feed(reader, wire(Received(Kind.BULK, b"whole")) + b"\x03\x00")
    assert not reader.is_between_frames()
    reader = FrameReader()
    feed(reader, encode_header(Kind.BULK, 100) + b"only some")
    assert not reader.is_between_frames()
