"""Operations on shares give the clear answer, in both models, and cost what `traffic` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from atoll.protocols.mpc import (
    Adversary,
    Node,
    Planes,
    Ring,
    Steps,
    circuit,
    comparison,
    dot,
    equal,
    from_bit,
    from_bits,
    from_each_bit,
    inject,
    is_negative,
    is_zero,
    less_than,
    less_than_any,
    matmul,
    multiply,
    open_planes,
    open_ring,
    open_words,
    reshare,
    rounds,
    square,
    to_bits,
    traffic,
    truncate,
    where,
    where_bits,
    where_number,
)
from atoll.protocols.mpc.conversion import FEW
from atoll.protocols.mpc.errors import BitsOutOfRange, NotVerifiable, OpeningDisputed, ShapesDiffer
from atoll.protocols.mpc.shares import Words, public_planes, public_ring
from atoll.protocols.mpc.traffic import Traffic
from tests.unit.protocols.mpc.three import answer, deal_planes, deal_ring, numbers, opened, run

BOTH = pytest.mark.parametrize("adversary", list(Adversary))
COUNTS = pytest.mark.parametrize("count", [0, 1, 130])
SHORT_CHUNK = FEW
LONG = SHORT_CHUNK + 3
"""Elements of two chunks where a chunk is that short; more than FEW, so that circuits are those of long columns."""

Numbers = NDArray[np.int64]


def same(first: Any, second: Any) -> bool:
    return bool(np.array_equal(np.asarray(first), np.asarray(second)))


@BOTH
@COUNTS
def test_products_wrap_around_as_numbers_modulo_two_to_the_64(count: int, adversary: Adversary) -> None:
    x, y = numbers(count, 1), numbers(count, 2)[::-1].copy()
    a, b = deal_ring(x, 1), deal_ring(y, 2)
    assert same(answer(multiply, a, b, adversary=adversary), x * y)
    assert same(answer(square, a, adversary=adversary), x * x)
    assert same(answer(dot, a, b, adversary=adversary), (x * y).sum())


def test_inner_and_matrix_products_add_up_before_they_are_sent() -> None:
    x, y = numbers(12, 1).reshape(3, 4), numbers(12, 2).reshape(3, 4)
    assert same(answer(dot, deal_ring(x), deal_ring(y, 1)), (x * y).sum(axis=1))
    assert same(answer(matmul, deal_ring(x), deal_ring(y.T.copy(), 1)), x @ y.T)
    assert run(matmul, deal_ring(x), deal_ring(y.T.copy(), 1)).bytes_by_node == (72, 72, 72)
    assert same(answer(dot, deal_ring(np.zeros((3, 0))), deal_ring(np.zeros((3, 0)), 1)), np.zeros(3))


@pytest.mark.parametrize("operation", [multiply, dot, less_than, equal])
def test_shapes_that_differ_are_refused(operation: Callable[..., Any]) -> None:
    with pytest.raises(ShapesDiffer):
        run(operation, deal_ring(numbers(3)), deal_ring(numbers(4)))


def test_a_matrix_product_of_unfit_shapes_is_refused() -> None:
    with pytest.raises(ShapesDiffer):
        run(matmul, deal_ring(np.zeros((2, 3))), deal_ring(np.zeros((2, 3))))


@BOTH
@COUNTS
def test_numbers_become_bits_and_bits_numbers(count: int, adversary: Adversary) -> None:
    x = numbers(count)
    for width in (1, 33, 64):
        low = x if width == 64 else x & ((1 << width) - 1)
        assert same(answer(lambda node, mine, w=width: to_bits(node, mine, w), deal_ring(x), adversary=adversary), low)
        assert same(answer(from_bits, deal_planes(x, width), adversary=adversary), low)


@BOTH
@COUNTS
def test_single_bits_become_numbers(count: int, adversary: Adversary) -> None:
    x = numbers(count, bits=3)
    assert same(answer(from_bit, deal_planes(x, 1), adversary=adversary), x & 1)
    assert same(answer(from_each_bit, deal_planes(x, 3), adversary=adversary), [x & 1, x >> 1 & 1, x >> 2 & 1])
    y = numbers(count, 1)
    assert same(answer(inject, deal_planes(x, 1), deal_ring(y), adversary=adversary), y * (x & 1))


@BOTH
@COUNTS
def test_comparisons_are_right_within_their_bits(count: int, adversary: Adversary) -> None:
    for bits in (1, 17, 64):
        x = numbers(count, 3, bits=bits)
        assert same(
            answer(lambda node, mine, b=bits: is_negative(node, mine, bits=b), deal_ring(x), adversary=adversary), x < 0
        )
        zero = answer(lambda node, mine, b=bits: is_zero(node, mine, bits=b), deal_ring(x), adversary=adversary)
        assert same(zero, x == 0)
    x, y = numbers(count, 4, bits=62), numbers(count, 5, bits=62)[::-1].copy()
    y[::3] = x[::3]
    a, b = deal_ring(x, 1), deal_ring(y, 2)
    assert same(answer(less_than, a, b, adversary=adversary), x < y)
    assert same(answer(equal, a, b, adversary=adversary), x == y)


@BOTH
@COUNTS
def test_any_numbers_are_compared_where_the_difference_may_overflow(count: int, adversary: Adversary) -> None:
    x, y = numbers(count, 6), numbers(count, 7)[::-1].copy()
    y[::4] = x[::4]
    assert same(answer(less_than_any, deal_ring(x, 1), deal_ring(y, 2), adversary=adversary), x < y)


@BOTH
@COUNTS
def test_truncation_rounds_down_and_is_exact(count: int, adversary: Adversary) -> None:
    for bits in (1, 40, 62):
        x, full = numbers(count, 8, bits=63), numbers(count, 9)
        assert same(answer(lambda node, mine, b=bits: truncate(node, mine, b), deal_ring(x), adversary=adversary), x >> bits)
        found = answer(lambda node, mine, b=bits: truncate(node, mine, b, full=True), deal_ring(full), adversary=adversary)
        assert same(found, full >> bits)


@pytest.mark.parametrize("bits", [1, 20, 61])
@pytest.mark.parametrize("value", [0, -1, (1 << 20) - 1, 1 << 20, (1 << 62) - 1, -(1 << 62)])
def test_truncation_is_exact_for_every_split_at_a_border(value: int, bits: int) -> None:
    """Carries are decided by the parts, so many splits of one number are tried."""
    for full in (False, True):
        found = answer(lambda node, mine, f=full: truncate(node, mine, bits, full=f), deal_ring(np.full(200, value), bits))
        assert set(found.tolist()) == {value >> bits}


@BOTH
def test_a_bit_chooses_numbers_or_bits(adversary: Adversary) -> None:
    c, x, y = numbers(100, bits=1) & 1, numbers(100, 1), numbers(100, 2)
    chosen = np.where(c, x, y)
    bit, a, b = deal_planes(c, 1), deal_ring(x, 1), deal_ring(y, 2)
    assert same(answer(where, bit, a, b, adversary=adversary), chosen)
    assert same(answer(where_number, deal_ring(c, 3), a, b, adversary=adversary), chosen)
    assert same(answer(where_bits, bit, deal_planes(x, 64, 1), deal_planes(y, 64, 2), adversary=adversary), chosen)


@pytest.mark.parametrize(
    ("operation", "bits"),
    [(to_bits, 0), (to_bits, 65), (truncate, 0), (truncate, 63), (is_negative, 0), (is_zero, 65)],
)
def test_bits_out_of_range_are_refused(operation: Callable[..., Any], bits: int) -> None:
    name = {to_bits: "width", truncate: "bits"}.get(operation, "bits")
    with pytest.raises(BitsOutOfRange):
        run(lambda node, mine: operation(node, mine, **{name: bits}), deal_ring(numbers(3)))


@pytest.mark.parametrize("operation", [to_bits, is_negative, is_zero])
def test_a_table_where_a_column_is_due_is_refused(operation: Callable[..., Any]) -> None:
    with pytest.raises(ShapesDiffer):
        run(operation, deal_ring(np.zeros((2, 2))))


def test_what_one_node_knows_alone_is_no_step_of_malicious_mode() -> None:
    with pytest.raises(NotVerifiable, match="reshare"):
        run(lambda node, mine: reshare(node, mine.shares[0]), deal_ring(numbers(3)), adversary=Adversary.MALICIOUS)


def test_public_values_are_shares_too() -> None:
    x = numbers(70)
    assert same(answer(lambda node: _given(public_ring(node.me, x))), x)
    assert same(answer(lambda node: _given(public_planes(node.me, x.view(np.uint64), 9))), x & 511)
    assert same(answer(lambda node, mine: _given(mine.plus_public(node.me, -5)), deal_ring(x)), x - 5)
    assert same(answer(lambda node, mine: _given(mine.inverted(node.me)), deal_planes(x, 64)), ~x)


def _given(shared: Ring | Planes) -> Steps[Ring | Planes]:
    return shared
    yield


def test_linear_operations_are_numpys() -> None:
    x, y = numbers(12, 1).reshape(3, 4), numbers(12, 2).reshape(3, 4)
    a, b = deal_ring(x, 1), deal_ring(y, 2)
    for mine, clear in [
        (lambda p, q: p + q, x + y),
        (lambda p, q: p - q, x - y),
        (lambda p, q: -p, -x),
        (lambda p, q: p * -3, x * -3),
        (lambda p, q: p * np.arange(4), x * np.arange(4)),
        (lambda p, q: p.sum(), x.sum()),
        (lambda p, q: p.sum(axis=0), x.sum(axis=0)),
        (lambda p, q: p.sum(axis=-1), x.sum(axis=-1)),
        (lambda p, q: p.reshape(4, 3)[1:, 2], x.reshape(4, 3)[1:, 2]),
    ]:
        assert same(answer(lambda node, p, q, f=mine: _given(f(p, q)), a, b), clear)


def test_words_and_planes_hold_the_same_bits() -> None:
    x = numbers(70)
    shares = [one.planes for one in deal_planes(x, 64)]

    def through(node: Node, mine: Planes) -> Steps[Any]:
        words = mine.to_words()
        return (yield from open_words(node, words ^ Words(words.to_planes(8).to_words().shares)))

    ran = run(through, deal_planes(x, 64))
    assert same(ran.outputs[2].view(np.int64), x & ~255)
    assert shares[0].shape == (2, 64, 2)


def test_nothing_beyond_a_column_is_opened() -> None:
    """A column cut out of a longer one has secrets of others in its last word."""
    x = numbers(64) | 1
    heard: list[bytes] = []

    def ear(sender: int, to: int, data: bytes) -> bytes:
        heard.append(data)
        return data

    def cut(node: Node, mine: Planes) -> Steps[Any]:
        return open_planes(node, Planes(mine.planes, 3))

    run(cut, deal_planes(x, 1), tap=ear)
    parts = [data for data in heard if len(data) == 8]
    assert len(parts) == 3
    assert all(int.from_bytes(part, "little") < 8 for part in parts)


@pytest.mark.parametrize("sender", range(3))
@pytest.mark.parametrize("forward", [True, False])
def test_one_altered_part_or_digest_of_an_opening_is_noticed(sender: int, forward: bool) -> None:
    def hand(by: int, to: int, data: bytes) -> bytes:
        is_changed = by == sender and (to == (by + 1) % 3) == forward
        return bytes([data[0] ^ 1]) + data[1:] if is_changed else data

    with pytest.raises(OpeningDisputed) as caught:
        run(open_ring, deal_ring(numbers(5)), tap=hand)
    assert f"compute/{sender}" in (caught.value.operands["first"], caught.value.operands["second"])
    with pytest.raises(OpeningDisputed):
        run(open_planes, deal_planes(numbers(5), 3), tap=hand)


COSTS: dict[str, tuple[Callable[..., Steps[Any]], Callable[[int, bool], Traffic]]] = {
    "multiply": (lambda node, x, b: multiply(node, x, x), lambda n, m: traffic.multiply(n)),
    "dot": (lambda node, x, b: dot(node, x, x), lambda n, m: traffic.dot(1, n)),
    "to_bits": (lambda node, x, b: to_bits(node, x), lambda n, m: traffic.to_bits(n, malicious=m)),
    "to_bits 9": (lambda node, x, b: to_bits(node, x, 9), lambda n, m: traffic.to_bits(n, 9, malicious=m)),
    "from_bits": (lambda node, x, b: from_bits(node, b), lambda n, m: traffic.from_bits(n, malicious=m)),
    "from_bits 9": (lambda node, x, b: from_bits(node, b.bits(0, 9)), lambda n, m: traffic.from_bits(n, 9, malicious=m)),
    "from_bit": (lambda node, x, b: from_bit(node, b.bits(3)), lambda n, m: traffic.from_bit(n, malicious=m)),
    "from_each_bit": (
        lambda node, x, b: from_each_bit(node, b.bits(0, 7)),
        lambda n, m: traffic.from_bit(n, width=7, malicious=m),
    ),
    "inject": (lambda node, x, b: inject(node, b.bits(3), x), lambda n, m: traffic.inject(n, malicious=m)),
    "is_negative": (lambda node, x, b: is_negative(node, x), lambda n, m: traffic.is_negative(n, malicious=m)),
    "less_than 20": (
        lambda node, x, b: less_than(node, x, x, bits=20),
        lambda n, m: traffic.is_negative(n, bits=20, malicious=m),
    ),
    "less_than_any": (lambda node, x, b: less_than_any(node, x, x), lambda n, m: traffic.less_than_any(n, malicious=m)),
    "equal": (lambda node, x, b: equal(node, x, x), lambda n, m: traffic.is_zero(n, malicious=m)),
    "truncate": (lambda node, x, b: truncate(node, x, 20), lambda n, m: traffic.truncate(n, 20, malicious=m)),
    "truncate full": (
        lambda node, x, b: truncate(node, x, 20, full=True),
        lambda n, m: traffic.truncate(n, 20, full=True, malicious=m),
    ),
    "where": (lambda node, x, b: where(node, b.bits(0), x, x), lambda n, m: traffic.inject(n, malicious=m)),
    "where_bits": (lambda node, x, b: where_bits(node, b.bits(0), b, b), lambda n, m: traffic.where_bits(n, 64)),
    "open_ring": (lambda node, x, b: open_ring(node, x), lambda n, m: traffic.open_ring(n)),
    "open_planes": (lambda node, x, b: open_planes(node, b), lambda n, m: traffic.open_planes(64, n)),
}


@BOTH
@pytest.mark.parametrize("count", [0, 130])
@pytest.mark.parametrize("name", COSTS)
def test_traffic_is_what_is_counted(name: str, count: int, adversary: Adversary) -> None:
    operation, expected = COSTS[name]
    ran = run(operation, deal_ring(numbers(count)), deal_planes(numbers(count), 64), adversary=adversary)
    told = expected(count, adversary is Adversary.MALICIOUS)
    assert Traffic(ran.rounds, ran.bytes_by_node) == told
    assert adversary is Adversary.SEMI_HONEST or ran.claims_by_node == told.claims


@BOTH
def test_columns_of_more_than_a_chunk_are_the_same(monkeypatch: pytest.MonkeyPatch, adversary: Adversary) -> None:
    monkeypatch.setattr(rounds, "CHUNK", SHORT_CHUNK)
    for module in (circuit, comparison):
        monkeypatch.setattr(module, "CIRCUIT_CHUNK", SHORT_CHUNK)
    x, y = numbers(LONG, 1, bits=63), numbers(LONG, 2, bits=63)
    a, b = deal_ring(x, 1), deal_ring(y, 2)

    def all_at_once(node: Node, a: Ring, b: Ring) -> Steps[Any]:
        less = yield from less_than(node, a, b)
        bits = yield from to_bits(node, a, 30)
        results = (
            less,
            (yield from where(node, less, a, b)),
            (yield from truncate(node, a, 20)),
            (yield from from_bits(node, bits)),
            (yield from equal(node, a, b)),
            (yield from less_than_any(node, a, b)),
        )
        values = []
        for result in results:
            values.append((yield from opened(node, result)))
        return values

    ran = run(all_at_once, a, b, adversary=adversary)
    expected = [x < y, np.minimum(x, y), x >> 20, x & ((1 << 30) - 1), x == y, x < y]
    assert [same(found.view(np.int64), clear) for found, clear in zip(ran.outputs[1], expected, strict=True)] == [True] * 6
    m = adversary is Adversary.MALICIOUS
    cost = [
        traffic.is_negative(LONG, malicious=m),
        traffic.to_bits(LONG, 30, malicious=m),
        traffic.inject(LONG, malicious=m),
        traffic.truncate(LONG, 20, malicious=m),
        traffic.from_bits(LONG, 30, malicious=m),
        traffic.is_zero(LONG, malicious=m),
        traffic.less_than_any(LONG, malicious=m),
        *[traffic.open_planes(1, LONG)] * 3,
        *[traffic.open_ring(LONG)] * 3,
    ]
    assert Traffic(ran.rounds, ran.bytes_by_node) == sum(cost, Traffic())
