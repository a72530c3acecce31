"""Numbers that others add up."""

from __future__ import annotations

import struct

import pytest

from atoll.primitives import elgamal
from atoll.primitives.errors import PointError
from atoll.primitives.oprf import SecretScalars


def scalars(seed: int, count: int) -> SecretScalars:
    return SecretScalars.derive(bytes([seed] * 32), 0, count)


def packed(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def places(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


@pytest.mark.parametrize("limbs", [1, 2, 3, 4])
def test_the_sum_of_chosen_ciphertexts_is_the_sum_of_their_numbers(limbs: int) -> None:
    largest = (1 << 16 * limbs) - 1
    numbers = [largest, 0, largest, 17, 5]
    keys = scalars(1, limbs)
    ciphertexts = elgamal.encrypt(packed(numbers), keys, scalars(2, 5))
    assert len(ciphertexts) == 5 * elgamal.ciphertext_bytes(limbs)
    total = elgamal.add_up(elgamal.zero(limbs), ciphertexts, places(0, 2))
    total = elgamal.add_up(total, ciphertexts, places(3))
    fresh = elgamal.refresh(total, elgamal.public_keys(keys), scalars(3, 1))
    assert elgamal.decrypt(fresh, keys, 3 * 0xFFFF) == 2 * largest + 17


def test_equal_numbers_look_different_and_a_refreshed_sum_is_unlike_its_parts() -> None:
    keys = scalars(1, 1)
    ciphertexts = elgamal.encrypt(packed([7, 7]), keys, scalars(2, 2))
    parts = {ciphertexts[at : at + 32] for at in range(0, len(ciphertexts), 32)}
    assert len(parts) == 4
    total = elgamal.add_up(elgamal.zero(1), ciphertexts, places(0))
    assert total == ciphertexts[:64]
    fresh = elgamal.refresh(total, elgamal.public_keys(keys), scalars(3, 1))
    assert not parts & {fresh[:32], fresh[32:]}


def test_a_sum_above_the_bound_is_not_found() -> None:
    keys = scalars(1, 1)
    ciphertext = elgamal.encrypt(packed([1000]), keys, scalars(2, 1))
    assert elgamal.decrypt(ciphertext, keys, 999) is None
    assert elgamal.decrypt(ciphertext, scalars(9, 1), 1000) is None


def test_a_bad_element_is_refused_whether_it_is_added_or_not() -> None:
    keys = scalars(1, 1)
    good = elgamal.encrypt(packed([1, 2]), keys, scalars(2, 2))
    for bad in (bytes(32), b"\xff" * 32):
        with pytest.raises(PointError) as caught:
            elgamal.add_up(elgamal.zero(1), good[:96] + bad, places(0))
        assert caught.value.index == 3
    with pytest.raises(PointError):
        elgamal.decrypt(bytes(64), keys, 10)


def test_lists_that_do_not_fit_are_refused() -> None:
    keys = scalars(1, 1)
    with pytest.raises(ValueError, match="bits"):
        elgamal.encrypt(packed([1 << 16]), keys, scalars(2, 1))
    with pytest.raises(ValueError, match="due"):
        elgamal.encrypt(packed([1]), keys, scalars(2, 2))
    with pytest.raises(ValueError, match="place"):
        elgamal.add_up(elgamal.zero(1), elgamal.encrypt(packed([1]), keys, scalars(2, 1)), places(1))
    with pytest.raises(ValueError, match="limbs"):
        elgamal.zero(5)
    with pytest.raises(ValueError, match="2\\^48"):
        elgamal.decrypt(bytes(64), keys, 1 << 48)
