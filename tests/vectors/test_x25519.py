"""X25519 by Wycheproof's cases; the hash to Curve25519 and its Edwards form by RFC 9380's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.primitives import oblivious, ristretto, x25519
from atoll.primitives.errors import PointError
from atoll.primitives.oblivious import SecretScalars
from atoll.primitives.x25519 import ClampedSecret
from specs.reference import curve25519 as slow
from specs.reference import edwards25519 as edwards
from tests.vectors.conftest import listed_cases, vectors

HASHES, EDWARDS_HASHES = (
    json.loads((vectors("hash-to-curve-rfc9380") / f"{name}_XMD-SHA-512_ELL2_RO.json").read_text())
    for name in ("curve25519", "edwards25519")
)
EXCHANGES = [
    case
    for group in json.loads((vectors("wycheproof") / "x25519_test.json").read_text())["testGroups"]
    for case in group["tests"]
]
SEED = bytes(range(32))


def test_every_case_is_run() -> None:
    assert len(EXCHANGES) == listed_cases("wycheproof")["x25519_test.json"]
    listed = listed_cases("hash-to-curve-rfc9380")
    assert len(HASHES["vectors"]) == listed["curve25519_XMD-SHA-512_ELL2_RO.json"]
    assert len(EDWARDS_HASHES["vectors"]) == listed["edwards25519_XMD-SHA-512_ELL2_RO.json"]


@pytest.mark.parametrize("kernel", ristretto.kernels())
def test_products_are_wycheproofs_and_what_is_not_canonical_or_of_small_order_is_refused(kernel: str) -> None:
    refused = 0
    for case in EXCHANGES:
        public, secret = bytes.fromhex(case["public"]), ClampedSecret.from_bytes(bytes.fromhex(case["private"]))
        shared = bytes.fromhex(case["shared"])
        if int.from_bytes(public, "little") < slow.P and any(shared):
            assert x25519.multiply(public, secret, kernel=kernel) == shared, case["comment"]
        else:
            refused += 1
            with pytest.raises(PointError):
                x25519.multiply(public, secret, kernel=kernel)
    assert 0 < refused < len(EXCHANGES) // 4


@pytest.mark.parametrize("case", HASHES["vectors"], ids=lambda case: case["msg"][:8])
def test_hash_to_curve(case: dict[str, Any]) -> None:
    message, dst, expected = case["msg"].encode(), HASHES["dst"].encode(), int(case["P"]["x"], 16)
    assert slow.hash_to_curve(message, dst) == expected
    if not message:
        return  # lists have no items of no bytes
    for kernel in ristretto.kernels():
        value = oblivious.evaluate(message, len(message), ClampedSecret.from_bytes(SEED), dst, kernel=kernel)
        assert value == slow.multiply(expected, slow.clamp(SEED)).to_bytes(32, "little")


@pytest.mark.parametrize("case", EDWARDS_HASHES["vectors"], ids=lambda case: case["msg"][:8])
def test_hash_to_the_edwards_form(case: dict[str, Any]) -> None:
    message, dst = case["msg"].encode(), EDWARDS_HASHES["dst"].encode()
    x, y = int(case["P"]["x"], 16), int(case["P"]["y"], 16)
    expected = (x, y, 1, x * y % edwards.P)
    assert edwards.affine(edwards.hash_to_curve(message, dst)) == (x, y)
    if not message:
        return  # lists have no items of no bytes
    blinded = edwards.add(expected, edwards.multiply(edwards.GENERATOR, 5))
    for kernel in ristretto.kernels():
        five = SecretScalars.from_canonical((5).to_bytes(32, "little"))
        assert oblivious.blind(message, len(message), five, dst, kernel=kernel) == edwards.encode(blinded)
