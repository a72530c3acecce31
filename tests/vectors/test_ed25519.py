"""Signatures to reproduce, and edge cases on which every verifier here must give one answer."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.primitives import zip215
from atoll.primitives.ed25519 import are_signatures, is_acceptable_key, is_signature
from specs.reference import ed25519_zip215
from tests.vectors.conftest import listed_cases, vectors

SOURCE = vectors("ed25519")
SIGNED = [[bytes.fromhex(field) for field in line.split(":")[:4]] for line in (SOURCE / "sign.input.txt").read_text().split()]
EDGES = json.loads((SOURCE / "ed25519vectors.json").read_text())

REFUSED = {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"}
"""What SECURITY.md 3.8 refuses: small order, other encodings, and what only the equation with a cofactor accepts. A torsion
part in A or R alone (`low_order_component_*`) is no reason, nor can `reencoded_k` come without a non-canonical encoding."""

ACCEPTED = 43
"""How many edge cases the strict rule accepts; pinned, so that no change of it goes unseen."""


def claim(case: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    return bytes.fromhex(case["key"]), case["msg"].encode(), bytes.fromhex(case["sig"])


def test_the_collection_is_complete() -> None:
    listed = listed_cases("ed25519")
    assert (len(SIGNED), len(EDGES)) == (listed["sign.input.txt"], listed["ed25519vectors.json"]) == (128, 914)


@pytest.mark.parametrize("i", range(len(SIGNED)))
def test_signature_is_reproduced_and_accepted(i: int) -> None:
    seed_and_public, public, message, signature_and_message = SIGNED[i]
    signature = signature_and_message[:64]
    assert Ed25519PrivateKey.from_private_bytes(seed_and_public[:32]).sign(message) == signature
    assert is_signature(public, message, signature)
    assert not is_signature(public, message + b"x", signature)


@pytest.mark.parametrize("case", EDGES, ids=lambda case: case["number"])
def test_edge_case_has_the_strict_verdict(case: dict[str, Any]) -> None:
    assert is_signature(*claim(case)) == REFUSED.isdisjoint(case["flags"] or ())


def test_one_by_one_and_many_at_once_agree_on_every_case() -> None:
    claims = [claim(case) for case in EDGES] + [(public, message, signed[:64]) for _, public, message, signed in SIGNED]
    single = [is_signature(*one) for one in claims]
    assert are_signatures(claims, threads=1) == single
    assert are_signatures(claims, threads=3) == single
    assert Counter(single[: len(EDGES)]) == {True: ACCEPTED, False: len(EDGES) - ACCEPTED}


def test_keys_of_small_order_or_in_another_encoding_are_not_acceptable() -> None:
    for case in EDGES:
        bad = {"low_order_A", "non_canonical_A"} & set(case["flags"] or ())
        assert is_acceptable_key(bytes.fromhex(case["key"])) == (not bad)


def test_zip_215_accepts_every_edge_case_whose_challenge_is_over_the_bytes_as_received() -> None:
    """The collection's signatures are good with a cofactor; `reencoded_k` says that k was taken over other bytes."""
    verdicts = zip215.are_signatures([claim(case) for case in EDGES])
    reencoded = ["reencoded_k" in (case["flags"] or ()) for case in EDGES]
    assert all(verdict for verdict, other in zip(verdicts, reencoded, strict=True) if not other)
    assert Counter(verdict for verdict, other in zip(verdicts, reencoded, strict=True) if other) == {True: 58, False: 88}
    for at in [at for at, other in enumerate(reencoded) if other][::4]:
        assert ed25519_zip215.verify(*claim(EDGES[at])) == verdicts[at]
