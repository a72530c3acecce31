"""The oblivious function on Curve25519: against the slow reference, and what is refused."""

from __future__ import annotations

import pytest

from atoll.primitives import oblivious, ristretto
from atoll.primitives.errors import PointError
from atoll.primitives.oblivious import ClampedSecret, ObliviousKey, SecretScalars
from specs.reference import curve25519, ed25519_zip215
from specs.reference import edwards25519 as slow
from specs.reference.ristretto255 import IDENTITY, ORDER, Point

ITEMS = b"ann, 16 bytes...bob, 16 bytes...eve, 16 bytes..."
SEEDS = [bytes([1] * 32), bytes([0xFE] * 32)]
EDGES = [1, 2, 31, 32, 33, 63, 64, 65, 2**252, 2**252 + 1, ORDER - 2, ORDER - 1, ORDER // 2, int("01" * 31, 16)]

KERNELS = pytest.mark.parametrize("kernel", ristretto.kernels())


def packed(scalars: list[int]) -> SecretScalars:
    return SecretScalars.from_canonical(b"".join(scalar.to_bytes(32, "little") for scalar in scalars))


@KERNELS
def test_a_question_is_the_hash_and_the_generator_times_the_blinder(kernel: str) -> None:
    found = oblivious.blind(ITEMS[:16] * len(EDGES), 16, packed(EDGES), b"tag", kernel=kernel)
    hashed = slow.hash_to_curve(ITEMS[:16], b"tag")
    for at, scalar in enumerate(EDGES):
        assert found[32 * at :][:32] == slow.encode(slow.add(hashed, slow.multiply(slow.GENERATOR, scalar)))


@KERNELS
@pytest.mark.parametrize("seed", SEEDS)
def test_the_receivers_value_is_the_key_holders(kernel: str, seed: bytes) -> None:
    key = ClampedSecret.from_bytes(seed)
    number = curve25519.clamp(seed)
    expected = b"".join(slow.u_of(slow.multiply(slow.hash_to_curve(ITEMS[at:][:16], b"tag"), number)) for at in (0, 16, 32))
    assert oblivious.evaluate(ITEMS, 16, key, b"tag", kernel=kernel) == expected
    blinders = packed([5, ORDER - 7, 2**251 + 9])
    answers = oblivious.answer(oblivious.blind(ITEMS, 16, blinders, b"tag", kernel=kernel), key, kernel=kernel)
    public = ObliviousKey.from_point(oblivious.public_key(key), kernel)
    assert oblivious.unblind(answers, blinders, public) == expected


@KERNELS
def test_an_answer_is_the_question_times_the_key(kernel: str) -> None:
    """Also of a question with a part of small order, which is lost: nothing of the key modulo 8 comes back."""
    points = [slow.multiply(slow.GENERATOR, scalar) for scalar in EDGES]
    points += [slow.add(point, small) for point in points[:2] for small in small_order()]
    number = curve25519.clamp(SEEDS[0])
    found = oblivious.answer(b"".join(map(slow.encode, points)), ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)
    assert found == b"".join(slow.encode(slow.multiply(point, number)) for point in points)
    assert found[32 * len(EDGES) :] == found[:32] * 8 + found[32:64] * 8


@KERNELS
def test_a_public_key_with_a_part_of_small_order_is_refused(kernel: str) -> None:
    """Which kernel takes r.K and which (r + L).K off an answer must not matter."""
    key = slow.multiply(slow.GENERATOR, 77)
    for small in small_order()[:-1]:
        with pytest.raises(PointError):
            ObliviousKey.from_point(slow.encode(slow.add(key, small)), kernel)
    ObliviousKey.from_point(slow.encode(slow.add(key, small_order()[-1])), kernel)


@KERNELS
def test_an_answer_that_the_blinder_cancels_has_the_value_zero(kernel: str) -> None:
    """No error: the other side could not have meant it, and what happens must not depend on a blinder."""
    answers = b"".join(slow.encode(slow.multiply(slow.GENERATOR, factor)) for factor in (5, 6, 7))
    found = oblivious.unblind(answers, packed([5, 5, 7]), ObliviousKey.from_point(oblivious.GENERATOR, kernel))
    assert found == bytes(32) + slow.u_of(slow.GENERATOR) + bytes(32)
    assert slow.u_of(IDENTITY) == bytes(32)


def small_order() -> list[Point]:
    """All eight points of small order, the neutral one last."""
    eighth = ed25519_zip215.decode(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
    assert eighth is not None
    points = [slow.multiply(eighth, factor) for factor in range(1, 9)]
    assert len(set(map(slow.encode, points))) == 8
    return points


BAD = [
    *map(slow.encode, small_order()),
    bytes([1, *[0] * 30, 0x80]),  # x = 0 with a sign, for both y that have it
    bytes([0xEC, *[0xFF] * 31]),
    (2).to_bytes(32, "little"),  # off the curve
    (curve25519.P + 3).to_bytes(32, "little"),
    (2**255 - 1).to_bytes(32, "little"),
    b"short",
]


@KERNELS
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.hex()[-8:] + str(bad[0]))
def test_a_bad_point_is_named_by_its_index(kernel: str, bad: bytes) -> None:
    points = oblivious.GENERATOR * 9 + bad
    with pytest.raises(PointError) as caught:
        oblivious.answer(points, ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)
    assert caught.value.index == 9
    if len(bad) == 32:
        key = ObliviousKey.from_point(oblivious.GENERATOR, kernel)
        with pytest.raises(PointError) as caught:
            oblivious.unblind(points, packed([3] * 10), key)
        assert caught.value.index == 9
        with pytest.raises(PointError):
            ObliviousKey.from_point(bad, kernel)


@KERNELS
def test_the_y_below_p_is_the_last_that_is_written_right(kernel: str) -> None:
    """p - 1 is of small order, p - 2 is off the curve; p + 3 is 3, a point, written wrong."""
    three = (3).to_bytes(32, "little")
    assert oblivious.answer(three, ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)
    last = next(number for number in range(curve25519.P - 2, 0, -1) if slow.decode(number.to_bytes(32, "little")))
    assert oblivious.answer(last.to_bytes(32, "little"), ClampedSecret.from_bytes(SEEDS[0]), kernel=kernel)


def test_threads_change_nothing() -> None:
    key, blinders = ClampedSecret.from_bytes(SEEDS[0]), SecretScalars.derive(bytes(32), 3, 300)
    asked = {oblivious.blind(ITEMS * 100, 16, blinders, b"tag", threads=threads) for threads in (1, 3)}
    answers = {oblivious.answer(one, key, threads=threads) for one in asked for threads in (1, 3)}
    public = ObliviousKey.from_point(oblivious.public_key(key))
    values = {oblivious.unblind(one, blinders, public, threads=threads) for one in answers for threads in (1, 3)}
    assert values == {oblivious.evaluate(ITEMS * 100, 16, key, b"tag", threads=threads) for threads in (1, 3)}
    assert len(asked) == len(answers) == len(values) == 1


def test_what_makes_no_whole_list_is_refused() -> None:
    key, blinders = ClampedSecret.from_bytes(SEEDS[0]), SecretScalars.derive(bytes(32), 0, 3)
    for items, size, dst in ((ITEMS, 31, b"tag"), (ITEMS, 0, b"tag"), (ITEMS, 16, b""), (ITEMS[:32], 16, b"tag")):
        with pytest.raises(ValueError, match=r"packed list|empty|are due"):
            oblivious.blind(items, size, blinders, dst)
        if len(items) == len(ITEMS):
            with pytest.raises(ValueError, match=r"packed list|empty"):
                oblivious.evaluate(items, size, key, dst)
    with pytest.raises(ValueError, match="are due"):
        oblivious.unblind(oblivious.GENERATOR * 2, blinders, ObliviousKey.from_point(oblivious.GENERATOR))
    with pytest.raises(ValueError, match="32 needed"):
        ObliviousKey.from_point(bytes(31))
