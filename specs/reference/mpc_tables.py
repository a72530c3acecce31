"""Rows that move, slowly: specs/mpc-tables.md written down.

The shuffle is done message by message among the nodes of `mpc`. What stands on it (order, partition, groups, joins, entries)
is written as it acts on the values, with lists for columns.
"""

from __future__ import annotations

from collections.abc import Callable

from specs.reference.mpc import Held, M, Nodes

Levels = list[list[tuple[int, int]]]
"""The pairs that each level compares."""

FORTH = (0, 1, (0, 1, 2))
"""The node that begins, the one that ends, the keys in the order of their permutations."""
BACK = (1, 0, (2, 1, 0))


def permutation(nodes: Nodes, part: int, ticket: int, count: int) -> list[int]:
    """Fisher and Yates from the last place down, with 32-bit halves of the ticket's words, low halves first."""
    half = -1

    def draw(bound: int) -> int:
        nonlocal half
        while True:
            half += 1
            product = (nodes.word(part, ticket, half // 2) >> 32 * (half % 2) & 0xFFFFFFFF) * bound
            if product % (1 << 32) >= (1 << 32) % bound:
                return product >> 32

    places = list(range(count))
    for i in range(count - 1, 0, -1):
        j = draw(i + 1)
        places[i], places[j] = places[j], places[i]
    return places


def move(nodes: Nodes, x: Held, orders: dict[int, list[int]], way: tuple[int, int, tuple[int, int, int]], *, xor: bool) -> Held:
    """One column through the three permutations; page, shuffle."""
    begins, ends, (first, middle, last) = way
    masks, parts = nodes.ticket(), nodes.ticket()
    count = len(x[begins][first])

    def stream(key: int, ticket: int) -> list[int]:
        return [nodes.word(key, ticket, at) for at in range(count)]

    def add(a: list[int], b: list[int], sign: int = 1) -> list[int]:
        return [v ^ w if xor else (v + sign * w) % M for v, w in zip(a, b, strict=True)]

    def by(order: int, column: list[int]) -> list[int]:
        return [column[place] for place in orders[order]]

    half = add(by(first, add(x[begins][first], x[begins][middle])), stream(first, masks))
    half = add(by(middle, half), stream(middle, masks))
    other = add(by(first, x[2][last]), stream(first, masks), -1)
    half, other = nodes.say(begins, 2, half), nodes.say(2, ends, other)
    other = add(by(middle, other), stream(middle, masks), -1)
    mine = add(by(last, other), stream(middle, parts), -1)
    theirs = add(by(last, half), stream(first, parts), -1)
    rest = add(nodes.say(ends, 2, mine), nodes.say(2, ends, theirs))
    column = {first: stream(first, parts), middle: stream(middle, parts), last: rest}
    return [{part: list(column[part]) for part in (i, (i + 1) % 3)} for i in range(3)]


def draw(nodes: Nodes, count: int) -> dict[int, list[int]]:
    """A shuffle: one permutation a key, of one ticket."""
    ticket = nodes.ticket()
    return {part: permutation(nodes, part, ticket, count) for part in range(3)}


def apply(nodes: Nodes, orders: dict[int, list[int]], *columns: Held, xor: bool = False) -> list[Held]:
    """Columns of one kind in this order."""
    return [move(nodes, column, orders, FORTH, xor=xor) for column in columns]


def undo(nodes: Nodes, orders: dict[int, list[int]], *columns: Held, xor: bool = False) -> list[Held]:
    """And back."""
    inverses = {part: [order.index(place) for place in range(len(order))] for part, order in orders.items()}
    return [move(nodes, column, inverses, BACK, xor=xor) for column in columns]


def rank(
    below: Callable[[int, int], bool], count: int, pivots: int = 1, short: int = 2
) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """The order of elements 0 to count - 1, and the pairs that each level compares; the first elements are the pivots."""
    levels: Levels = []

    def sort(elements: list[int], level: int) -> list[int]:
        if len(elements) < 2:
            return elements
        while len(levels) <= level:
            levels.append([])
        head = elements if len(elements) <= short else elements[:pivots]
        levels[level] += [(a, b) for at, b in enumerate(elements) for a in head[:at]]
        head = sorted(head, key=lambda one: sum(below(other, one) for other in head))
        rest = [one for one in elements if one not in head]
        parts = [[one for one in rest if sum(below(pivot, one) for pivot in head) == at] for at in range(len(head) + 1)]
        ordered = sort(parts[0], level + 1)
        for pivot, part in zip(head, parts[1:], strict=True):
            ordered += [pivot, *sort(part, level + 1)]
        return ordered

    return sort(list(range(count)), 0), levels


def partition(bits: list[int]) -> list[int]:
    """Where each row goes: ones first."""
    ones, total = 0, sum(bits)
    destinations = []
    for at, bit in enumerate(bits):
        ones += bit
        destinations.append(bit * (ones - 1) + (1 - bit) * (total + at - ones))
    return destinations


def by_code(rows: list[tuple[int, int]], groups: int) -> list[tuple[int, int]]:
    """Number and sum of each code's values, by one more row a group."""
    marked = [(code, 0, value, None) for code, value in rows] + [(code, 1, 0, code) for code in range(groups)]
    marked.sort(key=lambda row: row[:2])
    total, ends = 0, {}
    for position, (_, _, value, marker) in enumerate(marked):
        total += value
        if marker is not None:
            ends[marker] = (position - marker, total)
    found = [ends[code] for code in range(groups)]
    return [(a - c, b - d) for (a, b), (c, d) in zip(found, [(0, 0), *found], strict=False)]


def by_key(rows: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Key, number and sum of each group, then zeros."""
    rows = sorted(rows, key=lambda row: row[0])
    total, sums = 0, []
    for _, value in rows:
        total += value
        sums.append(total)
    last = [at + 1 == len(rows) or rows[at][0] != rows[at + 1][0] for at in range(len(rows))]
    ends = [(rows[at][0], at + 1, sums[at]) for at in range(len(rows)) if last[at]]
    found = [(key, n - m, s - t) for (key, n, s), (_, m, t) in zip(ends, [(0, 0, 0), *ends], strict=False)]
    return found + [(0, 0, 0)] * (len(rows) - len(found))


def join(left: list[int], right: list[tuple[int, int]], copy: int = 0) -> list[int | None]:
    """The value of the right row with each left key, the last but `copy` of several; by differences and running sums."""
    merged = sorted([(key, 0, at) for at, (key, _) in enumerate(right)] + [(key, 1, at) for at, key in enumerate(left)])
    order = [at for _, side, at in merged if not side]
    above = [(0, 0)] * copy + [(right[at][0] << 1 | 1, right[at][1]) for at in order]
    pairs = list(zip(above, [(0, 0), *above], strict=False))[: len(order)]
    steps = iter([(key ^ key_before, value - value_before) for (key, value), (key_before, value_before) in pairs])
    key, value = 0, 0
    found: list[int | None] = [None] * len(left)
    for wanted, side, at in merged:
        if side:
            found[at] = value if key == wanted << 1 | 1 else None
        else:
            change, more = next(steps)
            key, value = key ^ change, value + more
    return found


def gather(table: list[int], places: list[int]) -> list[int]:
    """Entries at places, by differences and running sums."""
    steps = [(at, 0, value - before, -1) for at, (value, before) in enumerate(zip(table, [0, *table], strict=False))]
    rows = sorted([*steps, *((place, 1, 0, at) for at, place in enumerate(places))])
    total, found = 0, [0] * len(places)
    for _, side, step, at in rows:
        total += step
        if side:
            found[at] = total
    return found
