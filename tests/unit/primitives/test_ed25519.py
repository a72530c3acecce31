"""The strict verifier: RFC 8032's own signatures, and what looser verifiers accept."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.primitives.ed25519 import are_signatures, is_acceptable_key, is_signature, verify_signature
from atoll.primitives.errors import SignatureError
from specs.reference.ristretto255 import ORDER, P

RFC_8032_SECTION_7_1 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

IDENTITY = bytes([1]) + bytes(31)
SMALL_ORDER = [
    IDENTITY,
    bytes(32),
    bytes(31) + b"\x80",
    (P - 1).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]
NOT_CANONICAL = [(P + y).to_bytes(32, "little") for y in (3, 4, 5, 6, 9, 10)] + [bytes([1]) + bytes(30) + b"\x80"]


def signed(message: bytes = b"plan") -> tuple[bytes, bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return key.public_key().public_bytes_raw(), message, key.sign(message)


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032_SECTION_7_1)
def test_signatures_printed_in_rfc_8032_are_accepted(public: str, message: str, signature: str) -> None:
    assert is_signature(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


def test_any_changed_bit_is_refused() -> None:
    public, message, signature = signed()
    assert is_signature(public, message, signature)
    for place, bit in itertools.product(range(64), (0, 7)):
        changed = bytearray(signature)
        changed[place] ^= 1 << bit
        assert not is_signature(public, message, bytes(changed))
    assert not is_signature(public, message + b"\0", signature)
    assert not is_signature(bytes([public[0] ^ 1]) + public[1:], message, signature)


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 63, 65, 128])
def test_a_signature_or_key_of_another_length_is_refused(cut: int) -> None:
    public, message, signature = signed()
    assert not is_signature(public, message, (signature * 2)[:cut])
    assert not is_signature((public * 2)[: cut if cut != 32 else 33], message, signature)


def test_a_signature_cannot_be_restated_with_a_larger_s() -> None:
    public, message, signature = signed()
    larger = int.from_bytes(signature[32:], "little") + ORDER
    assert not is_signature(public, message, signature[:32] + larger.to_bytes(32, "little"))


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_keys_of_small_order_are_refused_although_the_equation_holds(public: bytes) -> None:
    assert not is_acceptable_key(public)
    # With the identity as key, the equation is R = [S]B for every message: S = 0 and R = identity solve it.
    assert not is_signature(public, b"anything", IDENTITY + bytes(32))


@pytest.mark.parametrize("public", NOT_CANONICAL)
def test_keys_in_another_encoding_are_refused(public: bytes) -> None:
    assert not is_acceptable_key(public)


def test_keys_off_the_curve_are_refused() -> None:
    assert not is_acceptable_key((2).to_bytes(32, "little"))
    assert is_acceptable_key(signed()[0])


def test_r_of_small_order_is_refused_although_the_equation_holds() -> None:
    public, message, _ = signed()
    secret = bytearray(hashlib.sha512(bytes(range(32))).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    k = int.from_bytes(hashlib.sha512(IDENTITY + public + message).digest(), "little")
    s = k * int.from_bytes(secret, "little") % ORDER
    assert not is_signature(public, message, IDENTITY + s.to_bytes(32, "little"))


def test_many_verdicts_are_those_of_one_at_a_time_in_order() -> None:
    public, message, signature = signed()
    claims = [(public, message if i % 3 else b"other", signature) for i in range(100)] + [(b"", b"", b"")]
    expected = [is_signature(*claim) for claim in claims]
    assert expected.count(True) == 66
    for threads in (0, 1, 4, 200):
        assert are_signatures(claims, threads=threads) == expected
    assert are_signatures([]) == []


def test_a_long_message_is_verified_like_a_short_one() -> None:
    public, message, signature = signed(bytes(100_000))
    assert is_signature(public, message, signature)
    assert not is_signature(public, message[1:], signature)


def test_verify_raises_where_is_answers_no() -> None:
    public, message, signature = signed()
    verify_signature(public, message, signature)
    with pytest.raises(SignatureError):
        verify_signature(public, b"another plan", signature)
