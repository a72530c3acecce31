"""Payloads under group elements, and secret scalars by the list."""

from __future__ import annotations

from hashlib import sha512

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atoll.primitives import oprf
from atoll.primitives.errors import ScalarError
from atoll.primitives.oprf import SecretScalars
from atoll.primitives.payload import open_payloads, record_tags, seal_records

ELEMENTS = bytes([1]) * 32 + bytes([2]) * 32


def test_a_record_is_what_the_docstring_says() -> None:
    derived = sha512(b"prefix" + ELEMENTS[32:]).digest()
    record = derived[:16] + AESGCM(derived[32:]).encrypt(bytes(12), b"two", None)
    assert seal_records(ELEMENTS, b"prefix", b"onetwo", 3)[35:] == record
    assert record_tags(ELEMENTS, b"prefix")[16:] == derived[:16]


def test_a_payload_opens_under_its_own_element_and_prefix_alone() -> None:
    records = seal_records(ELEMENTS, b"prefix", b"onetwo", 3)
    first, second = records[16:35], records[51:]
    assert open_payloads(ELEMENTS, b"prefix", first + second, 3) == b"\1one\1two"
    assert open_payloads(ELEMENTS, b"prefix", second + second, 3) == b"\0\0\0\0\1two"
    assert open_payloads(ELEMENTS, b"another", first + second, 3) == bytes(8)


def test_a_payload_may_be_empty_and_lists_must_fit() -> None:
    sealed = seal_records(ELEMENTS[:32], b"", b"", 0)
    assert open_payloads(ELEMENTS[:32], b"", sealed[16:], 0) == b"\1"
    with pytest.raises(ValueError, match="due"):
        seal_records(ELEMENTS, b"", b"one", 3)
    with pytest.raises(ValueError, match="due"):
        open_payloads(ELEMENTS, b"", b"one", 3)


def test_a_part_of_a_list_of_scalars_is_that_part_of_the_whole() -> None:
    seed, inputs = bytes([5] * 32), b"abcdef"
    whole = oprf.blind(oprf.Mode.OPRF, inputs, 1, SecretScalars.derive(seed, 0, 6))
    part = oprf.blind(oprf.Mode.OPRF, inputs[2:4], 1, SecretScalars.derive(seed, 2, 2))
    assert whole[64:128] == part


@pytest.mark.parametrize("packed", [bytes(32), b"\xff" * 32, b"\x01" + bytes(32)], ids=["zero", "large", "odd"])
def test_scalars_are_reduced_and_not_zero(packed: bytes) -> None:
    with pytest.raises(ScalarError):
        SecretScalars.from_canonical(packed)
