"""RFC 9380's values, and libsodium's for ristretto255.

The native core is checked where it has the function: expansion and ristretto255. The curve suites check the slow reference,
whose expansion the reference of ristretto255 shares.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from atoll.primitives import ristretto
from specs.reference import hash_to_curve as slow
from specs.reference import ristretto255
from tests.vectors.conftest import listed_cases, vectors

SOURCE = vectors("hash-to-curve-rfc9380")
HASHES: dict[str, Literal["sha256", "sha512"]] = {"SHA-256": "sha256", "SHA-512": "sha512"}
SUITES = {"edwards25519": slow.EDWARDS25519, "curve25519": slow.CURVE25519, "NIST P-256": slow.P256}


def load(name: str) -> dict[str, Any]:
    return dict(json.loads((SOURCE / name).read_text()))


CURVE_FILES = [
    "edwards25519_XMD-SHA-512_ELL2_RO.json",
    "edwards25519_XMD-SHA-512_ELL2_NU.json",
    "curve25519_XMD-SHA-512_ELL2_RO.json",
    "P256_XMD-SHA-256_SSWU_RO.json",
]
EXPAND_FILES = ["expand_message_xmd_SHA256_38.json", "expand_message_xmd_SHA512_38.json"]
SODIUM_FILE = "ristretto255-from-libsodium.json"

CURVE = [(name, load(name), i) for name in CURVE_FILES for i in range(len(load(name)["vectors"]))]
EXPAND = [(name, load(name), i) for name in EXPAND_FILES for i in range(len(load(name)["tests"]))]
ELEMENTS = load(SODIUM_FILE)["hash_to_element"]
SCALARS = load(SODIUM_FILE)["hash_to_scalar"]


def test_the_collection_is_complete() -> None:
    found = {name: sum(case[0] == name for case in CURVE + EXPAND) for name in CURVE_FILES + EXPAND_FILES}
    found[SODIUM_FILE] = len(ELEMENTS) + len(SCALARS)
    assert found | {"": sum(found.values())} == listed_cases("hash-to-curve-rfc9380")
    assert sum(found.values()) == 48


def number(text: str) -> int:
    return int(text, 16)


def affine(point: dict[str, str]) -> tuple[int, int]:
    return number(point["x"]), number(point["y"])


@pytest.mark.parametrize(("name", "data", "i"), CURVE, ids=lambda value: "" if isinstance(value, dict) else str(value))
def test_curve_suite(name: str, data: dict[str, Any], i: int) -> None:
    suite, dst, case = SUITES[data["curve"]], data["dst"].encode(), data["vectors"][i]
    message = case["msg"].encode()
    expected_u = [number(text) for text in case["u"]]
    assert suite.hash_to_field(message, dst, len(expected_u)) == expected_u

    # The field elements come from the expansion, so the native one is checked on the same bytes.
    uniform = ristretto.expand_message_xmd(data["hash"], message, dst, 48 * len(expected_u))
    assert [int.from_bytes(uniform[48 * j : 48 * j + 48], "big") % suite.p for j in range(len(expected_u))] == expected_u

    if data["randomOracle"]:
        assert [suite.map(u) for u in expected_u] == [affine(case["Q0"]), affine(case["Q1"])]
        assert suite.hash_to_curve(message, dst) == affine(case["P"])
    else:
        assert suite.map(expected_u[0]) == affine(case["Q"])
        assert suite.encode_to_curve(message, dst) == affine(case["P"])


@pytest.mark.parametrize(("name", "data", "i"), EXPAND, ids=lambda value: "" if isinstance(value, dict) else str(value))
def test_expansion(name: str, data: dict[str, Any], i: int) -> None:
    case, hash_name, dst = data["tests"][i], data["hash"].lower(), data["DST"].encode()
    message, length, expected = case["msg"].encode(), number(case["len_in_bytes"]), bytes.fromhex(case["uniform_bytes"])
    assert len(expected) == length
    assert ristretto.expand_message_xmd(hash_name, message, dst, length) == expected
    assert slow.expand_message_xmd(hash_name, message, dst, length) == expected


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case["element_hex"][:8])
def test_hash_to_element(case: dict[str, str]) -> None:
    message, dst, element = (bytes.fromhex(case[name]) for name in ("msg_hex", "dst_hex", "element_hex"))
    assert ristretto.hash_to_group(message, dst) == element
    one = ristretto.SecretScalar.from_canonical((1).to_bytes(32, "little"))
    for kernel in ristretto.kernels():
        assert ristretto.blind([message] * 9, one, dst, kernel=kernel) == element * 9
    assert ristretto255.encode(ristretto255.hash_to_group(message, dst)) == element


@pytest.mark.parametrize("case", SCALARS, ids=lambda case: case["scalar_hex"][:8])
def test_hash_to_scalar(case: dict[str, str]) -> None:
    hash_name, message, dst = HASHES[case["hash"]], case["msg"].encode(), case["dst"].encode()
    for expand in (ristretto.expand_message_xmd, slow.expand_message_xmd):
        uniform = expand(hash_name, message, dst, 48)
        scalar = int.from_bytes(uniform, "big") % ristretto255.ORDER
        assert scalar.to_bytes(32, "little").hex() == case["scalar_hex"]
