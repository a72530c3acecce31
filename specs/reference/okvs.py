"""Oblivious key-value stores, slowly: specs/psi-rr22.md "The store" written down, in plain Python.

Sizes, rows, the order of peeling, the dense system, decoding. Values are integers: elements of GF(2^128) or of its subfield
GF(2^64), in the tower of `rust/core/src/gf128`. Nothing here is fast, or in constant time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CLUSTER_KEYS = 1 << 14
COLUMN_BITS = 42
WORD = (1 << 64) - 1


# -- the field of 2^128 elements over that of 2^64 -----------------------------------------------------------------------------


def multiply64(left: int, right: int) -> int:
    """In GF(2)[x] / (x^64 + x^4 + x^3 + x + 1); bit i is the coefficient of x^i."""
    product = 0
    for i in range(64):
        if right >> i & 1:
            product ^= left << i
    for i in range(126, 63, -1):
        if product >> i & 1:
            product ^= (1 << 64 | 0b11011) << (i - 64)
    return product


def multiply128(left: int, right: int) -> int:
    """In GF(2^64)[Y] / (Y^2 + Y + x^61); the lower 64 bits are the coefficient of 1."""
    a, b, c, d = left & WORD, left >> 64, right & WORD, right >> 64
    high = multiply64(b, d)
    low = multiply64(a, c) ^ multiply64(high, 1 << 61)
    return low | (multiply64(a, d) ^ multiply64(b, c) ^ high) << 64


def scale(value: int, scalar: int, bits: int) -> int:
    """A value of either field times a scalar of GF(2^bits)."""
    if bits == 128:
        return multiply128(value, scalar)
    return multiply64(value & WORD, scalar) | multiply64(value >> 64, scalar) << 64


def invert(value: int, bits: int) -> int:
    """value^(2^bits - 2)."""
    result, power = 1, value
    for _ in range(1, bits):
        power = scale(power, power, bits)
        result = scale(result, power, bits)
    return result


# -- AES-128 (FIPS 197) --------------------------------------------------------------------------------------------------------


def _times_x(byte: int) -> int:
    return (byte << 1 ^ 0x1B) & 0xFF if byte & 0x80 else byte << 1


def _s_box() -> bytes:
    box, p, q = bytearray(256), 1, 1
    while True:
        p ^= _times_x(p)
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        turned = q
        for turn in (1, 2, 3, 4):
            turned ^= (q << turn | q >> (8 - turn)) & 0xFF
        box[p] = turned ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return bytes(box)


S_BOX = _s_box()


def aes128(key: bytes, block: bytes) -> bytes:
    """One block under one key."""
    words = [key[i : i + 4] for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 44):
        word = words[i - 1]
        if i % 4 == 0:
            word = bytes(S_BOX[byte] for byte in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _times_x(constant)
        words.append(bytes(left ^ right for left, right in zip(words[i - 4], word, strict=True)))
    keys = [b"".join(words[i : i + 4]) for i in range(0, 44, 4)]
    state = bytes(left ^ right for left, right in zip(block, keys[0], strict=True))
    for number, round_key in enumerate(keys[1:], 1):
        state = bytes(S_BOX[state[(4 * (i % 4) + i) % 16]] for i in range(16))
        if number < 10:
            mixed = bytearray()
            for i in range(0, 16, 4):
                column = state[i : i + 4]
                every = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += bytes(column[j] ^ every ^ _times_x(column[j] ^ column[(j + 1) % 4]) for j in range(4))
            state = bytes(mixed)
        state = bytes(left ^ right for left, right in zip(state, round_key, strict=True))
    return state


# -- sizes ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """Sizes of a store for `keys` keys."""

    keys: int
    clusters: int
    cluster_keys: int
    sparse: int
    dense: int

    @property
    def length(self) -> int:
        return self.clusters * (self.sparse + self.dense)


def single(keys: int, bits: float) -> Shape:
    """A store without clusters; the formulas of ePrint 2022/320 section 4.2 for weight 3."""
    n, w = max(keys, 64), math.log2(3)
    slope = 2 ** (0.555 * math.log2(n) + 0.0930 * w**3 - 1.010 * w**2 + 2.925 * w - 0.133)
    sparse = math.ceil((1.223 + (bits + 9.2) / slope) * n)
    return Shape(keys, 1, keys, sparse, max(2, math.floor(bits / math.log2(sparse))))


def clustered(keys: int, bits: int) -> Shape:
    """A store in clusters; half of the chance to fail is for overfull clusters, half for clusters that cannot be solved."""
    clusters = max(1, -(-keys // CLUSTER_KEYS))
    if clusters == 1:
        return single(keys, bits)
    p = 1 / clusters

    def is_rare(count: int) -> bool:
        q = count / keys
        exponent = keys * (q * math.log2(q / p) + (1 - q) * math.log2((1 - q) / (1 - p)))
        return exponent >= bits + 1 + math.log2(clusters)

    least = next(count for count in range(keys // clusters + 1, keys) if is_rare(count))
    one = single(least - 1, bits + 1 + math.log2(clusters))
    return Shape(keys, clusters, least - 1, one.sparse, one.dense)


# -- rows ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Where a key's row has its ones, and the element whose powers stand in its dense columns."""

    cluster: int
    columns: tuple[int, int, int]
    element: int


