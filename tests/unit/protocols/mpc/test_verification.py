"""Malicious mode: honest runs end well, and whatever one node does, nothing wrong is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from atoll.errors import PeerError
from atoll.primitives.replicated import Streams
from atoll.primitives.replicated_proof import Proof
from atoll.protocols.mpc import (
    Adversary,
    Node,
    Planes,
    Ran,
    Ring,
    Steps,
    dot,
    from_bit,
    from_bits,
    inject,
    less_than,
    matmul,
    multiply,
    open_planes,
    open_ring,
    parallel,
    run_together,
    set_up,
    to_bits,
    traffic,
    truncate,
    verification,
)
from atoll.protocols.mpc.errors import CoinDisputed, OpeningDisputed, ProductsDisputed, RoundsDiffer, TooManyProducts
from atoll.protocols.mpc.shuffling import Shuffle
from atoll.protocols.mpc.together import Tap
from atoll.protocols.mpc.traffic import Traffic
from tests.unit.protocols.mpc.three import deal_planes, deal_ring, numbers

CONTEXT = b"c" * 40
SET_UP_ROUNDS = 2
Program = Callable[..., Steps[Any]]


def play(program: Program, *inputs: list[Any], seed: int = 0, tap: Tap | None = None) -> Ran[Any]:
    """Three nodes that set up and run a program in malicious mode."""

    def steps(me: int) -> Steps[Any]:
        own_seed = bytes([seed % 256, seed // 256, me]) * 11
        node = yield from set_up(me, context=CONTEXT, seed=own_seed[:32], adversary=Adversary.MALICIOUS)
        return (yield from program(node, *(one[me] for one in inputs)))

    return run_together([steps(me) for me in range(3)], tap=tap)


def everything(node: Node, x: Ring, y: Ring, bits: Planes) -> Steps[Any]:
    """Products of every kind, some side by side."""
    results: list[Any] = yield from parallel(
        less_than(node, x, y),
        truncate(node, x, 7),
        multiply(node, x, y),
        dot(node, x, y),
        matmul(node, x.reshape(-1, 2), y.reshape(2, -1)),
    )
    less, low, product, inner, square = results
    chosen = yield from inject(node, less, product)
    converted = yield from from_bits(node, bits)
    values = []
    for value in (low, product, inner, square, chosen, converted):
        values.append((yield from open_ring(node, value)))
    return values


def compare(node: Node, x: Ring, y: Ring) -> Steps[Any]:
    return (yield from open_planes(node, (yield from less_than(node, x, y))))


@pytest.mark.parametrize("count", [2, 66, 130])
def test_honest_nodes_open_what_is_right(count: int) -> None:
    x, y, bits = numbers(count, 1, bits=40), numbers(count, 2, bits=40), numbers(count, 3, bits=20) & 0xFFFFF
    for seed in range(5):
        ran = play(everything, deal_ring(x, seed), deal_ring(y, seed + 9), deal_planes(bits, 20, seed), seed=seed)
        square = x.reshape(-1, 2) @ y.reshape(2, -1)
        expected = [x >> 7, x * y, (x * y).sum(keepdims=True)[0], square, np.where(x < y, x * y, 0), bits]
        for found in ran.outputs:
            for one, clear in zip(found, expected, strict=True):
                assert np.array_equal(one.view(np.int64), clear)


def test_two_openings_at_once_both_wait_for_the_products_behind_them() -> None:
    x, y = numbers(100, 1), numbers(100, 2)

    def both(node: Node, x: Ring, y: Ring) -> Steps[Any]:
        product = yield from multiply(node, x, y)
        return (yield from parallel(open_ring(node, product), open_ring(node, product + x)))

    ran = play(both, deal_ring(x), deal_ring(y))
    assert np.array_equal(ran.outputs[1][1].view(np.int64), x * y + x)
    for sender in range(3):
        flip, opened = Flip(sender, 0, 0), 0

        def ear(who: int, to: int, data: bytes, flip: Flip = flip) -> bytes:
            nonlocal opened
            opened += who != flip.sender and to == (who + 1) % 3 and len(data) == x.nbytes
            return flip(who, to, data)

        with pytest.raises(ProductsDisputed):
            play(both, deal_ring(x), deal_ring(y), tap=ear)
        assert not opened


class Flip:
    """Changes one bit of the n-th thing that a node says to its previous or next node after the set-up."""

    def __init__(self, sender: int, which: int, byte: int, *, to_next: bool = False) -> None:
        self.sender, self.to = sender, (sender + 1) % 3 if to_next else (sender + 2) % 3
        self.which, self.byte = which, byte
        self.said = -2 if not to_next else -1  # the key and its digest; the digest
        self.done = False

    def __call__(self, sender: int, to: int, data: bytes) -> bytes:
        if (sender, to) != (self.sender, self.to):
            return data
        self.said += 1
        if self.said - 1 != self.which:
            return data
        self.done = True
        changed = bytearray(data)
        changed[self.byte % len(data)] ^= 4
        return bytes(changed)


@pytest.mark.parametrize("sender", range(3))
@pytest.mark.parametrize("to_next", [False, True])
def test_a_changed_bit_of_anything_said_ends_the_run_at_an_honest_node(sender: int, to_next: bool) -> None:
    x, y = numbers(70, 1, bits=30), numbers(70, 2, bits=30)
    which, caught = 0, 0
    while True:
        flips = [Flip(sender, which, byte, to_next=to_next) for byte in (0, 9, -1)]
        for flip in flips:
            try:
                play(compare, deal_ring(x), deal_ring(y), seed=which, tap=flip)
            except PeerError:
                caught += flip.done
            else:
                assert not flip.done, (which, flip.byte)
        if not flips[0].done:
            break
        which += 1
    assert caught >= 3 * (2 if to_next else 10)


def test_a_wrong_product_is_disputed_by_both_who_check() -> None:
    x, y = numbers(70, 1), numbers(70, 2)

    def program(node: Node, x: Ring, y: Ring) -> Steps[Any]:
        product = yield from multiply(node, x, y)
        with pytest.raises(ProductsDisputed) as disputed:
            yield from open_ring(node, product)
        return str(disputed.value)

    def tolerant(node: Node, x: Ring, y: Ring) -> Steps[Any]:
        if node.me == 1:  # the liar believes itself
            product = yield from multiply(node, x, y)
            yield from node.verify()
            return product
        return (yield from program(node, x, y))

    ran = play(tolerant, deal_ring(x), deal_ring(y), tap=Flip(1, 0, 0))
    sentence = "The products of compute/1, checked by compute/0 and compute/2, were not confirmed."
    assert sentence in ran.outputs[0]
    assert sentence in ran.outputs[2]


def test_nobody_is_given_another_coin() -> None:
    x = numbers(70, 1)
    for sender in range(3):
        # to the next node, a node says its parts of coins first
        with pytest.raises(CoinDisputed):
            play(lambda node, x: open_twice(node, x), deal_ring(x), tap=Flip(sender, 0, 0, to_next=True))


def open_twice(node: Node, x: Ring) -> Steps[Any]:
    return (yield from open_ring(node, (yield from multiply(node, x, x))))


def test_short_and_replayed_messages_end_the_run() -> None:
    x, y = numbers(70, 1), numbers(70, 2)
    for sender in range(3):
        said: list[bytes] = []

        def replay(who: int, to: int, data: bytes, sender: int = sender, said: list[bytes] = said) -> bytes:
            if who == sender and to == (who + 2) % 3:
                said.append(data)
                same = [old for old in said[:-1] if len(old) == len(data)]
                return same[-1] if same and len(said) > 3 else data
            return data

        with pytest.raises(PeerError):
            play(compare, deal_ring(x), deal_ring(y), tap=replay)

        def cut(who: int, to: int, data: bytes, sender: int = sender) -> bytes:
            return data[:-8] if who == sender and len(data) > 64 else data

        with pytest.raises((PeerError, RoundsDiffer, ValueError)):
            play(compare, deal_ring(x), deal_ring(y), tap=cut)


def test_what_is_verified_is_verified_once() -> None:
    x = numbers(10, 1)

    def twice(node: Node, x: Ring) -> Steps[Any]:
        product = yield from multiply(node, x, x)
        first = yield from open_ring(node, product)
        second = yield from open_ring(node, product)
        return first, second

    def once(node: Node, x: Ring) -> Steps[Any]:
        return (yield from open_ring(node, (yield from multiply(node, x, x))))

    again, alone = play(twice, deal_ring(x)), play(once, deal_ring(x))
    assert Traffic(again.rounds, again.bytes_by_node) == Traffic(alone.rounds, alone.bytes_by_node) + traffic.open_ring(10)


@pytest.mark.parametrize("count", [1, 64, 65, 200])
def test_verification_costs_what_is_foretold(count: int) -> None:
    def program(node: Node, x: Ring, b: Planes) -> Steps[Any]:
        bits = yield from to_bits(node, x, 9)
        number = yield from from_bit(node, b)
        yield from node.verify()
        return bits, number

    ran = play(program, deal_ring(numbers(count)), deal_planes(numbers(count) & 1, 1))
    gates = traffic.to_bits(count, 9, malicious=True)
    multiplied = gates + traffic.from_bit(count, malicious=True)
    (products,) = multiplied.products
    assert (products.words, products.numbers) == (gates.sent[0] // 8, 2 * count)
    set_up_cost = Traffic(SET_UP_ROUNDS, (96, 96, 96))
    assert Traffic(ran.rounds, ran.bytes_by_node) == set_up_cost + multiplied + traffic.verification(products)


def test_more_products_at_once_than_a_proof_can_carry_over_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are all factors of an inner product, sums of a large matrix, and the steps that a number takes in a shuffle."""
    x = np.arange(60)
    counts: dict[str, tuple[int, Callable[[Node, Ring], Steps[Any]]]] = {
        "elements": (60, lambda node, x: multiply(node, x, x)),
        "inner": (60, lambda node, x: dot(node, x, x)),
        "few sums": (10 * 10 * 6, lambda node, x: matmul(node, x.reshape(10, 6), x.reshape(6, 10))),
        "matrix": (128 * 3, lambda node, x: matmul(node, x.reshape(20, 3), x.reshape(3, 20))),
        "shuffle": (3 * 60, lambda node, x: Shuffle.draw(node, 60).apply(node, x)),
        "bits": (0, lambda node, x: to_bits(node, x, 6)),
    }
    for expected, operation in counts.values():

        def program(node: Node, x: Ring, operation: Callable[[Node, Ring], Steps[Any]] = operation) -> Steps[int]:
            yield from operation(node, x)
            assert node.log is not None
            counted = node.log.take().numbers
            yield from node.verify()
            return counted

        monkeypatch.setattr(verification, "MAX_PRODUCTS", expected + 1)
        assert play(program, deal_ring(x)).outputs == [expected] * 3
        if expected:
            monkeypatch.setattr(verification, "MAX_PRODUCTS", expected)
            with pytest.raises(TooManyProducts, match=f"{expected:,} products|{expected} products"):
                play(program, deal_ring(x))


