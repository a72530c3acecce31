"""How columns come in from owners and results go out to receivers.

**In.** An owner splits a column into three parts. Parts 0 and 1 come from keys, part 2 is what is left:

    to node 0: keys 0 and 1        to node 1: key 1, part 2        to node 2: key 0, part 2

so an owner sends each number twice. Each part now lies at two nodes, who compare its digest before anything is computed: an
owner that gives them different ones, or a node that says so, is noticed.

**Out.** Results are multiplied by a public 1 first, which gives them parts that hang together with nothing else. Node i sends
the receiver its own part and the digest of its next one, which the next node sends itself.

Leaks: to the nodes, nothing but shapes; to a receiver, its results. Spec: specs/mpc-engine.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from atoll.primitives import replicated
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.replicated import Streams
from atoll.protocols.mpc.circuit import Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.errors import InputDisputed, OpeningDisputed, OwnerDiffers, ShapesDiffer
from atoll.protocols.mpc.node import KEY_BYTES, Node
from atoll.protocols.mpc.opening import DIGEST_BYTES, hide_the_rest
from atoll.protocols.mpc.places import NODES, compute, next_of, previous_of
from atoll.protocols.mpc.products import multiply
from atoll.protocols.mpc.rounds import Heard, Round, Steps, parallel
from atoll.protocols.mpc.shares import WORD_BITS, Planes, Ring, Words64, as_ring, public_planes, public_ring, word_count
from atoll.protocols.role import Party

_HEADER_DOMAIN = b"ATOLL-V01-MPC-INPUT"
_KEY_DOMAIN = b"ATOLL-V01-MPC-INPUT-KEY"
_PIECE_DOMAIN = b"ATOLL-V01-MPC-INPUT-PIECE"

Shared: TypeAlias = Ring | Planes
"""A shared column."""


class Form(StrEnum):
    """How a column is shared."""

    NUMBERS = "numbers"
    """Modulo 2^64: a `Ring`."""
    BITS = "bits"
    """Bit by bit: `Planes`; saves `to_bits` where a column is only compared."""


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """What everybody knows of a column that comes in or goes out."""

    count: int
    """Elements."""
    form: Form = Form.NUMBERS
    width: int = WORD_BITS
    """Bits of an element, if it is shared bit by bit; 1 to 64."""

    def __post_init__(self) -> None:
        if self.count < 0 or not 1 <= self.width <= WORD_BITS:
            raise ValueError(f"no column has the shape {self}")

    @property
    def words(self) -> int:
        """64-bit words of a part."""
        return self.count if self.form is Form.NUMBERS else self.width * word_count(self.count)

    @classmethod
    def of(cls, shared: Shared) -> ColumnShape:
        """The shape of a shared column."""
        if isinstance(shared, Ring):
            return cls(shared.size)
        return cls(shared.count, Form.BITS, shared.width)

    def __str__(self) -> str:
        return f"{self.count} {self.form}" + (f" of width {self.width}" if self.form is Form.BITS else "")


def package_bytes(to: int, shapes: Sequence[ColumnShape]) -> int:
    """Length of what an owner sends node `to`."""
    explicit = 0 if to == 0 else 8 * sum(shape.words for shape in shapes)
    return DIGEST_BYTES + (2 if to == 0 else 1) * KEY_BYTES + explicit


def pack_columns(
    columns: Sequence[NDArray[Any]], shapes: Sequence[ColumnShape], *, owner: Party, context: bytes, seed: bytes
) -> tuple[bytes, bytes, bytes]:
    """Split an owner's columns; what it sends to each node.

    Args:
        columns: integers, one column a shape; of a column of bits only the low ones count.
        owner: its place.
        context: digest of the plan and the attempt's number, as the nodes'.
        seed: 32 secret bytes, fresh for this attempt; the same seed gives the same bytes.

    Raises:
        ShapesDiffer: a column has another length than its shape.
    """
    for column, shape in zip(columns, shapes, strict=True):
        if column.shape != (shape.count,):
            raise ShapesDiffer(first=column.shape, second=(shape.count,))
    entropy = SeededEntropy(seed).fork("mpc input")
    keys = entropy.bytes(KEY_BYTES), entropy.bytes(KEY_BYTES)
    streams = _streams(keys, owner, context)
    rest = []
    for number, (column, shape) in enumerate(zip(columns, shapes, strict=True)):
        first, second = streams.own_words(number, shape.words), streams.next_words(number, shape.words)
        if shape.form is Form.NUMBERS:
            rest.append(as_ring(column) - first - second)
        else:
            rest.append(replicated.to_planes(as_ring(column), shape.width).reshape(-1) ^ first ^ second)
    explicit = b"".join(part.data for part in rest if part.size)
    header = _header(owner, shapes, context)
    return header + keys[0] + keys[1], header + keys[1] + explicit, header + keys[0] + explicit


@dataclass(frozen=True, slots=True)
class Package:
    """One owner's columns at one node."""

    columns: list[Shared]
    pieces: tuple[bytes, bytes]
    """Digests of the node's own part and of its next one, which each of its neighbours can compare."""


