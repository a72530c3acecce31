"""Randomness that can be replayed: the same seed, the same bytes, however they are cut."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.ports import Entropy
from atoll.primitives.drbg import SeededEntropy

SEED = bytes(range(32))


@given(st.lists(st.integers(0, 3000), max_size=8))
def test_the_stream_does_not_depend_on_how_it_is_cut(lengths: list[int]) -> None:
    cut = SeededEntropy(SEED)
    assert b"".join(cut.bytes(length) for length in lengths) == SeededEntropy(SEED).bytes(sum(lengths))


def test_the_first_two_blocks_are_shake_256_of_the_documented_frame() -> None:
    expected = b"".join(
        hashlib.shake_256(b"atoll drbg v1 stream" + SEED + number.to_bytes(8, "big")).digest(1088) for number in (0, 1)
    )
    assert SeededEntropy(SEED).bytes(2 * 1088) == expected


def test_a_fork_is_shake_256_of_the_documented_frame() -> None:
    seed = hashlib.shake_256(b"atoll drbg v1 fork  " + SEED + (3).to_bytes(8, "big") + b"key").digest(32)
    assert SeededEntropy(SEED).fork("key").bytes(40) == SeededEntropy(seed).bytes(40)


def test_another_seed_or_label_gives_another_stream() -> None:
    streams = [SeededEntropy(SEED), SeededEntropy(bytes(32))]
    streams += [stream.fork(label) for stream in streams for label in ("", "a", "b", "aa")]
    streams += [SeededEntropy(SEED).fork("a").fork("b"), SeededEntropy(SEED).fork("b").fork("a")]
    assert len({stream.bytes(32) for stream in streams}) == len(streams)


def test_a_fork_is_the_same_wherever_the_stream_stands() -> None:
    stream = SeededEntropy(SEED)
    before = stream.fork("shuffle").bytes(32)
    first = stream.bytes(5000)
    assert stream.fork("shuffle").bytes(32) == before
    assert SeededEntropy(SEED).bytes(5000) == first


def test_a_seed_has_32_bytes_and_is_not_printed() -> None:
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match="32 needed"):
            SeededEntropy(bytes(length))
    with pytest.raises(ValueError, match="not negative"):
        SeededEntropy(SEED).bytes(-1)
    assert repr(SeededEntropy(SEED)) == "SeededEntropy(...)"


def test_it_is_an_entropy() -> None:
    entropy: Entropy = SeededEntropy(SEED)
    assert len(entropy.bytes(16)) == 16
