"""Packed tags against hashlib and plain loops."""

from __future__ import annotations

import struct
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.primitives import ristretto
from atoll.primitives.ristretto import SecretScalar
from atoll.primitives.tags import TagSet, first_repeated_tag, match_tags, tags_packed

few = st.lists(st.sampled_from([b"aa", b"ab", b"ba", b"zz"]), max_size=8)


@pytest.mark.parametrize("count", [0, 1, 40])
@pytest.mark.parametrize("tag_bytes", [1, 16, 32])
def test_tags_are_the_first_bytes_of_a_hash(count: int, tag_bytes: int) -> None:
    points = [sha256(bytes([number])).digest() for number in range(count)]
    expected = b"".join(sha256(b"prefix" + point).digest()[:tag_bytes] for point in points)
    assert tags_packed(b"".join(points), b"prefix", tag_bytes, threads=2) == expected


@given(few, few)
def test_matches_are_the_places_of_common_tags(own: list[bytes], theirs: list[bytes]) -> None:
    expected = [place for place, tag in enumerate(own) if tag in theirs]
    assert match_tags(b"".join(own), bytearray(b"".join(theirs)), 2) == struct.pack(f"<{len(expected)}I", *expected)


@given(few)
def test_the_first_repeat_is_the_first_one_seen_before(tags: list[bytes]) -> None:
    expected = next((place for place, tag in enumerate(tags) if tag in tags[:place]), None)
    assert first_repeated_tag(b"".join(tags), 2) == expected


def test_half_a_tag_or_point_is_refused() -> None:
    with pytest.raises(ValueError, match="packed list"):
        tags_packed(bytes(33), b"", 16)
    with pytest.raises(ValueError, match="packed list"):
        match_tags(bytes(16), bytes(17), 16)
    with pytest.raises(ValueError, match="packed list"):
        first_repeated_tag(bytes(34), 17)


def test_packed_items_are_blinded_as_a_list_of_them_is() -> None:
    secret = SecretScalar.from_wide(bytes(range(64)))
    items = [b"item%04d" % number for number in range(40)]
    assert ristretto.blind_packed(b"".join(items), 8, secret, b"test", threads=2) == ristretto.blind(items, secret, b"test")
    assert ristretto.blind_packed(b"", 8, secret, b"test") == b""
    for item_bytes, dst in ((0, b"test"), (7, b"test"), (8, b"")):
        with pytest.raises(ValueError, match=r"packed list|tag is empty"):
            ristretto.blind_packed(b"12345678", item_bytes, secret, dst)


@given(st.lists(few, max_size=4), few)
def test_a_tag_set_knows_what_it_has_seen(frames: list[list[bytes]], asked: list[bytes]) -> None:
    seen: list[bytes] = []
    tags = TagSet(2, bytes(32))
    for frame in frames:
        repeated = tags.add(b"".join(frame))
        fresh = frame if repeated is None else frame[:repeated]
        assert len({*seen, *fresh}) == len(seen) + len(fresh)
        assert repeated is None or frame[repeated] in {*seen, *fresh}
        seen += fresh
    assert (len(tags), tags.packed()) == (len(seen), b"".join(seen))
    places = [place for place, tag in enumerate(asked) if tag in seen]
    assert tags.find(b"".join(asked)) == struct.pack(f"<{len(places)}I", *places)
    with pytest.raises(ValueError, match="packed list"):
        tags.add(b"abc")
