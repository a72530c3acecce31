"""The log's tree against RFC 6962's own recursions."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.primitives.merkle import (
    Frontier,
    MerkleTree,
    is_subtree,
    leaf_hash,
    prove_subtree,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
)
from tests.property.reference import load_oracle

oracle = load_oracle("rfc6962_oracle")

logs = st.lists(st.binary(max_size=3), min_size=1, max_size=70)


@given(logs, st.data())
def test_roots_at_every_size_are_those_of_the_rfc(entries: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree()
    cut = data.draw(st.integers(0, len(entries)))
    tree.extend(leaf_hash(entry) for entry in entries[:cut])
    for entry in entries[cut:]:
        tree.append(leaf_hash(entry))
    size = data.draw(st.integers(0, len(entries)))
    assert tree.root(size) == oracle.mth(entries[:size])
    assert tree.frontier(size).root == tree.root(size)
    assert tree.frontier(size).extend(map(leaf_hash, entries[size:])) == Frontier().extend(map(leaf_hash, entries))


@given(logs, st.data())
def test_inclusion_proofs_are_those_of_the_rfc(entries: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(map(leaf_hash, entries))
    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size)
    assert proof == oracle.path(index, entries[:size])
    verify_inclusion(leaf=leaf_hash(entries[index]), index=index, size=size, proof=proof, root=tree.root(size))


@given(logs, st.data())
def test_consistency_proofs_are_those_of_the_rfc(entries: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(map(leaf_hash, entries))
    new = data.draw(st.integers(1, len(entries)))
    old = data.draw(st.integers(1, new))
    proof = tree.consistency_proof(old, new)
    assert proof == oracle.proof(old, entries[:new])
    verify_consistency(old_size=old, old_root=tree.root(old), new_size=new, new_root=tree.root(new), proof=proof)


@given(st.integers(1, 40))
@settings(max_examples=12)
def test_every_subtree_has_the_proof_of_the_draft(size: int) -> None:
    entries = [bytes((index,)) for index in range(size)]
    tree = MerkleTree(map(leaf_hash, entries))
    for start in range(size):
        for end in range(start + 1, size + 1):
            if is_subtree(start, end):
                proof = prove_subtree(tree.node, start, end, size)
                assert proof == oracle.subtree_proof(start, end, entries)
                root = oracle.mth(entries[start:end])
                verify_subtree_consistency(start=start, end=end, subtree_root=root, size=size, root=tree.root(), proof=proof)
