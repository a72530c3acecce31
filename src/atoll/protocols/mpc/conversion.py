"""Between numbers and bits.

**To bits.** x = u + x_2 modulo 2^64, where node 0 knows u and nodes 1 and 2 know x_2. Node 0 gives the bits of u out anew,
those of x_2 are shared already, and a circuit adds. Only the low w bits of both are needed for the low w bits of x.

**From bits.** Nodes 1 and 2 draw a mask r of w bits, a circuit subtracts it, and node 0 alone is shown y = x - r modulo 2^w,
which is uniform, and gives it out as a number. x = y + r - 2^w [r > x]; the borrow is one more bit to convert, unless w is 64.

**A bit.** b = v + b_2 - 2 v b_2, where node 0 knows v = b_0 xor b_1 and nodes 1 and 2 know b_2: node 0 gives 1 - 2 v out, the
others multiply by b_2, which they know, and all reshare.

In malicious mode nothing may rest on what one node alone knows: each of the three parts is known to two nodes and so shared
already; circuits start with a carry-save adder, and a bit takes two products.

Leaks: nothing. Sources: Mohassel, Rindal, CCS 2018, ePrint 2018/403, sections 5.3 and 5.4.1. Spec: specs/mpc-bits.md.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from atoll.primitives import replicated
from atoll.protocols.mpc.circuit import Bits, Circuit, CircuitBuilder, evaluate
from atoll.protocols.mpc.circuits.arithmetic import FAST, add_modulo, save_carries, subtract_with_borrow
from atoll.protocols.mpc.errors import BitsOutOfRange, ShapesDiffer
from atoll.protocols.mpc.local import known_bits_of, ring_from_node_zero, split_from_node_zero
from atoll.protocols.mpc.node import Node
from atoll.protocols.mpc.opening import open_planes_to_pair
from atoll.protocols.mpc.places import NODES
from atoll.protocols.mpc.products import multiply, reshare
from atoll.protocols.mpc.rounds import CHUNK, Heard, Round, Steps, chunked, parallel
from atoll.protocols.mpc.shares import (
    WORD_BITS,
    Planes,
    Ring,
    SplitPlanes,
    Words64,
    join_planes,
    join_rings,
    known_planes,
    known_ring,
    known_split,
    word_count,
)

FEW = 1 << 16
"""Up to so many elements, rounds cost more than gates."""


def spare_rounds(count: int) -> int:
    """`extra` of circuits with carries: two more rounds save a seventh to a third of the gates, which pays for long columns."""
    return FAST if count <= FEW else 2


def to_bits(node: Node, x: Ring, width: int = WORD_BITS) -> Steps[Planes]:
    """The low `width` bits of each number of a column.

    Raises:
        BitsOutOfRange: width is not 1 to 64.
        ShapesDiffer: x is no column.

    Rounds: 1 and the circuit's, which is `sum_circuit(width, 2, spare_rounds(len))`. Bytes: the circuit's, and by node 0
    `width` bits an element.
    """
    verify_width(width)
    verify_column(x)
    extra = spare_rounds(x.size)

    def part(rows: slice) -> Steps[Planes]:
        terms = yield from summands(node, x[rows], width)
        (bits,) = yield from evaluate(node, sum_circuit(width, len(terms), extra), *terms)
        return bits

    return join_planes((yield from chunked(x.size, part)))


def from_bits(node: Node, x: Planes) -> Steps[Ring]:
    """The numbers 0 to 2^w - 1 whose bits these are.

    Rounds: those of the circuit, and 2. Bytes: the circuit's, by node 2 w bits, by node 0 8 bytes an element; and what
    `from_bit` takes if w is below 64.
    """
    verify_width(x.width)
    extra = spare_rounds(x.count)
    if node.is_malicious:  # as a whole: it opens something, so all products are verified once
        return (yield from _from_bits_checked(node, x, extra))

    def part(rows: slice) -> Steps[Ring]:
        return _from_bits(node, x.part(rows), extra)

    return join_rings((yield from chunked(x.count, part)))


def from_bit(node: Node, x: Planes) -> Steps[Ring]:
    """The numbers 0 and 1 of a column of single bits.

    Raises:
        ShapesDiffer: x has more than one bit an element.

    Rounds: 2. Bytes sent: 8 an element by each node and 8 more by node 0; malicious: 16 by each.
    """
    if x.width != 1:
        raise ShapesDiffer(first=(1, x.count), second=(x.width, x.count))
    return (yield from from_each_bit(node, x)).reshape(-1)


def from_each_bit(node: Node, x: Planes) -> Steps[Ring]:
    """The numbers 0 and 1 of every bit, (width, count); as `from_bit`."""

    def part(rows: slice) -> Steps[Ring]:
        return (_from_bit_checked if node.is_malicious else _from_bit)(node, x.part(rows))

    size = max(WORD_BITS, CHUNK // max(x.width, 1) // WORD_BITS * WORD_BITS)
    return join_rings((yield from chunked(x.count, part, size=size)), axis=1)


def inject(node: Node, bit: Planes, x: Ring) -> Steps[Ring]:
    """bit * x: the number where the bit is 1, zero elsewhere.

    Rounds: 3. Bytes: those of `from_bit` and of `multiply`.
    """
    return (yield from multiply(node, (yield from from_bit(node, bit)), x))


def summands(node: Node, x: Ring, width: int, *, less: Ring | None = None) -> Steps[list[SplitPlanes]]:
    """Shares of the bits of two numbers that add up to x modulo 2^width; of three in malicious mode, without a round.

    Args:
        less: to be taken off x, of its length; the difference is not written down.

    Rounds: 1. Bytes sent by node 0 alone: `width` bits an element.
    """
    count = x.size
    if node.is_malicious:
        taken = [[]] * 2 if less is None else [[one] for one in less.shares]
        held = [replicated.sum_to_planes([one], minus, width) for one, minus in zip(x.shares, taken, strict=True)]
        parts = {node.me: held[0], (node.me + 1) % NODES: held[1]}
        return [known_split(node.me, at, parts.get(at), width, count) for at in range(NODES)]
    known = known_bits_of(node, x, less, width)
    return (yield from _given_summands(node, known, width, count))


def known_summands(node: Node, u: Words64 | None, t: Words64 | None, width: int, count: int) -> Steps[list[SplitPlanes]]:
    """Shares of the low bits of two columns, u known to node 0 and t to nodes 1 and 2; as `summands`."""
    known = planes_of(t if u is None else u, width)
    assert known is not None, "each node knows one of the two"
    return (yield from _given_summands(node, known, width, count))


def _given_summands(node: Node, known: Words64, width: int, count: int) -> Steps[list[SplitPlanes]]:
    first = yield from split_from_node_zero(node, None if node.me else known, width, count)
    return [first, known_split(node.me, 2, known if node.me else None, width, count)]


def two_summands(build: CircuitBuilder, terms: list[Bits]) -> tuple[Bits, Bits]:
    """Of the inputs that `summands` feeds: a carry-save adder first if there are three."""
    return save_carries(build, *terms) if len(terms) == NODES else (terms[0], terms[1])


def planes_of(words: Words64 | None, width: int) -> Words64 | None:
    """The low bits of words as planes, where they are known."""
    return None if words is None else replicated.to_planes(np.ascontiguousarray(words), width)


@cache
def sum_circuit(width: int, terms: int, extra: int) -> Circuit:
    """The sum of two or three numbers modulo 2^width."""
    build = CircuitBuilder()
    first, second = two_summands(build, [build.input(width) for _ in range(terms)])
    return build.circuit([add_modulo(build, first, second, extra=extra)])


@cache
def unmask_circuit(width: int, extra: int) -> Circuit:
    """x - r modulo 2^width, and whether x < r unless that is not needed."""
    build = CircuitBuilder()
    x, mask = build.input(width), build.input(width)
    low, borrow = subtract_with_borrow(build, x, mask, extra=extra)
    return build.circuit([low] if width == WORD_BITS else [low, [borrow]])


@cache
def unmask_twice_circuit(width: int, extra: int) -> Circuit:
    """x - r - s modulo 2^64: x + ~r + ~s + 2; of which the carry-save adder takes one 1, the adder the other."""
    build = CircuitBuilder()
    x, first, second = build.input(width), build.input(WORD_BITS), build.input(WORD_BITS)
    x = [*x, *([build.constant(0)] * (WORD_BITS - width))]
    total, carries = save_carries(build, x, [build.invert(bit) for bit in first], [build.invert(bit) for bit in second])
    one = build.constant(1)
    return build.circuit([add_modulo(build, total, [one, *carries[1:]], carry=one, extra=extra)])


def _from_bits(node: Node, x: Planes, extra: int) -> Steps[Ring]:
    width, count = x.width, x.count
    # Node 0 is shown whole words, and beyond the last element other rows of the program may stand: masked as well.
    drawn = _common_mask(node, 2, WORD_BITS * word_count(count))
    mask = None if drawn is None else drawn[:count] & np.uint64((1 << width) - 1)
    shared_mask = known_planes(node.me, 2, planes_of(drawn, width), width, count)
    masked, *borrow = yield from evaluate(node, unmask_circuit(width, extra), x, shared_mask)
    number = _shown_to_node_zero(node, masked)
    if not borrow:
        (shown,) = yield from parallel(number)
        return shown + known_ring(node.me, 2, mask, (count,))
    shown, borrowed = yield from parallel(number, from_bit(node, borrow[0]))
    return shown + known_ring(node.me, 2, mask, (count,)) - borrowed * (1 << width)


def _shown_to_node_zero(node: Node, x: Planes) -> Steps[Ring]:
    """A value that is uniform for node 0 in whole words, shown to it alone and given out by it as a number."""
    missing = x.planes[0] if node.me == 2 else None
    size = 8 * x.planes[0].size
    heard: Heard = yield Round(
        to_next=() if missing is None else (np.ascontiguousarray(missing),), from_previous=size if node.me == 0 else 0
    )
    values = None
    if node.me == 0:
        part = np.frombuffer(heard.from_previous, np.uint64).reshape(x.planes[0].shape)
        values = replicated.to_words(x.planes[0] ^ x.planes[1] ^ part, x.count)
    return (yield from ring_from_node_zero(node, values, (x.count,)))


def _from_bits_checked(node: Node, x: Planes, extra: int) -> Steps[Ring]:
    """Parts 0 and 2 are drawn by their holders; part 1, what is left, is opened to nodes 0 and 1, who hold it."""
    masks = {part: _common_mask(node, part, x.count) for part in (0, 2)}
    shared = [known_planes(node.me, part, planes_of(mask, WORD_BITS), WORD_BITS, x.count) for part, mask in masks.items()]
    (left,) = yield from evaluate(node, unmask_twice_circuit(x.width, extra), x, *shared)
    masks[1] = yield from open_planes_to_pair(node, left, 1)
    rows = [masks[node.me], masks[(node.me + 1) % NODES]]
    return Ring(np.stack([row for row in rows if row is not None]))


def _common_mask(node: Node, part: int, count: int) -> Words64 | None:
    """Uniform words that the two holders of a part know, None at the third node. Takes one ticket at all three."""
    ticket = node.ticket()
    if part == node.me:
        return node.streams.own_words(ticket, count)
    return node.streams.next_words(ticket, count) if part == (node.me + 1) % NODES else None


def _from_bit(node: Node, x: Planes) -> Steps[Ring]:
    known = known_bits(node, x).reshape(x.width, x.count)
    signs = yield from ring_from_node_zero(node, None if node.me else 1 - 2 * known, (x.width, x.count))
    return (yield from reshare(node, np.negative(known) & signs.shares[node.me - 1] if node.me else known))


def known_bits(node: Node, x: Planes) -> Words64:
    """What node 0 knows of each bit, b_0 xor b_1, or what the others know, b_2; planes one after the other."""
    return single_bits(x.planes[2 - node.me] if node.me else x.planes[0] ^ x.planes[1], x.count).reshape(-1)


def single_bits(planes: Words64, count: int) -> Words64:
    """Planes (w, words) as numbers 0 and 1, (w, count)."""
    return replicated.to_words(np.ascontiguousarray(planes)[:, None, :], count)


def _from_bit_checked(node: Node, x: Planes) -> Steps[Ring]:
    held = {node.me: x.planes[0], (node.me + 1) % NODES: x.planes[1]}
    parts = []
    for part in range(NODES):
        bits = single_bits(held[part], x.count) if part in held else None
        parts.append(known_ring(node.me, part, bits, (x.width, x.count)))
    pair = yield from exclusive_or(node, parts[0], parts[1])
    return (yield from exclusive_or(node, pair, parts[2]))


def exclusive_or(node: Node, a: Ring, b: Ring) -> Steps[Ring]:
    """a + b - 2 a b of numbers 0 and 1; one product."""
    both = yield from multiply(node, a, b)
    return a + b - both * 2


def verify_width(width: int, *, least: int = 1, most: int = WORD_BITS) -> None:
    """Raises BitsOutOfRange unless `width` is within."""
    if not least <= width <= most:
        raise BitsOutOfRange(found=width, least=least, most=most)


def verify_column(x: Ring) -> None:
    """Raises ShapesDiffer unless x has one axis."""
    if len(x.shape) != 1:
        raise ShapesDiffer(first=x.shape, second=(x.size,))
