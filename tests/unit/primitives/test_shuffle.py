"""The permutation is the documented one: Fisher-Yates over the ChaCha20 key stream, without bias."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from atoll.primitives.shuffle import permutation

SEED = bytes(range(32))


def words(seed: bytes) -> Iterator[int]:
    stream = Cipher(ChaCha20(seed, bytes(16)), mode=None).encryptor()
    while True:
        yield int.from_bytes(stream.update(bytes(4)), "little")


def slow_permutation(seed: bytes, length: int) -> list[int]:
    stream, places = words(seed), list(range(length))
    for i in range(length - 1, 0, -1):
        bound = i + 1
        word = next(word for word in stream if word < 2**32 // bound * bound)
        j = word % bound
        places[i], places[j] = places[j], places[i]
    return places


@pytest.mark.parametrize("length", [0, 1, 2, 3, 17, 1025, 5000])
def test_it_is_the_documented_shuffle(length: int) -> None:
    assert permutation(SEED, length) == slow_permutation(SEED, length)
    assert sorted(permutation(SEED, length)) == list(range(length))


def test_another_seed_gives_another_order() -> None:
    orders = {tuple(permutation(bytes([i]) + bytes(31), 50)) for i in range(100)}
    assert len(orders) == 100


def test_no_order_of_three_is_favoured() -> None:
    seen = dict.fromkeys(itertools.permutations(range(3)), 0)
    for i in range(6000):
        first, second, third = permutation(i.to_bytes(32, "big"), 3)
        seen[first, second, third] += 1
    assert all(850 < count < 1150 for count in seen.values()), seen  # 1,000 expected, deviation 29


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 needed"):
        permutation(bytes(31), 5)
    with pytest.raises(OverflowError):
        permutation(SEED, -1)
