"""X25519 of many points: against the slow reference, and what is refused."""

from __future__ import annotations

import hashlib

import pytest

from atoll.primitives import ristretto, x25519
from atoll.primitives.errors import PointError
from atoll.primitives.x25519 import ClampedSecret
from specs.reference import curve25519 as slow

SEEDS = [bytes([1] * 32), bytes([0xFE] * 32)]
GOOD = hashlib.sha256(b"a point of the curve or of its twist").digest()[:31] + b"\x01"

KERNELS = pytest.mark.parametrize("kernel", ristretto.kernels())


def encoded(number: int) -> bytes:
    return number.to_bytes(32, "little")


@KERNELS
def test_products_of_points_of_curve_and_twist_are_the_references(kernel: str) -> None:
    numbers = [int.from_bytes(hashlib.sha256(bytes([at])).digest(), "little") % slow.P for at in range(20)]
    assert {slow.is_square(slow.curve(number)) for number in numbers} == {True, False}
    for seed in SEEDS:
        found = x25519.multiply(b"".join(map(encoded, numbers)), ClampedSecret.from_bytes(seed), kernel=kernel)
        assert found == b"".join(encoded(slow.multiply(number, slow.clamp(seed))) for number in numbers)


SMALL_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    slow.P - 1,
]
"""Every u of order 1, 2, 4 or 8, on the curve or on its twist."""


@KERNELS
@pytest.mark.parametrize(
    "bad",
    [*map(encoded, SMALL_ORDER), encoded(slow.P), encoded(slow.P + 9), encoded(2**255 - 1), encoded(2**255 + 9), b"short"],
    ids=lambda bad: bad.hex()[-8:] + str(bad[0]),
)
def test_a_bad_point_is_named_by_its_index(kernel: str, bad: bytes) -> None:
    with pytest.raises(PointError) as caught:
        x25519.multiply(GOOD * 9 + bad, ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)
    assert caught.value.index == 9


@KERNELS
def test_the_number_below_p_is_the_last_that_is_written_right(kernel: str) -> None:
    edge = encoded(slow.P - 2)
    product = x25519.multiply(edge, ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)
    assert product == encoded(slow.multiply(slow.P - 2, slow.clamp(SEEDS[0])))


def test_threads_change_nothing() -> None:
    secret = ClampedSecret.from_bytes(SEEDS[0])
    alone, together = (x25519.multiply(GOOD * 300, secret, threads=threads) for threads in (1, 3))
    assert alone == together


def test_a_secret_is_made_of_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 needed"):
        ClampedSecret.from_bytes(bytes(31))


def test_a_secret_is_clamped_and_not_printed() -> None:
    secret = ClampedSecret.from_bytes(bytes([0xFF] * 32))
    assert int.from_bytes(secret.expose(), "little") == slow.clamp(bytes([0xFF] * 32)) == 2**255 - 8
    assert repr(secret) == "ClampedSecret(...)"