def test_without_products_there_is_nothing_to_verify() -> None:
    x = numbers(5, 1)
    ran = play(lambda node, x: open_ring(node, x), deal_ring(x))
    assert Traffic(ran.rounds, ran.bytes_by_node) == Traffic(SET_UP_ROUNDS, (96, 96, 96)) + traffic.open_ring(5)
    assert traffic.verification(traffic.NONE) == Traffic()


def test_an_altered_opening_is_noticed_too() -> None:
    with pytest.raises(OpeningDisputed):
        play(lambda node, x: open_ring(node, x), deal_ring(numbers(5, 1)), tap=Flip(0, 0, 0, to_next=True))


def test_a_share_of_a_quotient_that_no_honest_node_sends_is_refused() -> None:
    x = deal_ring(numbers(10, 1))[0].shares
    for word, value, is_taken in ((2, 1 << 40, False), (2, (1 << 33) - 1, True), (2, 1 << 33, False), (0, (1 << 64) - 1, True)):
        proof = Proof(Streams(bytes(16), bytes(range(16))), 7, [], [(1, x, x, x, False)])
        message = proof.challenge(proof.coins()[0])
        message[word] = value
        assert proof.hear(message.data.cast("B")) is is_taken


def test_empty_sums_are_known_and_nothing_is_sent_that_nobody_verifies() -> None:
    empty = deal_ring(np.zeros((2, 0), np.int64))

    def program(node: Node, x: Ring) -> Steps[Any]:
        sums = yield from dot(node, x, x)
        products = yield from matmul(node, x, x.reshape(0, 2))
        return (yield from open_ring(node, sums)), (yield from open_ring(node, products))

    heard: list[int] = []

    def ear(_sender: int, _to: int, data: bytes) -> bytes:
        heard.append(len(data))
        return data

    for sums, products in play(program, empty, tap=ear).outputs:
        assert not sums.any()
        assert products.shape == (2, 2)
        assert not products.any()
    assert 8 * 4 in heard
    assert len(heard) == 3 * (1 + 2 + 2 * 2)  # keys, their digests, two openings with their digests
    assert traffic.dot(2, 0) == traffic.matmul(2, 0, 2) == Traffic()
