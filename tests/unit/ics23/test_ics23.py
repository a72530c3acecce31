"""ICS 23 rules, each with the lie it stops."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

import pytest

from atoll.primitives.errors import CommitmentProofError, ProofEncodingError
from atoll.primitives.ics23 import (
    SMT_HASHED_SPEC,
    SMT_SPEC,
    TENDERMINT_SPEC,
    InnerSpec,
    ProofSpec,
    calculate_root,
    check_inner,
    verify_membership,
    verify_non_membership,
)
from atoll.primitives.ics23_codec import MAX_PROOF_BYTES, MAX_STEPS, encode_proof, parse_proof
from atoll.primitives.ics23_ops import ExistenceProof, HashOp, InnerOp, LeafOp, LengthOp, NonExistenceProof
from atoll.primitives.smt import Tree, key_path

CONTENT = {b"ns\x00%d" % number: b"value %d" % number for number in range(64)}
TREE = Tree.of(CONTENT)
ABSENT = b"absent"


def _presence(key: bytes, *, hashed: bool = False) -> ExistenceProof:
    proof = TREE.prove(key, hashed=hashed)
    assert isinstance(proof, ExistenceProof)
    return proof


def _absence(key: bytes, *, hashed: bool = False) -> NonExistenceProof:
    proof = TREE.prove(key, hashed=hashed)
    assert isinstance(proof, NonExistenceProof)
    return proof


SORTED = sorted(CONTENT, key=key_path)


def test_presence_is_for_one_key_one_value_and_one_root() -> None:
    proof = _presence(b"ns\x007")
    verify_membership(SMT_SPEC, TREE.root, proof, b"ns\x007", b"value 7")
    for key, value, root in (
        (b"ns\x008", b"value 7", TREE.root),
        (b"ns\x007", b"value 8", TREE.root),
        (b"ns\x007", b"value 7", TREE.delete(b"ns\x007").root),
    ):
        with pytest.raises(CommitmentProofError):
            verify_membership(SMT_SPEC, root, proof, key, value)
    with pytest.raises(CommitmentProofError, match="do not lead to the root"):
        verify_membership(SMT_SPEC, TREE.root, replace(proof, value=b"value 8"), b"ns\x007", b"value 8")


def test_absence_is_not_presence_and_the_other_way_round() -> None:
    with pytest.raises(CommitmentProofError, match="proof of absence"):
        verify_membership(SMT_SPEC, TREE.root, _absence(ABSENT), ABSENT, b"x")
    with pytest.raises(CommitmentProofError, match="proof of presence"):
        verify_non_membership(SMT_SPEC, TREE.root, _presence(b"ns\x007"), b"ns\x007")


def test_a_present_key_cannot_be_proved_absent_by_any_two_leaves() -> None:
    key = b"ns\x007"
    for left in [None, *(_presence(other) for other in SORTED)]:
        for right in [None, *(_presence(other) for other in SORTED)]:
            with pytest.raises(CommitmentProofError):
                verify_non_membership(SMT_SPEC, TREE.root, NonExistenceProof(key=key, left=left, right=right), key)


def test_absence_needs_the_nearest_leaf_on_each_side() -> None:
    proof = _absence(ABSENT)
    verify_non_membership(SMT_SPEC, TREE.root, proof, ABSENT)
    assert proof.left is not None
    assert proof.right is not None
    at = SORTED.index(proof.left.key)
    farther = (
        replace(proof, left=_presence(SORTED[at - 1])),
        replace(proof, right=_presence(SORTED[at + 2])),
        replace(proof, left=proof.right, right=proof.left),
        replace(proof, left=None),
        replace(proof, right=None),
        replace(proof, right=proof.left),
    )
    for lie in farther:
        with pytest.raises(CommitmentProofError):
            verify_non_membership(SMT_SPEC, TREE.root, lie, ABSENT)


def test_a_neighbour_must_itself_be_proved() -> None:
    proof = _absence(ABSENT)
    assert proof.left is not None
    for side in ("left", "right"):
        forged = replace(getattr(proof, side), value=b"forged")
        with pytest.raises(CommitmentProofError, match="do not lead to the root"):
            verify_non_membership(SMT_SPEC, TREE.root, replace(proof, **{side: forged}), ABSENT)


def test_shifting_key_bytes_into_the_leaf_prefix_forges_absence_where_no_length_is_required() -> None:
    """Why the hashed variant has a length rule: without it, a leaf's claimed key can be any tail of its true one."""
    loose = replace(SMT_HASHED_SPEC, leaf=replace(SMT_HASHED_SPEC.leaf, length=LengthOp.NO_PREFIX))
    present = key_path(b"ns\x007")

    def shifted(key: bytes, by: int, spec: ProofSpec) -> ExistenceProof:
        proof = _presence(key, hashed=True)
        return replace(proof, key=proof.key[by:], leaf=replace(spec.leaf, prefix=b"\x00" + proof.key[:by]))

    def forgeries(spec: ProofSpec) -> list[NonExistenceProof]:
        pairs = [
            (shifted(left, i, spec), shifted(right, j, spec))
            for left, right in pairwise(SORTED)
            for i in range(3)
            for j in range(3)
        ]
        return [
            NonExistenceProof(key=present, left=left, right=right)
            for left, right in pairs
            if left.key < present < right.key and present not in (left.key, right.key)
        ]

    found = forgeries(loose)
    assert found
    verify_non_membership(loose, TREE.root, found[0], present)
    for forgery in forgeries(SMT_HASHED_SPEC):
        with pytest.raises(CommitmentProofError):
            verify_non_membership(SMT_HASHED_SPEC, TREE.root, forgery, present)


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    """The children of an inner node, read as key hash and value hash, must not become a key."""
    proof = _presence(SORTED[0], hashed=True)
    as_leaf = ExistenceProof(
        key=key_path(b"x"),
        value=b"x",
        leaf=replace(SMT_HASHED_SPEC.leaf, prefix=b"\x01"),
        path=proof.path[1:],
    )
    with pytest.raises(CommitmentProofError, match="another prefix"):
        verify_membership(SMT_HASHED_SPEC, TREE.root, as_leaf, as_leaf.key, as_leaf.value)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (InnerOp(hash=HashOp.SHA512, prefix=b"\x01", suffix=bytes(32)), "hashed in another way"),
        (InnerOp(hash=HashOp.SHA256, prefix=b"\x00", suffix=bytes(32)), "prefix of a leaf"),
        (InnerOp(hash=HashOp.SHA256, prefix=b"", suffix=bytes(32)), "prefix has 0 bytes"),
        (InnerOp(hash=HashOp.SHA256, prefix=b"\x01" + bytes(33)), "prefix has 34 bytes"),
        (InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=bytes(31)), "suffix has 31 bytes"),
    ],
)
def test_steps_must_have_the_form_of_the_spec(step: InnerOp, reason: str) -> None:
    with pytest.raises(CommitmentProofError, match=reason):
        check_inner(SMT_SPEC, step, 1)


