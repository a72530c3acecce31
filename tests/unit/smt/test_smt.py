"""The state tree: what it holds, what it refuses, and that nothing old ever changes."""

from __future__ import annotations

from hashlib import sha256

import pytest

from atoll.primitives.errors import EmptyTreeError, StateKeyError
from atoll.primitives.ics23_ops import ExistenceProof, NonExistenceProof
from atoll.primitives.smt import EMPTY_ROOT, MAX_KEY_BYTES, MAX_VALUE_BYTES, Tree, key_path


def _grown(count: int) -> Tree:
    return Tree.of({b"ns\x00%d" % number: b"value %d" % number for number in range(count)})


def test_a_lone_key_is_the_whole_tree() -> None:
    path = sha256(b"key").digest()
    assert Tree.empty().put(b"key", b"value").root == sha256(b"\x00" + path + sha256(b"value").digest()).digest()


def test_two_keys_that_part_at_the_first_bit_make_one_node() -> None:
    keys = sorted((b"a", b"b", b"c", b"d", b"e"), key=key_path)
    left, right = keys[0], keys[-1]
    assert key_path(left)[0] < 0x80 <= key_path(right)[0]
    leaves = [Tree.of({key: b"v"}).root for key in (left, right)]
    assert Tree.of({left: b"v", right: b"v"}).root == sha256(b"\x01" + leaves[0] + leaves[1]).digest()


def test_an_empty_child_counts_as_zeros() -> None:
    keys = [bytes((number,)) for number in range(40)]
    low = [key for key in keys if key_path(key)[0] < 0x40][:1] + [key for key in keys if 0x40 <= key_path(key)[0] < 0x80][:1]
    inner = sha256(b"\x01" + Tree.of({low[0]: b"v"}).root + Tree.of({low[1]: b"v"}).root).digest()
    assert Tree.of(dict.fromkeys(low, b"v")).root == sha256(b"\x01" + inner + EMPTY_ROOT).digest()


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert Tree.empty().root == EMPTY_ROOT == bytes(32)
    assert len(Tree.empty()) == 0
    assert list(Tree.empty().items()) == []


def test_an_update_leaves_the_old_tree_as_it_was() -> None:
    before = _grown(100)
    after = before.put(b"ns\x007", b"new").delete(b"ns\x008")
    assert before.get(b"ns\x007") == b"value 7"
    assert before.get(b"ns\x008") == b"value 8"
    assert after.get(b"ns\x007") == b"new"
    assert after.get(b"ns\x008") is None
    assert (len(before), len(after)) == (100, 99)
    assert before == _grown(100) != after


def test_deleting_what_was_added_gives_the_old_root_back() -> None:
    tree = _grown(50)
    assert tree.put(b"other", b"x").delete(b"other").root == tree.root
    assert tree.apply({b"other": b"x"}).apply({b"other": None}) == tree


def test_deleting_an_absent_key_changes_nothing() -> None:
    tree = _grown(10)
    assert tree.delete(b"absent") is tree
    assert len(tree.apply({b"absent": None})) == 10


def test_the_last_key_can_go() -> None:
    assert Tree.empty().put(b"key", b"value").delete(b"key") == Tree.empty()


def test_writing_the_same_value_again_changes_nothing() -> None:
    tree = _grown(10)
    assert tree.put(b"ns\x003", b"value 3") == tree
    assert len(tree.put_many({b"ns\x003": b"value 3", b"ns\x0011": b"value 11"})) == 11


def test_membership_reads_like_a_mapping() -> None:
    tree = _grown(10)
    assert b"ns\x003" in tree
    assert b"absent" not in tree
    assert dict(tree.items()) == {b"ns\x00%d" % number: b"value %d" % number for number in range(10)}
    assert [key for key, _ in tree.items()] == sorted(b"ns\x00%d" % number for number in range(10))


def test_a_walk_over_a_namespace_gives_that_tree_s_keys_in_order_and_no_others() -> None:
    content = {b"%s\x00%04d" % (kind, number): b"v" for kind in (b"ns", b"ns-2", b"m") for number in range(700)}
    before = Tree.load(content.items())
    after = before.apply({b"ns\x00later": b"v", b"ns\x000000": None, b"m\x000005": b"new"})
    assert list(before.items(b"ns\x00")) == [(b"ns\x00%04d" % number, b"v") for number in range(700)]
    assert [key for key, _ in after.items(b"ns\x00")] == [*(b"ns\x00%04d" % number for number in range(1, 700)), b"ns\x00later"]
    assert dict(after.items(b"m\x00"))[b"m\x000005"] == b"new"
    assert list(after.items(b"n\x00")) == []
    assert (before.root, len(before)) == (Tree.of(content).root, 2100)


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"", b"v"), (b"k", b""), (b"k" * (MAX_KEY_BYTES + 1), b"v"), (b"k", b"v" * (MAX_VALUE_BYTES + 1))],
)
def test_keys_and_values_have_bounds(key: bytes, value: bytes) -> None:
    with pytest.raises(StateKeyError):
        Tree.empty().put(key, value)
    with pytest.raises(StateKeyError):
        Tree.empty().apply({b"fine": b"fine", key: value})


def test_an_empty_tree_proves_nothing() -> None:
    with pytest.raises(EmptyTreeError):
        Tree.empty().prove(b"key")


def test_absence_at_either_end_has_one_neighbour() -> None:
    tree = _grown(30)
    first, *_, last = sorted((b"ns\x00%d" % number for number in range(30)), key=key_path)
    missing = [b"absent %d" % number for number in range(2000)]
    leftmost = min(missing, key=key_path)
    rightmost = max(missing, key=key_path)
    before, after = tree.prove(leftmost), tree.prove(rightmost)
    assert isinstance(before, NonExistenceProof)
    assert isinstance(after, NonExistenceProof)
    assert before.left is None
    assert before.right is not None
    assert before.right.key == first
    assert after.right is None
    assert after.left is not None
    assert after.left.key == last


def test_the_hashed_variant_shows_no_raw_key() -> None:
    tree = _grown(30)
    present, absent = tree.prove(b"ns\x003", hashed=True), tree.prove(b"absent", hashed=True)
    assert isinstance(present, ExistenceProof)
    assert present.key == key_path(b"ns\x003")
    assert isinstance(absent, NonExistenceProof)
    assert absent.key == key_path(b"absent")
    known = {key_path(key) for key, _ in tree.items()}
    assert all(side is None or side.key in known for side in (absent.left, absent.right))
