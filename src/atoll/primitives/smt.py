"""The state tree: a sparse Merkle tree over key hashes that never changes; every update makes a new tree and shares the rest.

    path  = SHA-256(raw key), most significant bit first, 0 = left
    leaf  = SHA-256(0x00 || path || SHA-256(value))
    inner = SHA-256(0x01 || left || right); an empty child counts as 32 zero bytes
    a subtree with exactly one leaf *is* that leaf; the empty tree's root is 32 zero bytes

This is the layout of ICS 23's `SmtSpec`, so foreign libraries verify what `Tree.prove` returns, presence and absence alike
(`atoll.primitives.ics23`). The root depends on the content alone, never on the order of updates. Because a tree is a value, the
state at an old height is the old `Tree` object, a failed transaction is one nobody keeps, and taking either costs nothing.

The work is done in `rust/core/src/state_tree`. A path has about log2(n) + 1.4 steps: 21 on average at a million keys. Beside
the tree stands an index of the raw keys in their own order, which no hash covers; it serves walks over one namespace. Memory:
about 350 bytes a key besides the key and its value; an old tree costs only what has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

from atoll import _core
from atoll.primitives.errors import EmptyTreeError, StateKeyError
from atoll.primitives.ics23 import SMT_HASHED_SPEC, SMT_SPEC
from atoll.primitives.ics23_ops import ExistenceProof, HashOp, InnerOp, NonExistenceProof

EMPTY_ROOT = bytes(32)
"""Root of a tree without keys, and the hash of every empty child."""
MAX_KEY_BYTES = 1024
MAX_VALUE_BYTES = 64_000
"""As large as a transaction can be."""
PAGE_KEYS = 512
"""Keys that are brought out of the core at a time."""
LOADED_KEYS = 100_000
"""Keys that go into the core at a time while a tree is loaded."""

_Leaf: TypeAlias = tuple[bytes, bytes, bytes, list[bytes]]
"""Path, raw key, value, and the siblings' hashes from the root downwards."""


def key_path(key: bytes) -> bytes:
    """Where a raw key lives: its SHA-256. This is the "key" of the hashed proof variant."""
    return sha256(key).digest()


class Tree:
    """An immutable map from raw keys to values with a root hash. Equal content, equal root."""

    __slots__ = ("_tree",)

    def __init__(self) -> None:
        """The empty tree."""
        self._tree = _core.StateTree()

    @classmethod
    def empty(cls) -> Tree:
        """The tree without keys."""
        return cls()

    @classmethod
    def of(cls, entries: Mapping[bytes, bytes]) -> Tree:
        """A tree with exactly these keys; far faster than one `put` after another."""
        return cls().apply(entries)

    @classmethod
    def load(cls, entries: Iterable[tuple[bytes, bytes]]) -> Tree:
        """A tree with exactly these keys, however many; they need not be in memory at once.

        Raises:
            StateKeyError: a length is out of range.
        """
        tree = cls()
        rest = iter(entries)
        while some := list(islice(rest, LOADED_KEYS)):
            tree = tree._apply(some, [])
        return tree

    @property
    def root(self) -> bytes:
        """The state commitment, 32 bytes. Cost: none, it is kept."""
        return self._tree.root

    def __len__(self) -> int:
        return len(self._tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.root == other.root

    def __hash__(self) -> int:
        return int.from_bytes(self.root[:8], "big")

    def __repr__(self) -> str:
        return f"Tree({len(self)} keys, root {self.root.hex()[:16]})"

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None. Cost: one hash and a walk of about log2(n) steps."""
        return self._tree.get(key)

    def items(self, prefix: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Every raw key that begins with `prefix`, with its value, in the keys' order. Cost: that of the keys it gives."""
        after = None
        while page := self._tree.page(prefix, after, PAGE_KEYS):
            yield from page
            after = page[-1][0]

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
        return self._apply([(key, value)], [])

    def delete(self, key: bytes) -> Tree:
        """The tree without `key`; the very same tree when it was not there."""
        return self if self.get(key) is None else self._apply([], [key])

    def put_many(self, entries: Mapping[bytes, bytes]) -> Tree:
        """As one `put` after another, but shared steps are hashed once."""
        return self.apply(entries)

    def apply(self, changes: Mapping[bytes, bytes | None]) -> Tree:
        """The tree after many changes at once: a value is put, None deletes.

        Raises:
            StateKeyError: a length is out of range; nothing was changed.

        Cost: as `put`, less what the changes share.
        """
        puts = [(key, value) for key, value in changes.items() if value is not None]
        return self._apply(puts, [key for key, value in changes.items() if value is None])

    def _apply(self, puts: list[tuple[bytes, bytes]], deletes: list[bytes]) -> Tree:
        for key, value in puts:
            if not 0 < len(key) <= MAX_KEY_BYTES:
                raise StateKeyError(reason=f"a key of {len(key)} bytes, must be 1 to {MAX_KEY_BYTES}")
            if not 0 < len(value) <= MAX_VALUE_BYTES:
                raise StateKeyError(reason=f"a value of {len(value)} bytes, must be 1 to {MAX_VALUE_BYTES}")
        tree = Tree()
        tree._tree = self._tree.apply(puts, deletes)
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
        match self._tree.prove(path):
            case (leaf,):
                return _existence(leaf, hashed)
            case (None, None):
                raise EmptyTreeError()
            case (left, right):
                return NonExistenceProof(
                    key=path if hashed else key,
                    left=None if left is None else _existence(left, hashed),
                    right=None if right is None else _existence(right, hashed),
                )


def _existence(leaf: _Leaf, hashed: bool) -> ExistenceProof:
    path, key, value, siblings = leaf
    bits = int.from_bytes(path, "big") >> (256 - len(siblings))
    steps = []
    for sibling in reversed(siblings):
        if bits & 1:
            steps.append(InnerOp(hash=HashOp.SHA256, prefix=b"\x01" + sibling))
        else:
            steps.append(InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=sibling))
        bits >>= 1
    spec = SMT_HASHED_SPEC if hashed else SMT_SPEC
    return ExistenceProof(key=path if hashed else key, value=value, leaf=spec.leaf, path=tuple(steps))
