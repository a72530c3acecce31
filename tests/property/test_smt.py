"""The state tree against its definition: same roots, siblings and neighbours, whatever the keys and the order of updates."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.primitives.ics23 import SMT_HASHED_SPEC, SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.ics23_codec import encode_proof, parse_proof
from atoll.primitives.ics23_ops import ExistenceProof, NonExistenceProof
from atoll.primitives.smt import Tree, key_path
from tests.property.reference import load_oracle

oracle = load_oracle("smt_oracle")

keys = st.binary(min_size=1, max_size=3)
values = st.binary(min_size=1, max_size=4)
entries = st.dictionaries(keys, values, max_size=40)


@given(entries)
def test_the_root_is_that_of_the_definition(content: dict[bytes, bytes]) -> None:
    tree = Tree.of(content)
    assert tree.root == oracle.root(content)
    assert len(tree) == len(content)
    assert dict(tree.items()) == content


@given(entries, st.lists(st.dictionaries(keys, st.none() | values, max_size=12), max_size=6))
@settings(max_examples=60)
def test_any_history_that_ends_alike_has_one_root_and_old_trees_stay(
    content: dict[bytes, bytes], blocks: list[dict[bytes, bytes | None]]
) -> None:
    batched = single = Tree.of(content)
    for block in blocks:
        before, root_before = batched, batched.root
        batched = batched.apply(block)
        for key, value in block.items():
            single = single.delete(key) if value is None else single.put(key, value)
            content = {**content, key: value} if value is not None else {k: v for k, v in content.items() if k != key}
        assert batched.root == single.root == oracle.root(content)
        assert len(batched) == len(single) == len(content)
        assert before.root == root_before


@given(entries, keys)
def test_proofs_have_the_siblings_and_neighbours_of_the_definition(content: dict[bytes, bytes], key: bytes) -> None:
    if not content:
        return
    proof = Tree.of(content).prove(key)
    if key in content:
        assert isinstance(proof, ExistenceProof)
        assert _siblings(proof) == oracle.siblings(content, key)
    else:
        assert isinstance(proof, NonExistenceProof)
        sides = (proof.left, proof.right)
        assert tuple(side and side.key for side in sides) == oracle.neighbours(content, key)
        for side in sides:
            if side is not None:
                assert _siblings(side) == oracle.siblings(content, side.key)


@given(entries, keys)
def test_what_the_tree_proves_the_rules_accept_in_both_variants(content: dict[bytes, bytes], key: bytes) -> None:
    if not content:
        return
    tree = Tree.of(content)
    for spec, name, hashed in ((SMT_SPEC, key, False), (SMT_HASHED_SPEC, key_path(key), True)):
        proof = parse_proof(encode_proof(tree.prove(key, hashed=hashed)))
        if key in content:
            verify_membership(spec, tree.root, proof, name, content[key])
        else:
            verify_non_membership(spec, tree.root, proof, name)


def _siblings(proof: ExistenceProof) -> list[bytes]:
    return [step.suffix or step.prefix[1:] for step in reversed(proof.path)]