@pytest.mark.parametrize(
    "step", [InnerOp(hash=HashOp.SHA256, prefix=b"\x02"), InnerOp(hash=HashOp.SHA256, prefix=b"\x01" * 2, suffix=bytes(32))]
)
def test_simple_maps_have_one_inner_prefix(step: InnerOp) -> None:
    with pytest.raises(CommitmentProofError, match="not that of an inner node"):
        check_inner(TENDERMINT_SPEC, step, 1)


def test_a_spec_that_cannot_tell_prefix_from_child_is_refused() -> None:
    vague = ProofSpec(
        leaf=LeafOp(prefix=b"\x00"),
        inner=InnerSpec(child_order=(0, 1), child_size=4, min_prefix_length=1, max_prefix_length=5),
    )
    with pytest.raises(CommitmentProofError, match="cannot tell"):
        check_inner(vague, InnerOp(prefix=b"\x01"), 1)


def test_paths_have_a_depth_limit() -> None:
    proof = _presence(b"ns\x007")
    deep = replace(proof, path=proof.path + (InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=bytes(32)),) * 256)
    with pytest.raises(CommitmentProofError, match="too many"):
        verify_membership(SMT_SPEC, calculate_root(deep), deep, deep.key, deep.value)


def test_hashes_and_lengths_that_are_not_offered_are_refused() -> None:
    for leaf in (
        LeafOp(hash=HashOp.KECCAK256),
        LeafOp(hash=HashOp.NO_HASH),
        LeafOp(hash=HashOp.SHA256, prehash_key=HashOp.BLAKE3),
        LeafOp(hash=HashOp.SHA256, length=LengthOp.VAR_RLP),
        LeafOp(hash=HashOp.SHA256, length=LengthOp.REQUIRE_64_BYTES),
    ):
        with pytest.raises(CommitmentProofError):
            leaf.apply(b"key", b"value")


