"""Whether the time of the oblivious function's kernels tells blinders, the key or items; the method of `test_timing`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from atoll.primitives import oblivious, ristretto
from atoll.primitives.oblivious import ClampedSecret, ObliviousKey, SecretScalars
from specs.reference import edwards25519 as slow
from specs.reference.ristretto255 import ORDER
from tests.unit.primitives.test_timing import ITEMS, POINTS, THRESHOLD, chance, leak, t_statistic

KERNELS = pytest.mark.parametrize("kernel", ristretto.kernels())
BLINDERS = pytest.mark.parametrize(
    "fixed",
    [
        pytest.param(1, id="one"),
        pytest.param(ORDER - 1, id="minus-one"),
        pytest.param(2**252 - 1, id="digits-all-63"),
        pytest.param(2**200, id="one-bit"),
    ],
)
QUESTIONS = oblivious.blind(ITEMS, 16, SecretScalars.derive(chance.randbytes(32), 0, POINTS), b"timing")


def each(scalar: int) -> SecretScalars:
    return SecretScalars.from_canonical(scalar.to_bytes(32, "little") * POINTS)


def drawn() -> SecretScalars:
    return SecretScalars.derive(chance.randbytes(32), 0, POINTS)


def secret() -> ClampedSecret:
    return ClampedSecret.from_bytes(chance.randbytes(32))


def key(kernel: str) -> ObliviousKey:
    return ObliviousKey.from_point(oblivious.public_key(ClampedSecret.from_bytes(bytes(32))), kernel)


@KERNELS
@BLINDERS
def test_the_time_of_a_question_does_not_tell_the_blinder(kernel: str, fixed: int) -> None:
    def blind(blinders: SecretScalars) -> None:
        oblivious.blind(ITEMS, 16, blinders, b"timing", threads=1, kernel=kernel)

    assert leak(blind, each(fixed), drawn) < THRESHOLD


@KERNELS
@BLINDERS
def test_the_time_of_unblinding_does_not_tell_the_blinder(kernel: str, fixed: int) -> None:
    public = key(kernel)

    def unblind(blinders: SecretScalars) -> None:
        oblivious.unblind(QUESTIONS, blinders, public, threads=1)

    assert leak(unblind, each(fixed), drawn) < THRESHOLD


@KERNELS
def test_the_time_of_a_question_does_not_tell_the_items(kernel: str) -> None:
    blinders = drawn()

    def blind(items: bytes) -> None:
        oblivious.blind(items, 16, blinders, b"timing", threads=1, kernel=kernel)

    assert leak(blind, bytes(len(ITEMS)), lambda: chance.randbytes(len(ITEMS))) < THRESHOLD


def times_of(kernel: str) -> Callable[[ClampedSecret], object]:
    return lambda secret: oblivious.answer(QUESTIONS, secret, threads=1, kernel=kernel)


@KERNELS
@pytest.mark.parametrize("fixed", [bytes(32), bytes([0xFF] * 32)], ids=["one-bit", "all-bits"])
def test_the_time_of_an_answer_does_not_tell_the_key(kernel: str, fixed: bytes) -> None:
    assert leak(times_of(kernel), ClampedSecret.from_bytes(fixed), secret) < THRESHOLD


@KERNELS
def test_the_time_of_unblinding_does_not_tell_which_answers_the_blinders_cancel(kernel: str) -> None:
    public = ObliviousKey.from_point(oblivious.GENERATOR, kernel)
    number = chance.randrange(1, ORDER)
    blinders = each(number)
    cancelled = slow.encode(slow.multiply(slow.GENERATOR, number)) * POINTS
    assert oblivious.unblind(cancelled, blinders, public) == bytes(32 * POINTS)

    def unblind(answers: bytes) -> None:
        oblivious.unblind(answers, blinders, public, threads=1)

    assert leak(unblind, cancelled, lambda: oblivious.answer(QUESTIONS, secret())) < THRESHOLD


@KERNELS
def test_the_time_of_a_value_does_not_tell_the_key(kernel: str) -> None:
    def evaluate(key: ClampedSecret) -> None:
        oblivious.evaluate(ITEMS, 16, key, b"timing", threads=1, kernel=kernel)

    assert leak(evaluate, ClampedSecret.from_bytes(bytes(32)), secret) < THRESHOLD


@KERNELS
def test_the_time_of_a_value_does_not_tell_the_items(kernel: str) -> None:
    key = secret()

    def evaluate(items: bytes) -> None:
        oblivious.evaluate(items, 16, key, b"timing", threads=1, kernel=kernel)

    assert leak(evaluate, bytes(len(ITEMS)), lambda: chance.randbytes(len(ITEMS))) < THRESHOLD


def test_this_measurement_finds_a_leak_in_questions() -> None:
    """Twice as much to do for odd blinders."""

    def leaky(scalar: int) -> None:
        oblivious.blind(ITEMS, 16, each(scalar), b"timing", threads=1, kernel="portable")
        if scalar & 1:
            oblivious.blind(ITEMS, 16, each(scalar), b"timing", threads=1, kernel="portable")

    assert t_statistic(leaky, 4, lambda: chance.randrange(1, ORDER) | 1) > THRESHOLD