def row(seed: bytes, shape: Shape, key: bytes, bits: int) -> Row:
    """The row of a key, scalars of GF(2^bits)."""
    first = int.from_bytes(aes128(seed[:16], key), "little")
    second = int.from_bytes(aes128(seed[16:], key), "little")
    mask = (1 << COLUMN_BITS) - 1
    columns: list[int] = []
    for i in range(3):
        column = (second >> i * COLUMN_BITS & mask) * (shape.sparse - i) >> COLUMN_BITS
        for taken in sorted(columns):
            column += column >= taken
        columns.append(column)
    return Row((first >> 64) * shape.clusters >> 64, (columns[0], columns[1], columns[2]), first & ((1 << bits) - 1))


def decode(seed: bytes, shape: Shape, store: Sequence[int], key: bytes, bits: int) -> int:
    """A row times the store."""
    one = row(seed, shape, key, bits)
    start = one.cluster * (shape.sparse + shape.dense)
    value, power = 0, one.element
    for column in one.columns:
        value ^= store[start + column]
    for column in range(shape.sparse, shape.sparse + shape.dense):
        value ^= scale(store[start + column], power, bits)
        power = scale(power, one.element, bits)
    return value


# -- encoding ------------------------------------------------------------------------------------------------------------------


def encode(
    seed: bytes, shape: Shape, keys: Sequence[bytes], values: Sequence[int], filler: Sequence[int], bits: int
) -> list[int] | None:
    """The store; free columns keep what `filler`, as long as the store, has there. None when the keys do not fit."""
    store = list(filler)
    rows = [row(seed, shape, key, bits) for key in keys]
    for cluster in range(shape.clusters):
        members = [i for i in range(len(keys)) if rows[i].cluster == cluster]
        start = cluster * (shape.sparse + shape.dense)
        part = slice(start, start + shape.sparse + shape.dense)
        if len(members) > shape.cluster_keys or len(keys) > shape.keys:
            return None
        solved = _solve(shape, [rows[i] for i in members], [values[i] for i in members], store[part], bits)
        if solved is None:
            return None
        store[part] = solved
    return store


def peel(rows: Sequence[Row], columns: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Rows with the column that solves each, in order, and the gap. Of columns that one row alone uses, the newest is first."""
    users: list[set[int]] = [set() for _ in range(columns)]
    for number, one in enumerate(rows):
        for column in one.columns:
            users[column].add(number)
    ready = [column for column in range(columns) if len(users[column]) == 1]
    order: list[tuple[int, int]] = []
    gap: list[int] = []

    def remove(number: int) -> None:
        for column in rows[number].columns:
            users[column].remove(number)
            if len(users[column]) == 1:
                ready.append(column)

    while len(order) + len(gap) < len(rows):
        if ready:
            column = ready.pop()
            if len(users[column]) == 1:
                (number,) = users[column]
                order.append((number, column))
                remove(number)
            continue
        column = min((c for c in range(columns) if users[c]), key=lambda c: len(users[c]))
        for place, number in enumerate(sorted(users[column])):
            if place == 0:
                order.append((number, column))
            else:
                gap.append(number)
            remove(number)
    return order, gap


def _solve(shape: Shape, rows: list[Row], values: list[int], part: list[int], bits: int) -> list[int] | None:
    order, gap = peel(rows, shape.sparse)
    if len(gap) > shape.dense:
        return None
    solvable = {column for _, column in order}
    sparse = [0 if column in solvable else part[column] for column in range(shape.sparse)]
    dense = part[shape.sparse :]
    powers = [_powers(one.element, shape.dense, bits) for one in rows]
    equations = []
    for number in gap:
        left, coefficients, target = set(rows[number].columns), list(powers[number]), values[number]
        for other, column in order:
            if column in left:
                left ^= set(rows[other].columns)
                target ^= values[other]
                coefficients = [a ^ b for a, b in zip(coefficients, powers[other], strict=True)]
        for column in left:
            target ^= sparse[column]
        equations.append((coefficients, target))
    if not _eliminate(equations, dense, bits):
        return None
    for number, column in reversed(order):
        value = values[number]
        for power, held in zip(powers[number], dense, strict=True):
            value ^= scale(held, power, bits)
        for other in rows[number].columns:
            value ^= 0 if other == column else sparse[other]
        sparse[column] = value
    return sparse + dense


def _powers(element: int, count: int, bits: int) -> list[int]:
    powers = [element]
    while len(powers) < count:
        powers.append(scale(powers[-1], element, bits))
    return powers


def _eliminate(equations: list[tuple[list[int], int]], dense: list[int], bits: int) -> bool:
    """Solves for as many dense columns as there are equations; the others stay."""
    pivots = []
    for at in range(len(equations)):
        coefficients, target = equations[at]
        pivot = next((i for i, coefficient in enumerate(coefficients) if coefficient), None)
        if pivot is None:
            return False
        inverse = invert(coefficients[pivot], bits)
        coefficients, target = [scale(one, inverse, bits) for one in coefficients], scale(target, inverse, bits)
        for i, (others, other_target) in enumerate(equations):
            factor = others[pivot]
            equations[i] = (
                [a ^ scale(b, factor, bits) for a, b in zip(others, coefficients, strict=True)],
                other_target ^ scale(target, factor, bits),
            )
        equations[at] = (coefficients, target)
        pivots.append(pivot)
    for pivot, (coefficients, target) in zip(pivots, equations, strict=True):
        dense[pivot] = target
        for i, coefficient in enumerate(coefficients):
            if i not in pivots:
                dense[pivot] ^= scale(dense[i], coefficient, bits)
    return True
