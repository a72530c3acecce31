"""The engine of three nodes, slowly: specs/mpc-engine.md, mpc-arithmetic.md and mpc-bits.md written down.

What node i holds of a value stands in its own dictionary, part by part, and whatever it computes or says is made from that
dictionary and its two keys. Columns of numbers have any length, columns of bits at most 64 elements: a plane is one word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Held = list[dict[int, list[int]]]
"""Three dictionaries: node i's has the parts i and i + 1, each a column of numbers, or of planes."""
Gates = Sequence[tuple[int, int, int]]
"""Operation (XOR 0, AND 1, NOT 2, ZERO 3, ONE 4), left, right."""

M = 1 << 64


class Nodes:
    """Three nodes and everything they have said."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = keys
        self.said: dict[tuple[int, int], list[int]] = {(i, to % 3): [] for i in range(3) for to in (i - 1, i + 1)}
        self._tickets = 0

    def ticket(self) -> int:
        self._tickets += 1
        return self._tickets - 1

    def word(self, part: int, ticket: int, at: int) -> int:
        """Word `at` of a ticket under k_part: half a block of AES-128 of (ticket, block number), little-endian."""
        block = ticket.to_bytes(8, "little") + (at // 2).to_bytes(8, "little")
        stream = Cipher(algorithms.AES(self.keys[part]), modes.ECB()).encryptor().update(block)  # noqa: S305 - one block, as a function
        return int.from_bytes(stream[8 * (at % 2) :][:8], "little")

    def say(self, sender: int, to: int, words: list[int]) -> list[int]:
        """What `to` hears."""
        self.said[sender, to % 3] += words
        return list(words)


def own_and_next(i: int) -> tuple[int, int]:
    """The parts that node i holds, and the keys it has."""
    return i, (i + 1) % 3


def hold(parts: Sequence[list[int]]) -> Held:
    """What each node holds of a value with these three parts."""
    return [{part: list(parts[part]) for part in own_and_next(i)} for i in range(3)]


def known(part: int, column: list[int]) -> Held:
    """A value that the two holders of `part` know: that part is it, the others are zero."""
    return hold([column if at == part else [0] * len(column) for at in range(3)])


def parts_of(x: Held) -> list[list[int]]:
    """All three parts; both holders must have the same."""
    for i in range(3):
        assert x[i][(i + 1) % 3] == x[(i + 1) % 3][(i + 1) % 3]
    return [x[i][i] for i in range(3)]


def value(x: Held) -> list[int]:
    """The numbers."""
    return [sum(three) % M for three in zip(*parts_of(x), strict=True)]


def bits(x: Held) -> list[int]:
    """The planes."""
    return [a ^ b ^ c for a, b, c in zip(*parts_of(x), strict=True)]


def linear(combine: Callable[..., int], *values: Held) -> Held:
    """Anything linear, part by part."""
    return [
        {part: [combine(*row) % M for row in zip(*(one[i][part] for one in values), strict=True)] for part in own_and_next(i)}
        for i in range(3)
    ]


def plus_public(x: Held, constant: int) -> Held:
    """Part 0 carries it."""
    return [{part: [(v + constant * (part == 0)) % M for v in column] for part, column in held.items()} for held in x]


def planes(words: list[int], width: int) -> list[int]:
    """Plane b has bit b of each word."""
    return [sum((word >> bit & 1) << at for at, word in enumerate(words)) for bit in range(width)]


def unplanes(columns: list[int], count: int) -> list[int]:
    """Back again."""
    return [sum((plane >> at & 1) << bit for bit, plane in enumerate(columns)) for at in range(count)]


def exchange(nodes: Nodes, own: list[list[int]]) -> Held:
    """Node i says its part to the previous node."""
    held: Held = [{i: own[i]} for i in range(3)]
    for i in range(3):
        held[(i - 1) % 3][i] = nodes.say(i, i - 1, own[i])
    return held


def multiply(nodes: Nodes, x: Held, y: Held) -> Held:
    """mpc-arithmetic.md, products."""
    ticket, own = nodes.ticket(), []
    for i in range(3):
        a, b = own_and_next(i)
        column = []
        for j in range(len(x[i][a])):
            zero = nodes.word(a, ticket, j) - nodes.word(b, ticket, j)
            column.append((x[i][a][j] * y[i][a][j] + x[i][a][j] * y[i][b][j] + x[i][b][j] * y[i][a][j] + zero) % M)
        own.append(column)
    return exchange(nodes, own)


def reshare(nodes: Nodes, own: list[list[int]]) -> Held:
    """mpc-arithmetic.md, resharing."""
    ticket, masked = nodes.ticket(), []
    for i in range(3):
        a, b = own_and_next(i)
        masked.append([(v + nodes.word(a, ticket, j) - nodes.word(b, ticket, j)) % M for j, v in enumerate(own[i])])
    return exchange(nodes, masked)


def from_node_zero(nodes: Nodes, column: list[int], *, xor: bool) -> Held:
    """mpc-bits.md, what node 0 knows."""
    ticket = nodes.ticket()
    mask = [nodes.word(0, ticket, j) for j in range(len(column))]
    rest = [v ^ m if xor else (v - m) % M for v, m in zip(column, mask, strict=True)]
    zero = [0] * len(column)
    return [{0: mask, 1: rest}, {1: nodes.say(0, 1, rest), 2: zero}, {2: zero, 0: mask}]


def evaluate(nodes: Nodes, gates: Gates, outputs: Sequence[Sequence[int]], *inputs: Held) -> list[Held]:
    """mpc-bits.md, circuits: all ANDs of one depth in one message, in the order of the gates."""
    ticket, used = nodes.ticket(), 0
    wires: list[list[dict[int, int]]] = []
    depth: list[int] = []
    for one in inputs:
        wires += [[{part: column[b] for part, column in held.items()} for held in one] for b in range(len(one[0][0]))]
    first = len(wires)
    wires += [[{} for _ in range(3)] for _ in gates]
    depth = [0] * first
    for operation, left, right in gates:
        depth.append(0 if operation > 2 else max(depth[left], depth[right]) + (operation == 1))
    for layer in range(max(depth, default=0) + 1):
        ands = [g for g, gate in enumerate(gates) if gate[0] == 1 and depth[first + g] == layer]
        for k, g in enumerate(ands, used):
            x, y = wires[gates[g][1]], wires[gates[g][2]]
            for i in range(3):
                a, b = own_and_next(i)
                zero = nodes.word(a, ticket, k) ^ nodes.word(b, ticket, k)
                wires[first + g][i][a] = (x[i][a] & y[i][a]) ^ (x[i][a] & y[i][b]) ^ (x[i][b] & y[i][a]) ^ zero
        used += len(ands)
        for i in range(3):
            heard = nodes.say(i, i - 1, [wires[first + g][i][i] for g in ands])
            for g, word in zip(ands, heard, strict=True):
                wires[first + g][(i - 1) % 3][i] = word
        for g, (operation, left, right) in enumerate(gates):
            if depth[first + g] == layer and operation != 1:
                for i in range(3):
                    for part in own_and_next(i):
                        sides = [0 if operation > 2 else wires[side][i][part] for side in (left, right)]
                        wires[first + g][i][part] = local_gate(operation, *sides, one=M - 1 if part == 0 else 0)
    return [
        [{part: [wires[wire][i][part] for wire in output] for part in own_and_next(i)} for i in range(3)] for output in outputs
    ]


def local_gate(operation: int, left: int, right: int, *, one: int) -> int:
    """A gate that costs nothing, on one part; part 0 carries what everybody knows."""
    return {0: left ^ right, 2: left ^ one, 3: 0, 4: one}[operation]


def summands(nodes: Nodes, x: Held, width: int) -> tuple[Held, Held]:
    """mpc-bits.md, to bits: u = x_0 + x_1 that node 0 knows, and x_2 that the others know."""
    u = [(a + b) % M for a, b in zip(x[0][0], x[0][1], strict=True)]
    return from_node_zero(nodes, planes(u, width), xor=True), known(2, planes(x[1][2], width))


def from_each_bit(nodes: Nodes, b: Held, count: int) -> Held:
    """mpc-bits.md, single bits: b = v + b_2 (1 - 2 v); all planes in a row."""
    spread = single_bits(b, count)
    return times_last(nodes, spread, *signs_of(nodes, spread))


def single_bits(b: Held, count: int) -> Held:
    """Each bit by itself, plane by plane."""
    return [{part: [w >> j & 1 for w in column for j in range(count)] for part, column in held.items()} for held in b]


def signs_of(nodes: Nodes, b: Held) -> tuple[list[int], Held]:
    """v = b_0 xor b_1 at node 0, and 1 - 2 v given out by it."""
    v = [one ^ other for one, other in zip(b[0][0], b[0][1], strict=True)]
    return v, from_node_zero(nodes, [(1 - 2 * bit) % M for bit in v], xor=False)


def times_last(nodes: Nodes, b: Held, v: list[int], signs: Held) -> Held:
    """v + b_2 (1 - 2 v): nodes 1 and 2 know b_2 and have one part of the other factor each."""
    by_one = [bit * sign for bit, sign in zip(b[1][2], signs[1][1], strict=True)]
    by_two = [bit * sign for bit, sign in zip(b[2][2], signs[2][0], strict=True)]
    return reshare(nodes, [v, by_one, by_two])


def from_bits(nodes: Nodes, x: Held, unmask: tuple[Gates, Sequence[Sequence[int]]], width: int, count: int) -> Held:
    """mpc-bits.md, from bits; `unmask` gives x - r and, below 64 bits, the borrow."""
    ticket = nodes.ticket()
    mask = [nodes.word(2, ticket, j) % (1 << width) for j in range(64)]
    shown, *borrow = evaluate(nodes, *unmask, x, known(2, planes(mask, width)))
    mask = mask[:count]
    y = [a ^ b ^ c for a, b, c in zip(shown[0][0], shown[0][1], nodes.say(2, 0, shown[2][2]), strict=True)]
    if not borrow:
        return linear(lambda a, b: a + b, from_node_zero(nodes, unplanes(y, count), xor=False), known(2, mask))
    # Side by side: the bit's first message goes out with the masked value, the number with the bit's reshared parts.
    spread = single_bits(borrow[0], count)
    v, signs = signs_of(nodes, spread)
    number = from_node_zero(nodes, unplanes(y, count), xor=False)
    borrowed = times_last(nodes, spread, v, signs)
    return linear(lambda a, r, b: a + r - (b << width), number, known(2, mask), borrowed)


def truncate(nodes: Nodes, x: Held, carry: tuple[Gates, Sequence[Sequence[int]]], f: int) -> Held:
    """mpc-bits.md, truncation with a slack bit; `carry` is the carry out of f positions."""
    x = plus_public(x, 1 << 62)
    count = len(x[0][0])
    u, t = [(a + b) % M for a, b in zip(x[0][0], x[0][1], strict=True)], x[1][2]
    (d,) = evaluate(nodes, *carry, *summands(nodes, x, f))
    v, b = ([(d[i][p][0] ^ other) >> j & 1 for j in range(count)] for i, p, other in ((0, 0, d[0][1][0]), (1, 2, 0)))
    top = [one >> 63 for one in u]
    given = from_node_zero(nodes, [1 - 2 * bit for bit in v] + [1 - bit for bit in top], xor=False)
    given = [{part: [word % M for word in column] for part, column in held.items()} for held in given]
    k = 1 << (64 - f)
    own = [[(v[j] - k * top[j] + (u[j] >> f) - (1 << 62 - f)) % M for j in range(count)]]
    for i, part in ((1, 1), (2, 0)):
        low, high = given[i][part][:count], given[i][part][count:]
        own.append([(b[j] * low[j] - k * (t[j] >> 63) * high[j] + (i == 1) * (t[j] >> f)) % M for j in range(count)])
    return reshare(nodes, own)
