"""The group and the two bulk kernels, against printed values and the slow reference."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.primitives import ristretto
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.errors import PointError, ScalarError
from atoll.primitives.ristretto import SecretScalar
from specs.reference import ristretto255 as slow

GENERATOR = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
TWICE = bytes.fromhex("6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919")
IDENTITY = bytes(32)
DST = b"atoll test"

scalars = st.integers(1, slow.ORDER - 1)


def secret(number: int) -> SecretScalar:
    return SecretScalar.from_canonical(number.to_bytes(32, "little"))


def reference(message: bytes, number: int) -> bytes:
    return slow.encode(slow.multiply(slow.hash_to_group(message, DST), number))


def test_generator_and_its_double_are_those_of_rfc_9496_appendix_a() -> None:
    assert ristretto.multiply_base(secret(1)) == GENERATOR
    assert ristretto.multiply_base(secret(2)) == TWICE
    assert ristretto.add(GENERATOR, GENERATOR) == TWICE
    assert ristretto.multiply(GENERATOR, secret(2)) == TWICE


def test_uniform_bytes_give_the_element_of_rfc_9496_appendix_a() -> None:
    uniform = bytes.fromhex(
        "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
        "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6"
    )
    element = bytes.fromhex("3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46")
    assert ristretto.from_uniform(uniform) == element


def test_expansion_gives_the_bytes_of_rfc_9380_appendix_k() -> None:
    dst = b"QUUX-V01-CS02-with-expander-SHA256-128"
    expected = "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"
    assert ristretto.expand_message_xmd("sha256", b"", dst, 32).hex() == expected
    dst = b"QUUX-V01-CS02-with-expander-SHA512-256"
    expected = "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"
    assert ristretto.expand_message_xmd("sha512", b"", dst, 32).hex() == expected


@pytest.mark.parametrize(
    "encoding",
    [
        IDENTITY,
        bytes.fromhex("00" + "ff" * 31),  # s above the field's prime
        bytes.fromhex("01" + "00" * 31),  # negative s
        bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),  # no square root
        GENERATOR[:-1],
        GENERATOR + b"\0",
        b"",
    ],
)
def test_what_is_no_element_or_the_identity_is_refused_everywhere(encoding: bytes) -> None:
    assert not ristretto.is_point(encoding)
    for pair, index in (((encoding, GENERATOR), 0), ((GENERATOR, encoding), 1)):
        with pytest.raises(PointError) as caught:
            ristretto.add(*pair)
        assert caught.value.index == index
    if encoding:
        with pytest.raises(PointError):
            ristretto.multiply(GENERATOR * 3 + encoding, secret(5))


def test_the_first_bad_point_is_named_for_any_number_of_threads() -> None:
    points = bytearray(GENERATOR * 200)
    points[32 * 70 : 32 * 71] = IDENTITY
    points[32 * 150 : 32 * 151] = IDENTITY
    for threads in (1, 2, 8):
        with pytest.raises(PointError) as caught:
            ristretto.multiply(bytes(points), secret(5), threads=threads)
        assert caught.value.index == 70
    with pytest.raises(PointError) as caught:
        ristretto.multiply(GENERATOR * 3 + b"\x01", secret(5))
    assert caught.value.index == 3


@given(st.lists(st.binary(max_size=200), max_size=6), scalars)
@settings(max_examples=15, deadline=None)
def test_blinding_is_hash_to_group_then_multiplication(items: list[bytes], number: int) -> None:
    assert ristretto.blind(items, secret(number), DST) == b"".join(reference(item, number) for item in items)


@given(st.lists(scalars, min_size=1, max_size=4), scalars)
@settings(max_examples=15, deadline=None)
def test_multiplication_is_that_of_the_reference(factors: list[int], number: int) -> None:
    points = b"".join(ristretto.multiply_base(secret(factor)) for factor in factors)
    generator = slow.decode(GENERATOR)
    assert generator is not None
    expected = b"".join(slow.encode(slow.multiply(generator, factor * number)) for factor in factors)
    assert ristretto.multiply(points, secret(number)) == expected


def test_blinding_by_two_secrets_commutes_whatever_the_threads() -> None:
    entropy = SeededEntropy(bytes(32))
    a, b = ristretto.draw_secret(entropy), ristretto.draw_secret(entropy)
    items = [f"+1555{i:07}".encode() for i in range(600)]
    one_way = ristretto.multiply(ristretto.blind(items, a, DST, threads=1), b, threads=3)
    other_way = ristretto.multiply(ristretto.blind(items, b, DST, threads=2), a)
    assert one_way == other_way
    points = {one_way[i : i + 32] for i in range(0, len(one_way), 32)}
    assert len(points) == 600
    assert all(map(ristretto.is_point, points))


def test_the_tag_separates_domains_and_may_be_long_but_not_empty() -> None:
    assert ristretto.hash_to_group(b"x", b"a") != ristretto.hash_to_group(b"x", b"b")
    long_tag = b"t" * 300
    assert ristretto.hash_to_group(b"x", long_tag) == slow.encode(slow.hash_to_group(b"x", long_tag))
    assert ristretto.hash_to_group(b"x", b"t" * 255) == slow.encode(slow.hash_to_group(b"x", b"t" * 255))
    with pytest.raises(ValueError, match="tag is empty"):
        ristretto.hash_to_group(b"x", b"")
    with pytest.raises(ValueError, match="tag is empty"):
        ristretto.blind([], secret(1), b"")


@pytest.mark.parametrize("length", [0, 255 * 32 + 1, 65_536])
def test_lengths_outside_rfc_9380_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="length"):
        ristretto.expand_message_xmd("sha256", b"x", DST, length)


def test_a_secret_is_never_zero_and_never_printed() -> None:
    for make, data in (
        (SecretScalar.from_wide, bytes(64)),
        (SecretScalar.from_wide, slow.ORDER.to_bytes(64, "little")),
        (SecretScalar.from_wide, b"\1" * 63),
        (SecretScalar.from_canonical, bytes(32)),
        (SecretScalar.from_canonical, slow.ORDER.to_bytes(32, "little")),
        (SecretScalar.from_canonical, b"\1"),
    ):
        with pytest.raises(ScalarError):
            make(data)
    drawn = secret(0x0123456789ABCDEF)
    assert repr(drawn) == str(drawn) == f"{drawn}" == "SecretScalar(...)"
    assert drawn.expose() == (0x0123456789ABCDEF).to_bytes(32, "little")
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(drawn)


def test_a_wide_secret_is_reduced_modulo_the_group_order() -> None:
    wide = bytes(range(64))
    expected = int.from_bytes(wide, "little") % slow.ORDER
    assert SecretScalar.from_wide(wide).expose() == expected.to_bytes(32, "little")
