"""The state tree: a sparse Merkle tree over key hashes that never changes; every update makes a new tree and shares the rest.

    path  = SHA-256(raw key), most significant bit first, 0 = left
    leaf  = SHA-256(0x00 || path || SHA-256(value))
    inner = SHA-256(0x01 || left || right); an empty child counts as 32 zero bytes
    a subtree with exactly one leaf *is* that leaf; the empty tree's root is 32 zero bytes

This is the layout of ICS 23's `SmtSpec`, so foreign libraries verify what `Tree.prove` returns, presence and absence alike
(`atoll.primitives.ics23`). The root depends on the content alone, never on the order of updates. Because a tree is a value, the
state at an old height is the old `Tree` object, a failed transaction is one nobody keeps, and taking either costs nothing.

Nodes are plain tuples, because they are made by the million: `(hash, left, right)` and `(hash, path, key, value)`; an empty
subtree is None. A path has about log2(n) + 1.4 steps: 17 on average at 50,000 keys.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import TypeAlias

from atoll.primitives.errors import EmptyTreeError, StateKeyError
from atoll.primitives.ics23 import SMT_HASHED_SPEC, SMT_SPEC
from atoll.primitives.ics23_ops import ExistenceProof, HashOp, InnerOp, NonExistenceProof

EMPTY_ROOT = bytes(32)
"""Root of a tree without keys, and the hash of every empty child."""
MAX_KEY_BYTES = 1024
MAX_VALUE_BYTES = 64_000
"""As large as a transaction can be."""

Leaf: TypeAlias = tuple[bytes, bytes, bytes, bytes]
"""Hash, path, raw key, value."""
Inner: TypeAlias = "tuple[bytes, Node | None, Node | None]"
"""Hash, left, right; at least two leaves below."""
Node: TypeAlias = "Leaf | Inner"

_TOP_BIT = 1 << 255


def key_path(key: bytes) -> bytes:
    """Where a raw key lives: its SHA-256. This is the "key" of the hashed proof variant."""
    return sha256(key).digest()


class Tree:
    """An immutable map from raw keys to values with a root hash. Equal content, equal root."""

    __slots__ = ("_count", "_node")

    def __init__(self) -> None:
        """The empty tree."""
        self._node: Node | None = None
        self._count = 0

    @classmethod
    def empty(cls) -> Tree:
        """The tree without keys."""
        return cls()

    @classmethod
    def of(cls, entries: Mapping[bytes, bytes]) -> Tree:
        """A tree with exactly these keys; far faster than one `put` after another."""
        return cls().apply(entries)

    @property
    def root(self) -> bytes:
        """The state commitment, 32 bytes. Cost: none, it is kept."""
        return EMPTY_ROOT if self._node is None else self._node[0]

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.root == other.root

    def __hash__(self) -> int:
        return int.from_bytes(self.root[:8], "big")

    def __repr__(self) -> str:
        return f"Tree({self._count} keys, root {self.root.hex()[:16]})"

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None. Cost: one hash and a walk of about log2(n) steps."""
        path = key_path(key)
        node, _ = _descend(self._node, path)
        return node[3] if node is not None and node[1] == path else None

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every raw key with its value, in path order, which looks random but is the same everywhere."""
        for _, _, key, value in _leaves(self._node):
            yield key, value

    # -- updates ---------------------------------------------------------------------------------------------------------------

    def put(self, key: bytes, value: bytes) -> Tree:
        """The tree in which `key` has `value`.

        Args:
            key: 1 to MAX_KEY_BYTES.
            value: 1 to MAX_VALUE_BYTES; never empty, because ICS 23 cannot tell empty from absent.

        Raises:
            StateKeyError: a length is out of range.

        Cost: about log2(n) + 3 hashes.
        """
        node, grown = _put(self._node, _leaf(key, value))
        return self._with(node, self._count + grown)

    def delete(self, key: bytes) -> Tree:
        """The tree without `key`; the very same tree when it was not there."""
        path = key_path(key)
        leaf, trail = _descend(self._node, path)
        if leaf is None or leaf[1] != path:
            return self
        return self._with(_rebuild(None, trail, path), self._count - 1)

    def put_many(self, entries: Mapping[bytes, bytes]) -> Tree:
        """As one `put` after another, but shared steps are hashed once."""
        return self.apply(entries)

    def apply(self, changes: Mapping[bytes, bytes | None]) -> Tree:
        """The tree after many changes at once: a value is put, None deletes.

        Raises:
            StateKeyError: a length is out of range; nothing was changed.

        Cost: as `put`, less what the changes share.
        """
        leaves = [_leaf(key, value) for key, value in changes.items() if value is not None]
        leaves.sort(key=lambda leaf: leaf[1])
        merge = _Merge(leaves)
        tree = self._with(merge.run(self._node), self._count + merge.grown)
        for key, value in changes.items():
            if value is None:
                tree = tree.delete(key)
        return tree

    def _with(self, node: Node | None, count: int) -> Tree:
        tree = Tree()
        tree._node, tree._count = node, count
        return tree

    # -- proofs ----------------------------------------------------------------------------------------------------------------

    def prove(self, key: bytes, *, hashed: bool = False) -> ExistenceProof | NonExistenceProof:
        """Proof that `key` has its value, or that it has none.

        Args:
            key: the raw key.
            hashed: make the variant for outsiders, checked under `SMT_HASHED_SPEC` with `key_path(key)` as the key. Without it
                the spec is `SMT_SPEC` and the key is raw.

        Raises:
            EmptyTreeError: the tree has no keys, so there are no neighbours to prove absence with.

        Leaks: for absence, both neighbours' values, and their raw keys unless `hashed`.
        """
        path = key_path(key)
        leaf, trail = _descend(self._node, path)
        if leaf is not None and leaf[1] == path:
            return _existence(leaf, trail, path, hashed)
        left, right = _neighbours(leaf, trail, path)
        if left is None and right is None:
            raise EmptyTreeError()
        return NonExistenceProof(
            key=path if hashed else key,
            left=None if left is None else _existence(left, _descend(self._node, left[1])[1], left[1], hashed),
            right=None if right is None else _existence(right, _descend(self._node, right[1])[1], right[1], hashed),
        )


# -- nodes ---------------------------------------------------------------------------------------------------------------------


def _leaf(key: bytes, value: bytes) -> Leaf:
    if not 0 < len(key) <= MAX_KEY_BYTES:
        raise StateKeyError(reason=f"a key of {len(key)} bytes, must be 1 to {MAX_KEY_BYTES}")
    if not 0 < len(value) <= MAX_VALUE_BYTES:
        raise StateKeyError(reason=f"a value of {len(value)} bytes, must be 1 to {MAX_VALUE_BYTES}")
    path = sha256(key).digest()
    return (sha256(b"\x00" + path + sha256(value).digest()).digest(), path, key, value)


def _join(left: Node | None, right: Node | None) -> Node | None:
    """The subtree over two children; a lone leaf moves up."""
    if left is None:
        if right is None or len(right) == 4:
            return right
        return (sha256(b"\x01" + EMPTY_ROOT + right[0]).digest(), None, right)
    if right is None:
        if len(left) == 4:
            return left
        return (sha256(b"\x01" + left[0] + EMPTY_ROOT).digest(), left, None)
    return (sha256(b"\x01" + left[0] + right[0]).digest(), left, right)


def _descend(node: Node | None, path: bytes) -> tuple[Leaf | None, list[Node | None]]:
    """Walk towards `path`: the leaf (perhaps another one) or None where the way ends, and the siblings passed, from the top."""
    bits, mask = int.from_bytes(path, "big"), _TOP_BIT
    siblings: list[Node | None] = []
    while node is not None and len(node) == 3:
        if bits & mask:
            siblings.append(node[1])
            node = node[2]
        else:
            siblings.append(node[2])
            node = node[1]
        mask >>= 1
    return node, siblings


def _rebuild(node: Node | None, siblings: list[Node | None], path: bytes) -> Node | None:
    """The root after the end of the way to `path` became `node`."""
    bits, mask = int.from_bytes(path, "big"), _TOP_BIT >> len(siblings)
    for sibling in reversed(siblings):
        mask <<= 1
        node = _join(sibling, node) if bits & mask else _join(node, sibling)
    return node


def _put(root: Node | None, leaf: Leaf) -> tuple[Node | None, bool]:
    """The root with `leaf` in it, and whether its path is new."""
    path = leaf[1]
    found, siblings = _descend(root, path)
    if found is None:
        return _rebuild(leaf, siblings, path), True
    if found[1] == path:
        return _rebuild(leaf, siblings, path), False
    # Two leaves below one another: go down to where their paths part.
    shared = 256 - (int.from_bytes(path, "big") ^ int.from_bytes(found[1], "big")).bit_length()
    siblings += [None] * (shared - len(siblings))
    siblings.append(found)
    return _rebuild(leaf, siblings, path), True


def _leaves(node: Node | None) -> Iterator[Leaf]:
    stack = [node]
    while stack:
        top = stack.pop()
        if top is None:
            continue
        if len(top) == 4:
            yield top
        else:
            stack.append(top[2])
            stack.append(top[1])


class _Merge:
    """Puts many leaves into a tree, hashing every touched inner node once."""

    def __init__(self, leaves: list[Leaf]) -> None:
        self._leaves = leaves
        self._bits = [int.from_bytes(leaf[1], "big") for leaf in leaves]
        self.grown = 0

    def run(self, root: Node | None) -> Node | None:
        return self._into(root, 0, len(self._leaves), 255)

    def _into(self, node: Node | None, low: int, high: int, bit: int) -> Node | None:
        """`node` with leaves low..high in it; all of them share the bits above `bit` with it. Recursion: 256 deep at most."""
        if low == high:
            return node
        if node is not None and len(node) == 4:
            return self._onto_leaf(node, low, high, bit)
        if high - low == 1 and node is None:
            self.grown += 1
            return self._leaves[low]
        # The first leaf that goes right is where a key with this bit set and zeros below would stand.
        middle = bisect_left(self._bits, (self._bits[low] >> bit | 1) << bit, low, high)
        left, right = (None, None) if node is None else (node[1], node[2])
        return _join(self._into(left, low, middle, bit - 1), self._into(right, middle, high, bit - 1))

    def _onto_leaf(self, leaf: Leaf, low: int, high: int, bit: int) -> Node | None:
        """A leaf is in the way: it is replaced, or goes in together with the new ones."""
        bits = int.from_bytes(leaf[1], "big")
        at = bisect_left(self._bits, bits, low, high)
        if at < high and self._bits[at] == bits:
            self.grown -= 1
            return self._into(None, low, high, bit)
        middle = bisect_left(self._bits, (self._bits[low] >> bit | 1) << bit, low, high)
        left, right = (None, leaf) if bits >> bit & 1 else (leaf, None)
        return _join(self._into(left, low, middle, bit - 1), self._into(right, middle, high, bit - 1))


# -- proofs --------------------------------------------------------------------------------------------------------------------


def _existence(leaf: Leaf, siblings: Iterable[Node | None], path: bytes, hashed: bool) -> ExistenceProof:
    steps = []
    for depth, sibling in enumerate(siblings):
        other = EMPTY_ROOT if sibling is None else sibling[0]
        if path[depth >> 3] >> (7 - (depth & 7)) & 1:
            steps.append(InnerOp(hash=HashOp.SHA256, prefix=b"\x01" + other))
        else:
            steps.append(InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=other))
    spec = SMT_HASHED_SPEC if hashed else SMT_SPEC
    return ExistenceProof(key=path if hashed else leaf[2], value=leaf[3], leaf=spec.leaf, path=tuple(reversed(steps)))


def _neighbours(found: Leaf | None, siblings: list[Node | None], path: bytes) -> tuple[Leaf | None, Leaf | None]:
    """The leaves just left and just right of an absent path."""
    left = found if found is not None and found[1] < path else None
    right = found if found is not None and found[1] > path else None
    for depth in reversed(range(len(siblings))):
        sibling = siblings[depth]
        goes_right = path[depth >> 3] >> (7 - (depth & 7)) & 1
        if sibling is None:
            continue
        if goes_right and left is None:
            left = _edge(sibling, last=True)
        elif not goes_right and right is None:
            right = _edge(sibling, last=False)
    return left, right


def _edge(node: Node, *, last: bool) -> Leaf:
    """The first or last leaf of a subtree."""
    while len(node) == 3:
        _, left, right = node
        node = _some(right, left) if last else _some(left, right)
    return node


def _some(wanted: Node | None, other: Node | None) -> Node:
    child = other if wanted is None else wanted
    assert child is not None, "an inner node has at least one child"
    return child
