"""What the operations on columns hold at a compute node beside their operands and results, in bytes at most.

Arguments are those of `traffic`; for tables there is `table_memory`. What malicious mode notes of products comes on top
(`Traffic.products`). What an element takes was measured where nothing else is in memory, in both models, at widths of 12 to 64
bits, buffers of rounds in flight included, and rounded up by a fifth or more: tests/unit/programs/test_memory.py holds it
against runs.
"""

from __future__ import annotations

NUMBER_BYTES = 16
"""Of a number: both shares."""
PRODUCT_BYTES = 32
"""Of a product on its way: what is masked, said and heard."""
BIT_BYTES = 40
"""Of a bit that becomes a number."""
INJECTED_BYTES = 64
"""Of a number times a bit."""
CUT_BYTES = 80
"""Of a number that is truncated, beside its carry."""
LOOKED_UP_BYTES = 760
"""Of an element of the functions that are tables of polynomials, while it is bits."""


def circuit(count: int, bits: int) -> int:
    """`evaluate` of a comparison's or an adder's circuit: inputs, the wires of its rounds, what is said and heard of them."""
    return count * (2 + bits + bits // 2)


def compared(count: int, bits: int) -> int:
    """`is_negative`, `is_zero` of a difference that is written down, like a public number that it is from."""
    return 2 * NUMBER_BYTES * count + circuit(count, bits)


def multiplied(count: int) -> int:
    """`multiply`, `square`."""
    return PRODUCT_BYTES * count


def from_bit(count: int) -> int:
    """`from_bit`."""
    return BIT_BYTES * count


def inject(count: int) -> int:
    """`inject`, `where`."""
    return INJECTED_BYTES * count


def truncate(count: int, bits: int) -> int:
    """`truncate`."""
    return CUT_BYTES * count + circuit(count, bits)


def moved_bits(given: int, result: int) -> int:
    """Truth values at other places: one byte each of what one share of them was, and becomes."""
    return given + 2 * result
