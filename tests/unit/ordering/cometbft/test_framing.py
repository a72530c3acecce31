"""Frames: complete messages in order, however the bytes arrive; nothing after a length that cannot be."""

from __future__ import annotations

import pytest

from atoll.ordering.cometbft.errors import BadFrame
from atoll.ordering.cometbft.framing import MAX_FRAME_BYTES, Frames, encode_frame
from atoll.primitives.uvarint import encode_uvarint

MESSAGES = [b"", b"a", b"b" * 127, b"c" * 128, b"d" * 70_000]


@pytest.mark.parametrize("step", [1, 2, 3, 127, 4096, 1 << 20])
def test_messages_come_out_whole_and_in_order(step: int) -> None:
    data = b"".join(encode_frame(one) for one in MESSAGES)
    frames = Frames()
    found = [one for start in range(0, len(data), step) for one in frames.feed(data[start : start + step])]
    assert found == MESSAGES


def test_a_message_that_is_not_complete_waits() -> None:
    frames = Frames()
    assert list(frames.feed(encode_frame(b"abc")[:-1])) == []
    assert list(frames.feed(b"c" + encode_frame(b"x"))) == [b"abc", b"x"]


@pytest.mark.parametrize(
    "data",
    [encode_uvarint(MAX_FRAME_BYTES + 1), b"\x80\x00", b"\xff" * 5, b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x01"],
    ids=["above the limit", "padded", "endless", "four gigabytes", "six bytes"],
)
def test_a_length_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Frames().feed(data))


def test_what_came_before_a_bad_length_is_still_read() -> None:
    reading = Frames().feed(encode_frame(b"good") + b"\x80\x00")
    assert next(reading) == b"good"
    with pytest.raises(BadFrame):
        next(reading)