def test_required_lengths_are_met_or_refused() -> None:
    leaf = LeafOp(hash=HashOp.SHA256, length=LengthOp.REQUIRE_64_BYTES)
    assert leaf.apply(b"k" * 64, b"v" * 64) == sha256(b"k" * 64 + b"v" * 64).digest()


# -- encoding ------------------------------------------------------------------------------------------------------------------


def test_proofs_survive_their_encoding() -> None:
    for proof in (_presence(b"ns\x007"), _absence(ABSENT), _presence(b"ns\x007", hashed=True)):
        assert parse_proof(encode_proof(proof)) == proof


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a",
        b"\x0a\x05\x0a",
        b"\x1a\x00",
        b"\x22\x00",
        b"\x08\x01",
        b"\x0d\x00\x00\x00\x00",
        b"\x0a\x00\x0a\x00",
        b"\x0a\x80\x00",
        b"\x0a\x02\x0a\x00",
        b"\x0a\x02\x28\x01",
        b"\x0a\x02\x08\x01",
        b"\x0a\x04\x1a\x02\x08\x00",
        b"\x0a\x04\x1a\x02\x08\x0a",
        b"\x0a\x04\x1a\x02\x20\x09",
        b"\x0a\x04\x1a\x02\x0a\x00",
        b"\x0a\x06\x12\x01a\x0a\x01b",
        b"\x0a" + b"\xff" * 9 + b"\x01",
    ],
)
def test_anything_but_the_one_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(ProofEncodingError):
        parse_proof(data)


def test_proofs_have_a_size_and_a_step_limit() -> None:
    with pytest.raises(ProofEncodingError, match="are more than"):
        parse_proof(bytes(MAX_PROOF_BYTES + 1))
    proof = _presence(b"ns\x007")
    step = InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=bytes(32))
    longest = replace(proof, path=(step,) * MAX_STEPS)
    assert parse_proof(encode_proof(longest)) == longest
    with pytest.raises(ProofEncodingError, match="steps"):
        parse_proof(encode_proof(replace(proof, path=(step,) * (MAX_STEPS + 1))))


def test_no_single_flipped_bit_survives() -> None:
    for proof, name, spec in (
        (_presence(b"ns\x007"), b"ns\x007", SMT_SPEC),
        (_absence(ABSENT, hashed=True), key_path(ABSENT), SMT_HASHED_SPEC),
    ):
        data = encode_proof(proof)
        survivors = []
        for at in range(len(data)):
            mutated = data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]
            try:
                parsed = parse_proof(mutated)
                if isinstance(proof, ExistenceProof):
                    verify_membership(spec, TREE.root, parsed, name, proof.value)
                else:
                    verify_non_membership(spec, TREE.root, parsed, name)
            except (CommitmentProofError, ProofEncodingError):
                continue
            survivors.append(at)
        # ICS 23 does not check the key field of a proof of absence; everything else counts.
        own_key = range(data.index(key_path(ABSENT)), data.index(key_path(ABSENT)) + 32) if spec is SMT_HASHED_SPEC else ()
        assert set(survivors) == set(own_key)