def open_package(me: int, package: bytes, shapes: Sequence[ColumnShape], *, owner: Party, context: bytes) -> Package:
    """Shares of an owner's columns from what it sent this node.

    Args:
        package: `package_bytes` long.

    Raises:
        OwnerDiffers: it is of another plan, attempt or shape.
    """
    header, rest = package[:DIGEST_BYTES], memoryview(package)[DIGEST_BYTES:]
    if header != _header(owner, shapes, context):
        raise OwnerDiffers(owner=str(owner))
    # Part 0 at nodes 0 and 2, part 1 at nodes 0 and 1 by keys; part 2 at nodes 1 and 2 as it is.
    drawn = {0: (0, 1), 1: (1,), 2: (0,)}[me]
    keys = {part: bytes(rest[at * KEY_BYTES :][:KEY_BYTES]) for at, part in enumerate(drawn)}
    explicit = np.frombuffer(rest[len(drawn) * KEY_BYTES :], np.uint64)
    streams = _streams((keys.get(0, bytes(KEY_BYTES)), keys.get(1, bytes(KEY_BYTES))), owner, context)
    columns: list[Shared] = []
    at = 0
    for number, shape in enumerate(shapes):
        held = {2: explicit[at : at + shape.words]}
        at += shape.words
        for part in drawn:
            held[part] = (streams.next_words if part else streams.own_words)(number, shape.words)
        shares = np.stack([held[me], held[next_of(me)]])
        if shape.form is Form.NUMBERS:
            columns.append(Ring(shares))
        else:
            columns.append(Planes(shares.reshape(2, shape.width, -1), shape.count))
    digests = {part: sha256(_PIECE_DOMAIN + key).digest() for part, key in keys.items()}
    digests[2] = sha256(explicit.data).digest() if explicit.size else sha256().digest()
    return Package(columns, (digests[me], digests[next_of(me)]))


def compare_packages(node: Node, packages: Mapping[Party, Package]) -> Steps[None]:
    """Make sure that both holders of each part of each owner's columns got the same.

    Raises:
        InputDisputed: they did not; says which owner's.

    Rounds: 1. Bytes sent a node: 64 an owner.
    """
    owners = sorted(packages)
    own, following = (b"".join(packages[one].pieces[row] for one in owners) for row in range(2))
    heard: Heard = yield Round(to_previous=(own,), to_next=(following,), from_previous=len(own), from_next=len(own))
    for said, known, by in (
        (heard.from_previous, own, previous_of(node.me)),
        (heard.from_next, following, next_of(node.me)),
    ):
        for number, one in enumerate(owners):
            piece = slice(number * DIGEST_BYTES, (number + 1) * DIGEST_BYTES)
            if said[piece] != known[piece]:
                raise InputDisputed(first=str(compute(node.me)), second=str(compute(by)), owner=str(one))


def refresh(node: Node, columns: Sequence[Shared]) -> Steps[list[Shared]]:
    """The same values in parts that hang together with nothing else, by a product with a public 1.

    Rounds: 1. Bytes sent a node: 8 a number, or a bit a bit.
    """

    def numbers(x: Ring) -> Steps[Shared]:
        return (yield from multiply(node, x, public_ring(node.me, np.ones(x.shape, np.uint64))))

    def bits(x: Planes) -> Steps[Shared]:
        ones = public_planes(node.me, np.ones(x.count, np.uint64), 1)
        return (yield from evaluate(node, _times_one(x.width), x, ones))[0]

    return parallel(*[numbers(one) if isinstance(one, Ring) else bits(one) for one in columns])


def result_bytes(shapes: Sequence[ColumnShape]) -> int:
    """Length of what each node sends a receiver."""
    return DIGEST_BYTES + 8 * sum(shape.words for shape in shapes)


def pack_results(columns: Sequence[Shared]) -> bytes:
    """What this node sends a receiver; of `refresh`ed columns."""
    rows = [_rows(one) for one in columns]
    own, following = (b"".join(np.ascontiguousarray(one[row]).data for one in rows if one[row].size) for row in range(2))
    return sha256(following).digest() + own


def open_results(packages: Sequence[bytes], shapes: Sequence[ColumnShape]) -> list[Words64]:
    """A receiver's results, from what nodes 0, 1 and 2 sent: numbers modulo 2^64, or words with zeros above their width.

    Raises:
        OpeningDisputed: two nodes do not agree on the part that both hold.
    """
    for index in range(NODES):
        following = packages[next_of(index)][DIGEST_BYTES:]
        if sha256(following).digest() != packages[index][:DIGEST_BYTES]:
            raise OpeningDisputed(first=str(compute(index)), second=str(compute(next_of(index))))
    parts = [np.frombuffer(package, np.uint64, offset=DIGEST_BYTES) for package in packages]
    results: list[Words64] = []
    at = 0
    for shape in shapes:
        first, second, third = (part[at : at + shape.words] for part in parts)
        at += shape.words
        if shape.form is Form.NUMBERS:
            results.append(first + second + third)
        else:
            results.append(replicated.to_words((first ^ second ^ third).reshape(shape.width, -1), shape.count))
    return results


def _header(owner: Party, shapes: Sequence[ColumnShape], context: bytes) -> bytes:
    described = "; ".join(map(str, shapes)).encode()
    return sha256(_HEADER_DOMAIN + _bound(owner, context) + described).digest()


def _streams(keys: tuple[bytes, bytes], owner: Party, context: bytes) -> Streams:
    return Streams(*(sha256(_KEY_DOMAIN + _bound(owner, context) + key).digest()[:KEY_BYTES] for key in keys))


def _bound(owner: Party, context: bytes) -> bytes:
    """Whose columns for what; no two pairs give the same bytes, whatever follows."""
    return len(context).to_bytes(8, "big") + context + str(owner).encode() + b"\0"


def _rows(shared: Shared) -> Words64:
    return shared.shares if isinstance(shared, Ring) else hide_the_rest(shared)


@cache
def _times_one(width: int) -> Circuit:
    build = CircuitBuilder()
    x, (one,) = build.input(width), build.input(1)
    return build.circuit([[build.conjunction(bit, one) for bit in x]])
