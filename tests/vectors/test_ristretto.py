"""RFC 9496's values through the native core and through the slow reference."""

from __future__ import annotations

import itertools
import json

import pytest

from atoll.primitives import ristretto
from atoll.primitives.errors import PointError
from specs.reference import ristretto255 as slow
from tests.vectors.conftest import listed_cases, vectors

DATA = json.loads((vectors("ristretto255-rfc9496") / "rfc9496.json").read_text())
MULTIPLES = [bytes.fromhex(text) for text in DATA["multiples_of_generator"]]
BAD = DATA["bad_encodings"]
UNIFORM = DATA["from_uniform"]
EQUIVALENT = DATA["from_uniform_equivalent"]


def secret(number: int) -> ristretto.SecretScalar:
    return ristretto.SecretScalar.from_canonical(number.to_bytes(32, "little"))


def decoded(encoding: bytes) -> slow.Point:
    point = slow.decode(encoding)
    assert point is not None
    return point


def test_the_collection_is_complete() -> None:
    found = len(MULTIPLES) + len(BAD) + len(UNIFORM) + len(EQUIVALENT["inputs_hex"])
    assert found == listed_cases("ristretto255-rfc9496")["rfc9496.json"] == 56


@pytest.mark.parametrize("factor", range(len(MULTIPLES)))
def test_multiple_of_the_generator(factor: int) -> None:
    encoding = MULTIPLES[factor]
    assert slow.encode(decoded(encoding)) == encoding
    assert slow.encode(slow.multiply(decoded(MULTIPLES[1]), factor)) == encoding
    if factor == 0:
        assert not ristretto.is_point(encoding)
    else:
        assert ristretto.is_point(encoding)
        assert ristretto.multiply_base(secret(factor)) == encoding
        for kernel in ristretto.kernels():
            assert ristretto.multiply(MULTIPLES[1], secret(factor), kernel=kernel) == encoding


def test_each_multiple_is_the_one_before_plus_the_generator() -> None:
    for before, after in itertools.pairwise(MULTIPLES[1:]):
        assert ristretto.add(before, MULTIPLES[1]) == after


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["encoding"][-16:])
def test_bad_encoding_is_refused(case: dict[str, str]) -> None:
    encoding = bytes.fromhex(case["encoding"])
    assert slow.decode(encoding) is None
    assert not ristretto.is_point(encoding)
    for kernel in ristretto.kernels():
        with pytest.raises(PointError) as caught:
            ristretto.multiply(MULTIPLES[1] + encoding, secret(1), kernel=kernel)
        assert caught.value.index == 1


@pytest.mark.parametrize("case", UNIFORM, ids=lambda case: case["element_hex"][:8])
def test_uniform_bytes_to_element(case: dict[str, str]) -> None:
    uniform, element = bytes.fromhex(case["uniform_hex"]), bytes.fromhex(case["element_hex"])
    assert ristretto.from_uniform(uniform) == element
    assert slow.encode(slow.from_uniform(uniform)) == element


@pytest.mark.parametrize("uniform_hex", EQUIVALENT["inputs_hex"])
def test_equivalent_inputs_have_one_element(uniform_hex: str) -> None:
    uniform, element = bytes.fromhex(uniform_hex), bytes.fromhex(EQUIVALENT["element_hex"])
    assert ristretto.from_uniform(uniform) == element
    assert slow.encode(slow.from_uniform(uniform)) == element


def test_constants_are_those_of_the_reference() -> None:
    constants = {name: int(text) for name, text in DATA["constants_decimal"].items()}
    assert constants["d"] == slow.D
    assert constants["sqrtM1"] == slow.SQRT_M1
    assert constants["sqrtADMinusOne"] == slow.SQRT_AD_MINUS_ONE
    assert constants["invSqrtAMinusD"] == slow.INVSQRT_A_MINUS_D
