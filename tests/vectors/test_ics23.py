"""ICS 23 proofs and parts of proofs made by others."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.primitives.ics23 import (
    IAVL_SPEC,
    SMT_SPEC,
    TENDERMINT_SPEC,
    InnerSpec,
    ProofSpec,
    check_against_spec,
    check_leaf,
    is_left_empty,
    is_right_empty,
    verify_membership,
    verify_non_membership,
)
from atoll.primitives.ics23_codec import encode_proof, parse_proof
from atoll.primitives.ics23_ops import ExistenceProof, HashOp, InnerOp, LeafOp, LengthOp, apply_hash

Vectors = Callable[[str], Path]

SPECS = {"smt": SMT_SPEC, "tendermint": TENDERMINT_SPEC, "iavl": IAVL_SPEC}


def _load(vectors: Vectors, name: str) -> Any:
    return json.loads((vectors("ics23") / name).read_text())


def _bytes(value: str | None) -> bytes:
    return b64decode(value or "")


def _leaf(value: dict[str, Any]) -> LeafOp:
    return LeafOp(
        hash=HashOp(value.get("hash", 0)),
        prehash_key=HashOp(value.get("prehash_key", 0)),
        prehash_value=HashOp(value.get("prehash_value", 0)),
        length=LengthOp(value.get("length", 0)),
        prefix=_bytes(value.get("prefix")),
    )


def _step(value: dict[str, Any]) -> InnerOp:
    return InnerOp(hash=HashOp(value.get("hash", 0)), prefix=_bytes(value.get("prefix")), suffix=_bytes(value.get("suffix")))


def _spec(value: dict[str, Any]) -> ProofSpec:
    inner = value["inner_spec"]
    return ProofSpec(
        leaf=_leaf(value["leaf_spec"]),
        inner=InnerSpec(
            child_order=tuple(inner["child_order"]),
            child_size=inner["child_size"],
            min_prefix_length=inner["min_prefix_length"],
            max_prefix_length=inner["max_prefix_length"],
            empty_child=_bytes(inner.get("empty_child")),
            hash=HashOp(inner["hash"]),
        ),
        max_depth=value.get("max_depth", 0),
        min_depth=value.get("min_depth", 0),
    )


def _refuses(action: Callable[[], object]) -> bool:
    try:
        action()
    except AtollError:
        return True
    return False


def _verify(spec: ProofSpec, root: bytes, proof: bytes, key: bytes, value: bytes) -> None:
    if value:
        verify_membership(spec, root, parse_proof(proof), key, value)
    else:
        verify_non_membership(spec, root, parse_proof(proof), key)


def test_whole_proofs_verify_and_mutated_ones_do_not(vectors: Vectors) -> None:
    count = 0
    for folder, spec in SPECS.items():
        for path in sorted((vectors("ics23") / folder).glob("*.json")):
            case = {name: bytes.fromhex(text) for name, text in json.loads(path.read_text()).items()}
            root, proof, key, value = case["root"], case["proof"], case["key"], case["value"]
            assert encode_proof(parse_proof(proof)) == proof
            _verify(spec, root, proof, key, value)
            assert _refuses(lambda: _verify(spec, root[:-1] + bytes((root[-1] ^ 1,)), proof, key, value))  # noqa: B023
            if value:
                assert _refuses(lambda: _verify(spec, root, proof, key + b"x", value))  # noqa: B023
                assert _refuses(lambda: _verify(spec, root, proof, key, value + b"x"))  # noqa: B023
                assert _refuses(lambda: _verify(spec, root, proof, key, b""))  # noqa: B023
            else:
                neighbour = parse_proof(proof)
                assert not isinstance(neighbour, ExistenceProof)
                for side in (neighbour.left, neighbour.right):
                    assert side is None or _refuses(lambda: _verify(spec, root, proof, side.key, b""))  # noqa: B023
            unread = len(key) if not value else 0  # the key field of a proof of absence is not checked by ICS 23
            own = proof.find(parse_proof(proof).key) if unread else -1
            for at in range(0, len(proof), 7):
                if not own <= at < own + len(parse_proof(proof).key) or own < 0:
                    mutated = proof[:at] + bytes((proof[at] ^ 0x10,)) + proof[at + 1 :]
                    assert _refuses(lambda: _verify(spec, root, mutated, key, value)), (path.name, at)  # noqa: B023
            count += 1
    assert count == 12


def test_hashes_give_the_digests_of_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestDoHashData.json")
    for name, case in cases.items():
        preimage = case.get("Preimage") or case.get("PreImage")
        assert apply_hash(HashOp(case["HashOp"]), preimage.encode()).hex() == case["ExpectedHash"], name
    assert len(cases) == 7


def test_leaf_operations_give_the_hash_or_the_refusal_of_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestLeafOpData.json")
    for name, case in cases.items():
        key, value = _bytes(case["Key"]), _bytes(case["Value"])
        if case["IsErr"]:
            assert _refuses(lambda: _leaf(case["Op"]).apply(key, value)), name  # noqa: B023
        else:
            assert _leaf(case["Op"]).apply(key, value) == _bytes(case["Expected"]), name
    assert len(cases) == 11


def test_inner_operations_give_the_hash_or_the_refusal_of_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestInnerOpData.json")
    for name, case in cases.items():
        child = _bytes(case["Child"])
        if case["IsErr"]:
            assert _refuses(lambda: _step(case["Op"]).apply(child)), name  # noqa: B023
        else:
            assert _step(case["Op"]).apply(child) == _bytes(case["Expected"]), name
    assert len(cases) == 4


def test_leaves_are_checked_against_the_spec_as_in_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestCheckLeafData.json")
    for name, case in cases.items():
        spec = ProofSpec(leaf=_leaf(case["Spec"]), inner=InnerSpec())
        assert _refuses(lambda: check_leaf(spec, _leaf(case["Leaf"]))) == case["IsErr"], name  # noqa: B023
    assert len(cases) == 10


def test_proofs_are_checked_against_the_spec_as_in_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestCheckAgainstSpecData.json")
    for name, case in cases.items():
        source = case["Proof"]
        proof = ExistenceProof(
            key=_bytes(source["key"]),
            value=_bytes(source["value"]),
            leaf=_leaf(source["leaf"]) if "leaf" in source else None,
            path=tuple(_step(step) for step in source.get("path", [])),
        )
        assert _refuses(lambda: check_against_spec(_spec(case["Spec"]), proof)) == bool(case["Err"]), name  # noqa: B023
    assert len(cases) == 11


def test_empty_branches_are_seen_as_in_the_source(vectors: Vectors) -> None:
    cases = _load(vectors, "TestEmptyBranchData.json")
    for number, case in enumerate(cases):
        spec, step = _spec(case["Spec"]).inner, _step(case["Op"])
        assert (is_left_empty(spec, step), is_right_empty(spec, step)) == (case["IsLeft"], case["IsRight"]), number
    assert len(cases) == 8
