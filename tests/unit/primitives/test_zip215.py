"""Votes of CometBFT's validators count by ZIP 215: everything it accepts, nothing else."""

from __future__ import annotations

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.primitives import ed25519, zip215
from specs.reference import ed25519_zip215 as oracle
from specs.reference.ristretto255 import ORDER, P
from tests.unit.light.odd import sign_oddly

SMALL_ORDER_Y = (
    0,
    1,
    P - 1,
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
)
SMALL_ORDER = [
    (y + more | sign << 255).to_bytes(32, "little")
    for y in SMALL_ORDER_Y
    for more in (0, P)
    for sign in (0, 1)
    if y + more < 2**255
]
"""All 14 encodings of the 8 points of small order, as ZIP 215 lists them."""
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    (verdict,) = zip215.are_signatures([(public, message, signature)])
    assert verdict == oracle.verify(public, message, signature)
    return verdict


def test_what_atolls_own_rule_accepts_counts() -> None:
    assert accepts(PUBLIC, b"vote", KEY.sign(b"vote"))
    assert not accepts(PUBLIC, b"vote!", KEY.sign(b"vote"))


def test_every_pair_of_small_order_encodings_is_accepted_with_a_zero_scalar() -> None:
    """ZIP 215's own test: each of 14 x 14, for any message."""
    assert len(SMALL_ORDER) == 14
    claims = [(public, b"Zcash", r + bytes(32)) for public, r in itertools.product(SMALL_ORDER, SMALL_ORDER)]
    assert all(zip215.are_signatures(claims))
    assert all(oracle.verify(*one) for one in claims[::7])
    assert not any(ed25519.are_signatures(claims))


def test_a_vote_that_only_the_cofactor_makes_good_counts_here_and_nowhere_else() -> None:
    odd = sign_oddly(KEY, b"vote")
    assert accepts(PUBLIC, b"vote", odd)
    assert not ed25519.is_signature(PUBLIC, b"vote", odd)


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    good = KEY.sign(b"vote")
    high = (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    assert not accepts(PUBLIC, b"vote", good[:32] + high)


def test_what_is_no_point_is_refused() -> None:
    no_point = (2).to_bytes(32, "little")
    good = KEY.sign(b"vote")
    assert oracle.decode(no_point) is None
    assert not accepts(no_point, b"vote", good)
    assert not accepts(PUBLIC, b"vote", no_point + good[32:])


@pytest.mark.parametrize("cut", [0, 31, 33])
def test_other_lengths_are_refused(cut: int) -> None:
    good = KEY.sign(b"vote")
    assert zip215.are_signatures([(bytes(cut), b"vote", good), (PUBLIC, b"vote", good[:cut])]) == [False, False]


def test_verdicts_come_in_order_on_any_number_of_threads() -> None:
    good = KEY.sign(b"vote")
    claims = [(PUBLIC, b"vote", good if at % 3 else bytes(64)) for at in range(50)]
    verdicts = zip215.are_signatures(claims, threads=3)
    assert verdicts == zip215.are_signatures(claims, threads=1) == [bool(at % 3) for at in range(50)]
