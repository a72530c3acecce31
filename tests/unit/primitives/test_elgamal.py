"""Sums under encryption: what adds up, what is refused, what is hidden."""

from __future__ import annotations

import statistics
import struct
import time

import pytest

from atoll.primitives import elgamal
from atoll.primitives.errors import PointError
from atoll.primitives.oprf import SecretScalars


def scalars(seed: int, count: int) -> SecretScalars:
    return SecretScalars.derive(bytes([seed] * 32), 0, count)


KEY = scalars(1, 1)


def encrypted(*numbers: int) -> bytes:
    return elgamal.encrypt(struct.pack(f"<{len(numbers)}q", *numbers), KEY, scalars(2, len(numbers)))


def places(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def opened(total: bytes, bound: int, *, public: SecretScalars = KEY, holder: SecretScalars = KEY) -> int | None:
    """By its holder's help, who may have another key than was told."""
    share = elgamal.decryption_share(elgamal.blind(total, scalars(3, 1)), holder)
    return elgamal.open_sum(total, elgamal.public_key(public), share, scalars(3, 1), bound)


def test_the_sum_of_chosen_ciphertexts_is_the_sum_of_their_numbers() -> None:
    least, greatest = -(1 << 63), (1 << 63) - 1
    ciphertexts = encrypted(greatest, 1, least, 17, 3)
    assert len(ciphertexts) == 5 * elgamal.CIPHERTEXT_BYTES
    total = elgamal.add_up(elgamal.zero(), ciphertexts, places(0, 2))
    total = elgamal.add_up(total, ciphertexts, places(3))
    assert opened(total, 100) == 16


def test_equal_numbers_look_different_and_what_is_blinded_is_unlike_what_was_added() -> None:
    ciphertexts = encrypted(7, 7)
    parts = {ciphertexts[at : at + 32] for at in range(0, len(ciphertexts), 32)}
    assert len(parts) == 4
    total = elgamal.add_up(elgamal.zero(), ciphertexts, places(0))
    assert total == ciphertexts[:64]
    blinded = {elgamal.blind(total, scalars(seed, 1)) for seed in (3, 4)}
    assert len(parts | blinded) == 6


def test_a_sum_that_was_not_made_or_not_answered_as_it_should_be_is_not_found() -> None:
    other = scalars(9, 1)
    assert opened(encrypted(1000), 1 << 20, holder=other) is None
    assert opened(encrypted(1000), 1 << 20, public=other) is None
    assert opened(encrypted(1000), 1 << 20, public=other, holder=other) is None


@pytest.mark.parametrize("number", [0, 1, 65_535, 65_536, 3_000_000, (1 << 22) - 1, (1 << 31) + 12_345])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_search_finds_every_number_up_to_its_bound(number: int, sign: int) -> None:
    total = encrypted(sign * number)
    assert opened(total, number) == opened(total, (1 << 32) - 1) == sign * number
    if number:
        assert opened(total, number - 1) is None


def test_a_sum_far_out_is_found_by_more_large_steps_than_small_ones() -> None:
    number = -(1 << 42) + 987_654_321
    assert opened(encrypted(number), 1 << 42) == number


def test_the_search_takes_as_long_for_what_is_there_as_for_what_is_not() -> None:
    """Who answered may see how long it takes, and must not see how large the sum is, nor whether there is one."""
    bound = (1 << 30) - 1
    totals = {0: elgamal.zero(), -bound: encrypted(-bound), bound: encrypted(bound), None: encrypted(bound + 1)}
    seconds: dict[int | None, list[float]] = {number: [] for number in totals}
    for _ in range(9):
        for number, total in totals.items():
            begun = time.process_time()
            assert opened(total, bound) == number
            seconds[number].append(time.process_time() - begun)
    # by medians: the least falls by a third where its two threads share a core
    usual = sorted(statistics.median(each) for each in seconds.values())
    assert usual[0] > 0.7 * usual[-1]


def test_a_bad_element_is_refused_whether_it_is_added_or_not() -> None:
    good = encrypted(1, 2)
    for bad in (bytes(32), b"\xff" * 32):
        with pytest.raises(PointError) as caught:
            elgamal.add_up(elgamal.zero(), good[:96] + bad, places(0))
        assert caught.value.index == 3
    public, t = elgamal.public_key(KEY), scalars(3, 1)
    for bad in (bytes(32), b"\xff" * 32):
        with pytest.raises(PointError):
            elgamal.decryption_share(bad, KEY)
        for parts in ((bad, public), (public, bad)):
            with pytest.raises(PointError):
                elgamal.open_sum(good[:64], *parts, t, 10)


def test_lists_that_do_not_fit_are_refused() -> None:
    total, public, t = elgamal.zero(), elgamal.public_key(KEY), scalars(3, 1)
    with pytest.raises(ValueError, match="due"):
        elgamal.encrypt(bytes(16), KEY, scalars(2, 1))
    with pytest.raises(ValueError, match="past the last"):
        elgamal.add_up(total, encrypted(1), places(1))
    with pytest.raises(ValueError, match="not a packed list"):
        elgamal.add_up(total, encrypted(1)[:-32], places(0))
    for two in (
        lambda keys: elgamal.public_key(keys),
        lambda keys: elgamal.encrypt(bytes(8), keys, t),
        lambda keys: elgamal.blind(total, keys),
        lambda keys: elgamal.decryption_share(public, keys),
        lambda keys: elgamal.open_sum(total, public, public, keys, 10),
    ):
        with pytest.raises(ValueError, match="due"):
            two(scalars(2, 2))
    with pytest.raises(ValueError, match="2\\^47"):
        elgamal.open_sum(total, public, public, t, elgamal.MAX_BOUND + 1)
    for short in ((total, public, b""), (total, b"", public)):
        with pytest.raises(ValueError, match="32 bytes"):
            elgamal.open_sum(*short, t, 10)
    with pytest.raises(ValueError, match="due"):
        elgamal.open_sum(total[:-1], public, public, t, 10)
    with pytest.raises(ValueError, match="32 bytes"):
        elgamal.decryption_share(bytes(31), KEY)
