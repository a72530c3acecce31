"""RFC 6962 proofs made by others, sound and mutated: a proof verifies exactly when its source says so."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atoll.primitives.errors import MerkleProofError
from atoll.primitives.merkle import verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion


def _inclusion(case: dict[str, Any], proof: list[bytes]) -> None:
    verify_inclusion(
        leaf=b64decode(case["leafHash"]),
        index=case["leafIdx"],
        size=case["treeSize"],
        proof=proof,
        root=b64decode(case["root"]),
    )


def _subtree_inclusion(case: dict[str, Any], proof: list[bytes]) -> None:
    verify_subtree_inclusion(
        leaf=b64decode(case["leafHash"]),
        index=case["leafIdx"],
        start=case["start"],
        end=case["end"],
        proof=proof,
        root=b64decode(case["root"]),
    )


def _consistency(case: dict[str, Any], proof: list[bytes]) -> None:
    verify_consistency(
        old_size=case["size1"],
        old_root=b64decode(case["root1"]),
        new_size=case["size2"],
        new_root=b64decode(case["root2"]),
        proof=proof,
    )


def _subtree_consistency(case: dict[str, Any], proof: list[bytes]) -> None:
    verify_subtree_consistency(
        start=case["start"],
        end=case["end"],
        subtree_root=b64decode(case["root1"]),
        size=case["size"],
        root=b64decode(case["root2"]),
        proof=proof,
    )


@pytest.mark.parametrize(
    ("name", "verify", "count"),
    [
        ("inclusion", _inclusion, 65),
        ("consistency", _consistency, 65),
        ("subtreeinclusion", _subtree_inclusion, 136),
        ("subtreeconsistency", _subtree_consistency, 79),
    ],
)
def test_a_proof_verifies_exactly_when_its_source_says_so(
    vectors: Callable[[str], Path], name: str, verify: Callable[[dict[str, Any], list[bytes]], None], count: int
) -> None:
    entries = json.loads((vectors("merkle-rfc6962") / f"{name}.json").read_text())
    disagreements = []
    for entry in entries:
        case = entry["vector"]
        proof = [b64decode(node) for node in case["proof"] or []]
        try:
            verify(case, proof)
            refused = False
        except MerkleProofError:
            refused = True
        if refused != case["wantErr"]:
            disagreements.append(entry["path"])
    assert disagreements == []
    assert len(entries) == count
