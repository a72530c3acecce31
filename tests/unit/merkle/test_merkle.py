"""The log's Merkle tree: what it refuses, and what it keeps."""

from __future__ import annotations

import pytest

from atoll.primitives.errors import MerkleProofError, MerkleRangeError, VarintError
from atoll.primitives.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    MerkleTree,
    is_subtree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from atoll.primitives.uvarint import encode_uvarint, parse_uvarint, parse_varint

LEAVES = [leaf_hash(bytes((index,))) for index in range(21)]
TREE = MerkleTree(LEAVES)


def _inclusion(**changes: object) -> None:
    sound = {"leaf": LEAVES[13], "index": 13, "size": 20, "proof": TREE.inclusion_proof(13, 20), "root": TREE.root(20)}
    verify_inclusion(**{**sound, **changes})  # type: ignore[arg-type]


def _consistency(**changes: object) -> None:
    sound = {
        "old_size": 13,
        "old_root": TREE.root(13),
        "new_size": 20,
        "new_root": TREE.root(20),
        "proof": TREE.consistency_proof(13, 20),
    }
    verify_consistency(**{**sound, **changes})  # type: ignore[arg-type]


def test_a_leaf_can_never_pass_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
    assert node_hash(left, right) != node_hash(right, left)


def test_a_sound_inclusion_proof_is_accepted() -> None:
    _inclusion()


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 12},
        {"index": -1},
        {"index": 20},
        {"size": 16},
        {"size": 33},
        {"size": MAX_SIZE + 1, "index": 0},
        {"leaf": LEAVES[12]},
        {"leaf": LEAVES[13][:31]},
        {"root": TREE.root(21)},
        {"proof": TREE.inclusion_proof(13, 20)[:-1]},
        {"proof": [*TREE.inclusion_proof(13, 20), EMPTY_ROOT]},
        {"proof": TREE.inclusion_proof(13, 20)[::-1]},
        {"proof": [node[:31] for node in TREE.inclusion_proof(13, 20)]},
    ],
)
def test_an_inclusion_proof_with_one_lie_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MerkleProofError):
        _inclusion(**changes)


def test_a_sound_consistency_proof_is_accepted() -> None:
    _consistency()
    _consistency(old_size=20, old_root=TREE.root(20), proof=[])


@pytest.mark.parametrize(
    "changes",
    [
        {"old_size": 12},
        {"old_size": 0},
        {"old_size": 21},
        {"old_root": TREE.root(12)},
        {"new_size": 33},
        {"new_root": TREE.root(19)},
        {"proof": []},
        {"proof": TREE.consistency_proof(13, 20)[1:]},
        {"proof": [*TREE.consistency_proof(13, 20), EMPTY_ROOT]},
    ],
)
def test_a_consistency_proof_with_one_lie_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MerkleProofError):
        _consistency(**changes)


def test_one_size_with_two_roots_is_a_split_view() -> None:
    with pytest.raises(MerkleProofError, match="split view"):
        _consistency(old_size=20, old_root=TREE.root(19), proof=[])
    with pytest.raises(MerkleProofError, match="need no hashes"):
        _consistency(old_size=20, old_root=TREE.root(20), proof=[EMPTY_ROOT])


def test_a_rewritten_history_has_no_consistency_proof() -> None:
    forged = MerkleTree([leaf_hash(b"forged"), *LEAVES[1:]])
    with pytest.raises(MerkleProofError):
        _consistency(new_root=forged.root(20), proof=forged.consistency_proof(13, 20))


def test_subtrees_begin_where_their_length_rounded_up_divides() -> None:
    assert is_subtree(8, 13)
    assert is_subtree(0, 21)
    assert is_subtree(5, 5)
    assert not is_subtree(2, 5)
    assert not is_subtree(3, 5)
    assert not is_subtree(5, 4)
    assert not is_subtree(0, MAX_SIZE + 1)


def test_a_tree_answers_for_every_size_it_had() -> None:
    assert [MerkleTree(LEAVES[:size]).root() for size in range(22)] == [TREE.root(size) for size in range(22)]
    assert TREE.root(0) == EMPTY_ROOT
    with pytest.raises(MerkleRangeError):
        TREE.root(22)
    with pytest.raises(MerkleRangeError):
        TREE.inclusion_proof(20, 20)
    with pytest.raises(MerkleRangeError):
        TREE.consistency_proof(0, 20)
    with pytest.raises(MerkleRangeError):
        TREE.node(3, 2)
    with pytest.raises(MerkleRangeError):
        TREE.node(9, 0)


def test_one_by_one_and_in_bulk_give_the_same_tree() -> None:
    tree = MerkleTree()
    assert [tree.append(leaf) for leaf in LEAVES] == list(range(21))
    assert tree.root() == TREE.root()
    assert [tree.node(level, 0) for level in range(5)] == [TREE.node(level, 0) for level in range(5)]


def test_a_leaf_hash_of_the_wrong_length_is_not_added() -> None:
    tree = MerkleTree(LEAVES[:3])
    with pytest.raises(MerkleRangeError):
        tree.append(b"short")
    with pytest.raises(MerkleRangeError):
        tree.extend([LEAVES[3], b"short"])
    assert tree.size == 3


def test_a_frontier_is_a_value() -> None:
    before = Frontier().extend(LEAVES[:11])
    after = before.append(LEAVES[11])
    assert before.root == TREE.root(11)
    assert after.root == TREE.root(12)
    assert Frontier(before.size, before.peaks) == before
    assert Frontier().root == EMPTY_ROOT


def test_a_stored_frontier_must_fit_its_size() -> None:
    with pytest.raises(MerkleRangeError):
        Frontier(3, (LEAVES[0],))
    with pytest.raises(MerkleRangeError):
        Frontier(1, (b"short",))
    with pytest.raises(MerkleRangeError):
        Frontier(-1, ())


@pytest.mark.parametrize(
    ("number", "encoded"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), ((1 << 64) - 1, "ffffffffffffffffff01")],
)
def test_varints_have_one_form(number: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert encode_uvarint(number) == data
    assert parse_uvarint(b"\xff" + data + b"\xff", 1) == (number, 1 + len(data))


@pytest.mark.parametrize("encoded", ["", "80", "8000", "ff00", "ffffffffffffffffff02", "8080808080808080808001"])
def test_other_forms_of_varints_are_refused(encoded: str) -> None:
    with pytest.raises(VarintError):
        parse_uvarint(bytes.fromhex(encoded))


def test_numbers_past_64_bits_have_no_varint() -> None:
    for number in (-1, 1 << 64):
        with pytest.raises(VarintError):
            encode_uvarint(number)


def test_signed_varints_fold_in_zigzag() -> None:
    assert [parse_varint(bytes((folded,)))[0] for folded in range(5)] == [0, -1, 1, -2, 2]
