"""Shared values as a node holds them, and everything about them that needs no messages.

    Ring      numbers modulo 2^64        x = x_0 + x_1 + x_2          shares (2, *shape)
    Words     64-bit words               x = x_0 ^ x_1 ^ x_2          shares (2, n)
    Planes    w-bit words, bit-sliced    the same, plane by plane     shares (2, w, ceil(n/64))

Row 0 is the node's own part x_i, row 1 the next node's part x_{i+1}. Plane 0 holds the least significant bits; element j is
bit j % 64 of word j // 64. What stands beyond the last element is arbitrary (an opening hides it), but the same at both holders
of a part: malicious mode proves whole words.

All of it is linear: what is computed here is computed part by part, costs no round, and shows nothing to anybody. Shares are
never changed in place. Source: Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, ePrint 2016/768, section 2, in the replicated
form of Mohassel, Rindal, CCS 2018, ePrint 2018/403.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.primitives import replicated
from atoll.protocols.mpc.errors import ShapesDiffer

Words64: TypeAlias = NDArray[np.uint64]

MODULUS = 1 << 64
WORD_BITS = 64


def as_ring(values: int | NDArray[Any]) -> Words64:
    """Integers, negative ones too, or truth values as residues modulo 2^64.

    Raises:
        TypeError: they are none; what a fraction or a NaN would become is nobody's guess.
    """
    if isinstance(values, int):
        return np.array(values % MODULUS, dtype=np.uint64)
    if values.dtype.kind not in "iubO":
        raise TypeError(f"integers are shared, not {values.dtype}")
    return values.astype(np.uint64, copy=False) if values.dtype != object else (values % MODULUS).astype(np.uint64)


def word_count(count: int) -> int:
    """64-bit words that hold one plane of `count` elements."""
    return -(-count // WORD_BITS)


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """Additive shares of numbers modulo 2^64."""

    shares: Words64 = field(repr=False)
    """(2, *shape)"""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the shared array."""
        return self.shares.shape[1:]

    @property
    def size(self) -> int:
        """Number of shared elements."""
        return int(self.shares[0].size)

    def __add__(self, other: Ring) -> Ring:
        return Ring(self.shares + self._fitting(other))

    def __sub__(self, other: Ring) -> Ring:
        return Ring(self.shares - self._fitting(other))

    def __neg__(self) -> Ring:
        return Ring(np.negative(self.shares))

    def __mul__(self, factor: int | NDArray[Any]) -> Ring:
        """Times public integers, one or an array that broadcasts."""
        return Ring(self.shares * as_ring(factor))

    def plus_public(self, me: int, values: int | NDArray[Any]) -> Ring:
        """Plus public integers that broadcast: part 0 carries them, which nodes 0 and 2 hold."""
        added = as_ring(values)
        shares = self.shares if added.ndim <= len(self.shape) else np.broadcast_to(self.shares, (2, *added.shape))
        shares = shares.copy()
        if me != 1:
            row = row_of_part(me, 0)
            shares[row : row + 1] += added  # a slice: single numbers would warn that they wrap
        return Ring(shares)

    def __getitem__(self, index: Any) -> Ring:
        """As numpy's; views stay views."""
        index = index if isinstance(index, tuple) else (index,)
        return Ring(self.shares[(slice(None), *index)])

    def reshape(self, *shape: int) -> Ring:
        """As numpy's."""
        return Ring(self.shares.reshape(2, *shape))

    def sum(self, axis: int | None = None) -> Ring:
        """Sum over one axis of the shared array, or over all."""
        if axis is None:
            return Ring(self.shares.reshape(2, -1).sum(axis=1, dtype=np.uint64))
        return Ring(self.shares.sum(axis=axis + 1 if axis >= 0 else axis, dtype=np.uint64))

    def _fitting(self, other: Ring) -> Words64:
        if other.shape != self.shape:
            raise ShapesDiffer(first=self.shape, second=other.shape)
        return other.shares


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """XOR shares of 64-bit words."""

    shares: Words64 = field(repr=False)
    """(2, n)"""

    def __len__(self) -> int:
        return int(self.shares.shape[1])

    def __xor__(self, other: Words) -> Words:
        return Words(self.shares ^ other.shares)

    def __getitem__(self, index: slice | Words64) -> Words:
        return Words(self.shares[:, index])

    def to_planes(self, width: int = WORD_BITS) -> Planes:
        """The low `width` bits, bit-sliced; local."""
        return Planes(replicated.to_planes(self.shares, width), len(self))


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """XOR shares of `count` words of w bits, bit-sliced."""

    planes: Words64 = field(repr=False)
    """(2, w, ceil(count / 64))"""
    count: int

    @property
    def width(self) -> int:
        """Bits of an element."""
        return int(self.planes.shape[1])

    def __len__(self) -> int:
        return self.count

    def __xor__(self, other: Planes) -> Planes:
        if (other.planes.shape, other.count) != (self.planes.shape, self.count):
            raise ShapesDiffer(first=(self.width, self.count), second=(other.width, other.count))
        return Planes(self.planes ^ other.planes, self.count)

    def inverted(self, me: int) -> Planes:
        """Every bit flipped: part 0 carries it, which nodes 0 and 2 hold."""
        planes = self.planes.copy()
        if me != 1:
            row = row_of_part(me, 0)
            planes[row] = ~planes[row]
        return Planes(planes, self.count)

    def split(self) -> SplitPlanes:
        """Both parts apart; no copy."""
        return SplitPlanes(self.planes[0], self.planes[1], self.count)

    def bits(self, low: int, high: int | None = None) -> Planes:
        """The planes `low` to `high` - 1, or the plane `low` alone; no copy."""
        return Planes(self.planes[:, low : low + 1 if high is None else high], self.count)

    def part(self, rows: slice) -> Planes:
        """Some elements; the slice starts at a multiple of 64 and has no step."""
        start, stop, _ = rows.indices(self.count)
        if start % WORD_BITS:
            raise ValueError("planes are cut between words")
        return Planes(self.planes[:, :, start // WORD_BITS : word_count(stop)], max(stop - start, 0))

    def to_words(self) -> Words:
        """One 64-bit word an element, zeros above the width; local."""
        return Words(replicated.to_words(self.planes, self.count))


@dataclass(frozen=True, slots=True, eq=False)
class SplitPlanes:
    """As `Planes`, each part an array of its own: what the inputs of a circuit need to be. Zeros need not be written down."""

    own: Words64 = field(repr=False)
    """(w, ceil(count / 64)), this node's own part."""
    following: Words64 = field(repr=False)
    """The next node's own part."""
    count: int

    @property
    def width(self) -> int:
        """Bits of an element."""
        return int(self.own.shape[0])

    def together(self) -> Planes:
        """The same in one array."""
        return Planes(np.stack((self.own, self.following)), self.count)


def row_of_part(me: int, part: int) -> int:
    """In which row node `me` holds part `part`; it must hold it."""
    row = (part - me) % 3
    if row > 1:
        raise ValueError(f"node {me} does not hold part {part}")
    return row


def public_ring(me: int, values: int | NDArray[Any]) -> Ring:
    """Shares of what everybody knows: part 0 is the value, the others are zero."""
    known = as_ring(values)
    return known_ring(me, 0, known if me != 1 else None, known.shape)


def known_ring(me: int, part: int, values: Words64 | None, shape: tuple[int, ...]) -> Ring:
    """Shares of what the two holders of `part` know: that part is the value, the others are zero.

    Args:
        values: given by the two holders, None at the third node.
    """
    shares = np.zeros((2, *shape), dtype=np.uint64)
    if values is not None:
        shares[row_of_part(me, part)] = values
    return Ring(shares)


def known_planes(me: int, part: int, planes: Words64 | None, width: int, count: int) -> Planes:
    """As `known_ring`, for bits; `planes` is (width, ceil(count / 64))."""
    shares = np.zeros((2, width, word_count(count)), dtype=np.uint64)
    if planes is not None:
        shares[row_of_part(me, part)] = planes
    return Planes(shares, count)


def known_split(me: int, part: int, planes: Words64 | None, width: int, count: int) -> SplitPlanes:
    """As `known_planes`; nothing is copied, and the zeros are one row that is seen `width` times."""
    zeros = zero_planes(width, count)
    if planes is None:
        return SplitPlanes(zeros, zeros, count)
    return SplitPlanes(zeros, planes, count) if row_of_part(me, part) else SplitPlanes(planes, zeros, count)


def zero_planes(width: int, count: int) -> Words64:
    """A part that is zero, (width, ceil(count / 64)), to be read only."""
    return np.broadcast_to(np.zeros(word_count(count), np.uint64), (width, word_count(count)))


def public_planes(me: int, values: Words64, width: int) -> Planes:
    """Shares of words that everybody knows, bit-sliced; only their low `width` bits."""
    planes = replicated.to_planes(np.ascontiguousarray(values), width) if me != 1 else None
    return known_planes(me, 0, planes, width, len(values))


def join_rings(parts: Sequence[Ring], axis: int = 0) -> Ring:
    """One array of several, as numpy's concatenate."""
    return parts[0] if len(parts) == 1 else Ring(np.concatenate([part.shares for part in parts], axis=axis + 1))


def stack_rings(parts: Sequence[Ring]) -> Ring:
    """Arrays of one shape as the rows of a new first axis."""
    return Ring(np.stack([part.shares for part in parts], axis=1))


def join_planes(parts: Sequence[Planes]) -> Planes:
    """One column of several; all but the last have a multiple of 64 elements."""
    if len(parts) == 1:
        return parts[0]
    if any(len(part) % WORD_BITS for part in parts[:-1]):
        raise ValueError("planes are joined between words")
    return Planes(np.concatenate([part.planes for part in parts], axis=2), sum(map(len, parts)))


def stack_planes(parts: Sequence[Planes]) -> Planes:
    """One wider element of several of the same column: the first one's bits are the least significant."""
    if len({len(part) for part in parts}) > 1:
        raise ShapesDiffer(first=len(parts[0]), second=next(len(part) for part in parts if len(part) != len(parts[0])))
    return Planes(np.concatenate([part.planes for part in parts], axis=1), len(parts[0]))
