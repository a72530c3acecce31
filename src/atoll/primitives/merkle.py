"""The log's Merkle tree: append-only, with proofs that an entry is in it and that it only ever grew.

Hashes, tree shape and proofs are those of RFC 6962 section 2.1, the same as RFC 9162 section 2.1 and CometBFT's
`crypto/merkle`:

    leaf  = SHA-256(0x00 || entry)        root of no leaves = SHA-256("")
    node  = SHA-256(0x01 || left || right), the left child holding the largest power of two of leaves below the size

All proofs here are one thing, a *subtree proof*: that the leaves [start, end) with a known root lie at these places in a tree
with a known root. Inclusion is the case end = start + 1, consistency the case start = 0. Subtrees and their proofs are those of
draft-ietf-plants-merkle-tree-certs, sections 4.1, 4.3 and 4.4, which C2SP tlog-witness uses too.

`Frontier` keeps O(log n) hashes and knows the newest root only; `MerkleTree` keeps everything and answers for any size it had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from atoll.primitives.errors import MerkleProofError, MerkleRangeError

HASH_BYTES = 32
MAX_SIZE = (1 << 63) - 1
"""Largest size of a log; C2SP tlog-cosignature and Go's `int64` readers share it."""
MAX_PROOF_HASHES = 64

EMPTY_ROOT = sha256(b"").digest()
"""Root of the log before its first entry."""

NodeReader = Callable[[int, int], bytes]
"""`(level, index) -> hash` of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one log entry, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node over its two children, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


# -- where a proof's hashes go -------------------------------------------------------------------------------------------------


class _Side(Enum):
    """Where one proof hash stands, seen from the known subtree on its way up to the root."""

    RIGHT = "right of it, only in the larger tree"
    LEFT_OUTSIDE = "left of it, only in the larger tree"
    LEFT_INSIDE = "left of it, and part of the known subtree as well"


@dataclass(frozen=True, slots=True)
class _Route:
    """The way from the root of a tree of `size` down to a subtree, as one sibling range for each step."""

    steps: tuple[tuple[_Side, int, int], ...]
    """From the root downwards: side, first leaf, leaf past the last."""
    seed: tuple[int, int]
    """The last complete piece of the subtree, where the way ends."""
    seed_is_known: bool
    """Whether that is the whole subtree, so that its hash need not be sent."""


def _route(start: int, end: int, size: int) -> _Route:
    """SUBTREE_SUBPROOF of the draft, section 4.4.1, unrolled; at most 63 steps."""
    steps: list[tuple[_Side, int, int]] = []
    base, seed_is_known = 0, True
    while (start, end) != (0, size):
        split = 1 << ((size - 1).bit_length() - 1)  # the largest power of two below size
        if end <= split:
            steps.append((_Side.RIGHT, base + split, base + size))
            size = split
            continue
        if start >= split:
            steps.append((_Side.LEFT_OUTSIDE, base, base + split))
            start -= split
        else:  # the subtree spans the split; its alignment makes start zero here
            steps.append((_Side.LEFT_INSIDE, base, base + split))
            seed_is_known = False
        base, end, size = base + split, end - split, size - split
    return _Route(tuple(steps), (base, base + size), seed_is_known)


def is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) is a subtree: start is a multiple of the smallest power of two that is no less than its length."""
    length = end - start
    return 0 <= start <= end <= MAX_SIZE and start % (1 << max(length - 1, 0).bit_length()) == 0


# -- verifying -----------------------------------------------------------------------------------------------------------------


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is entry `index` of the log of `size` entries with `root`.

    Args:
        leaf: the entry's leaf hash, never the entry itself.
        index: zero-based, below `size`.
        proof: sibling hashes from the leaf upwards.
        root: of the same verified checkpoint as `size`; a proof alone fits several sizes.

    Raises:
        MerkleProofError: it does not hold.

    Cost: at most 63 hashes. Source: RFC 6962 section 2.1.1.
    """
    if not 0 <= index < size:
        raise MerkleProofError(reason=f"index {index} is not below the size {size}")
    _verify(leaf, index, index + 1, size, proof, root)


def verify_consistency(*, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the log of `new_size` entries begins with the very entries of the log of `old_size`.

    Each size comes from the same verified checkpoint as its root; a proof alone fits several sizes.

    Raises:
        MerkleProofError: it does not hold, or `old_size` is 0: every log begins with nothing, so there is nothing to prove.

    Cost: at most 126 hashes. Source: RFC 6962 section 2.1.2.
    """
    if not 0 < old_size <= new_size:
        raise MerkleProofError(reason=f"no proof leads from size {old_size} to size {new_size}")
    if old_size == new_size:
        if proof:
            raise MerkleProofError(reason="equal sizes need no hashes")
        if old_root != new_root:
            raise MerkleProofError(reason="one size with two roots is a split view")
        return
    _verify(old_root, 0, old_size, new_size, proof, new_root)


def verify_subtree_inclusion(*, leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is entry `index` of the log, given the `root` of its subtree [start, end).

    Raises:
        MerkleProofError: it does not hold.

    Source: draft-ietf-plants-merkle-tree-certs section 4.3.
    """
    if not is_subtree(start, end):
        raise MerkleProofError(reason=f"[{start}, {end}) is not a subtree")
    verify_inclusion(leaf=leaf, index=index - start, size=end - start, proof=proof, root=root)


def verify_subtree_consistency(
    *, start: int, end: int, subtree_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the leaves [start, end) with `subtree_root` are those of the log of `size` entries with `root`.

    An empty subtree is part of any log, whatever its root, without proof.

    Raises:
        MerkleProofError: it does not hold.

    Source: draft-ietf-plants-merkle-tree-certs section 4.4.
    """
    if not is_subtree(start, end) or end > size:
        raise MerkleProofError(reason=f"[{start}, {end}) is not a subtree of a log of {size} entries")
    if start == end:
        if proof or subtree_root != EMPTY_ROOT:
            raise MerkleProofError(reason="an empty subtree has the empty root and an empty proof")
        return
    _verify(subtree_root, start, end, size, proof, root)


def _verify(known: bytes, start: int, end: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    if size > MAX_SIZE:
        raise MerkleProofError(reason=f"the size {size} is larger than {MAX_SIZE}")
    route = _route(start, end, size)
    expected = len(route.steps) + (not route.seed_is_known)
    if len(proof) != expected:
        raise MerkleProofError(reason=f"{len(proof)} hashes instead of {expected}")
    if any(len(node) != HASH_BYTES for node in (known, *proof)):
        raise MerkleProofError(reason="a hash is not 32 bytes long")
    siblings = iter(proof)
    seed = known if route.seed_is_known else next(siblings)
    subtree = whole = seed
    for (side, _, _), sibling in zip(reversed(route.steps), siblings, strict=True):
        if side is _Side.RIGHT:
            whole = node_hash(whole, sibling)
        else:
            whole = node_hash(sibling, whole)
            if side is _Side.LEFT_INSIDE:
                subtree = node_hash(sibling, subtree)
    if subtree != known:
        raise MerkleProofError(reason="the hashes do not lead to the smaller tree's root")
    if whole != root:
        raise MerkleProofError(reason="the hashes do not lead to the root")


# -- proving, from any store of complete nodes ---------------------------------------------------------------------------------


def range_root(read: NodeReader, start: int, end: int) -> bytes:
    """Root over the leaves [start, end), which must be a subtree. Cost: at most 63 reads and 62 hashes."""
    if start == end:
        return EMPTY_ROOT
    root = b""
    while end > start:
        # The rightmost complete piece has as many leaves as the lowest set bit of the length says.
        level = ((end - start) & (start - end)).bit_length() - 1
        piece = read(level, (end - 1) >> level)
        root = node_hash(piece, root) if root else piece
        end -= 1 << level
    return root


def prove_inclusion(read: NodeReader, index: int, size: int) -> list[bytes]:
    """Sibling hashes from entry `index` upwards, in the log of `size` entries; at most 63.

    Raises:
        MerkleRangeError: `index` is not below `size`.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise MerkleRangeError(reason=f"index {index} in a log of {size} entries")
    return _prove(read, index, index + 1, size)


def prove_consistency(read: NodeReader, old_size: int, new_size: int) -> list[bytes]:
    """Hashes that lead from the root of `old_size` to that of `new_size`; at most 64, none when the sizes are equal.

    Raises:
        MerkleRangeError: not 1 <= old_size <= new_size.
    """
    if not 0 < old_size <= new_size <= MAX_SIZE:
        raise MerkleRangeError(reason=f"growth from {old_size} to {new_size} entries")
    return _prove(read, 0, old_size, new_size)


def prove_subtree(read: NodeReader, start: int, end: int, size: int) -> list[bytes]:
    """Hashes that lead from the root of the non-empty subtree [start, end) to that of the log of `size` entries.

    Raises:
        MerkleRangeError: [start, end) is not a subtree, or not within `size`.
    """
    if not is_subtree(start, end) or start == end or not end <= size <= MAX_SIZE:
        raise MerkleRangeError(reason=f"[{start}, {end}) is not a subtree of a log of {size} entries")
    return _prove(read, start, end, size)


def _prove(read: NodeReader, start: int, end: int, size: int) -> list[bytes]:
    route = _route(start, end, size)
    proof = [] if route.seed_is_known else [range_root(read, *route.seed)]
    proof += [range_root(read, first, past) for _, first, past in reversed(route.steps)]
    return proof


# -- growing -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a log: what it takes to append and to know the root. A value: appending makes a new one."""

    size: int = 0
    """Number of entries."""
    peaks: tuple[bytes, ...] = ()
    """Roots of the complete subtrees that the size's set bits stand for, largest first."""

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.peaks) != self.size.bit_count():
            raise MerkleRangeError(reason=f"{len(self.peaks)} peaks for {self.size} entries")
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise MerkleRangeError(reason="a peak is not 32 bytes long")

    @property
    def root(self) -> bytes:
        """Root over all entries. Cost: one hash less than there are peaks."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return root

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after these leaf hashes. Cost: one hash a leaf, in the long run."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            peak, carry = leaf, size
            while carry & 1:
                peak = sha256(b"\x01" + peaks.pop() + peak).digest()
                carry >>= 1
            peaks.append(peak)
            size += 1
        return Frontier(size, tuple(peaks))

    def append(self, leaf: bytes) -> Frontier:
        """The frontier after one more leaf hash."""
        return self.extend((leaf,))


class MerkleTree:
    """A whole log in memory: 64 bytes an entry, every root and proof it ever had.

    Levels are flat byte strings: level 0 holds leaf hashes, level k the hashes of complete subtrees of 2^k leaves.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> int:
        """Add one leaf hash; returns its index. Cost: one hash, in the long run.

        Raises:
            MerkleRangeError: the leaf hash is not 32 bytes long.
        """
        if len(leaf) != HASH_BYTES:
            raise MerkleRangeError(reason="a leaf hash is not 32 bytes long")
        index = carry = self.size
        height, level = 0, self._levels[0]
        level += leaf
        while carry & 1:  # the new node completes a pair
            node = sha256(b"\x01" + level[-2 * HASH_BYTES :]).digest()
            height, carry = height + 1, carry >> 1
            if height == len(self._levels):
                self._levels.append(bytearray())
            level = self._levels[height]
            level += node
        return index

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order; several at a time cost less than one by one.

        Raises:
            MerkleRangeError: a leaf hash is not 32 bytes long; none was added.
        """
        added = list(leaves)
        if any(len(leaf) != HASH_BYTES for leaf in added):
            raise MerkleRangeError(reason="a leaf hash is not 32 bytes long")
        height, level = 0, self._levels[0]
        level += b"".join(added)
        while len(level) >= 2 * HASH_BYTES:
            height += 1
            if height == len(self._levels):
                self._levels.append(bytearray())
            above = self._levels[height]
            # Two neighbours lie side by side, so a node's input is one slice of the level below.
            pairs = range(2 * len(above), len(level) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES)
            if not pairs:
                return
            above += b"".join([sha256(b"\x01" + level[at : at + 64]).digest() for at in pairs])
            level = above

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level); a `NodeReader`."""
        return self.nodes(level, index, 1)

    def nodes(self, level: int, index: int, count: int) -> bytes:
        """`count` neighbouring hashes of a level, joined; what a tile is made of.

        Raises:
            MerkleRangeError: the tree is not that large yet.
        """
        at, past = index * HASH_BYTES, (index + count) * HASH_BYTES
        if not (0 <= level < len(self._levels) and 0 <= at <= past <= len(self._levels[level])):
            raise MerkleRangeError(reason=f"node {index + count - 1} of level {level} in a log of {self.size} entries")
        return bytes(self._levels[level][at:past])

    def root(self, size: int | None = None) -> bytes:
        """Root over the first `size` entries, or over all."""
        return range_root(self.node, 0, self._passed(size))

    def frontier(self, size: int | None = None) -> Frontier:
        """The frontier as it was at `size`, or as it is."""
        size = self._passed(size)
        levels = [level for level in range(size.bit_length())[::-1] if size >> level & 1]
        return Frontier(size, tuple(self.node(level, (size >> level) - 1) for level in levels))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """As `prove_inclusion`."""
        return prove_inclusion(self.node, index, self._passed(size))

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """As `prove_consistency`."""
        return prove_consistency(self.node, old_size, self._passed(new_size))

    def _passed(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise MerkleRangeError(reason=f"size {size} of a log of {self.size} entries")
        return size
