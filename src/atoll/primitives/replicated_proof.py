"""Distributed proofs that products of replicated shares were computed as they should be: what one node computes of them.

A node proves its own products to the two others, and verifies theirs with the third. All go through the same messages:

    proof = Proof(streams, ticket, bits, products, moves)
    for length in proof.lengths:
        coin = ...                                # proof.coins(): revealed by their holders, XORed
        message = proof.challenge(coin)           # to the previous node
        proof.hear(...)                           # `length` words of the next node
    proof.challenge(coin)
    to_previous, to_next = proof.shown()          # the other verifier of the next, and of the previous node's products
    next_is_right, previous_is_right = proof.holds(from_previous, from_next)

A part of a coin must be revealed after the next node's last message was heard, never before: what is revealed to it is what it
could not foresee.

Leaks: nothing; all that is sent is masked by words that the hearer lacks. A wrong product goes unnoticed with 2^-41 at most.
Source: Boyle, Gilboa, Ishai, Nof, CCS 2019, ePrint 2019/1390, sections 3 and 4; Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai,
CRYPTO 2019, ePrint 2019/188, section 5. Spec: specs/mpc-malicious.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from atoll import _core
from atoll.primitives.replicated import Order, Streams, Words

COIN_BYTES: Final = 16
"""Length of a coin and of each part of it."""

BitNotes: TypeAlias = tuple[int, Words]
"""A circuit run's ticket and what its `take_log` gave."""
ProductNotes: TypeAlias = tuple[int, Words, Words, Words, bool]
"""A ticket, shares of both factors and of the results, and whether the factors are matrices: else (2, n, k) or (2, n)."""

MoveNotes: TypeAlias = tuple[int, Words, Words, Order | None, bool, bool]
"""Of one step of a shuffle: a ticket, shares of a column before and after it, (2, n), the order of rows if this node knows it,
whether it is of the own key (else of the next one), and whether parts add up by XOR."""


class Proof:
    """One verification by one node; see the module."""

    def __init__(
        self,
        streams: Streams,
        ticket: int,
        bits: Sequence[BitNotes],
        products: Sequence[ProductNotes],
        moves: Sequence[MoveNotes] = (),
    ) -> None:
        """Nothing is computed yet; the arrays must not change before the fourth challenge.

        Args:
            streams: this node's.
            ticket: unused so far; all masks and coins come from it.
            bits, products, moves: what all three nodes noted, in one order.

        Raises:
            ValueError: shapes that do not fit together.
        """
        self._proof = _core.RssProof(streams, ticket, bits, products, moves)
        self.lengths: Final = tuple(self._proof.lengths)
        """Words of each message; none if there is nothing to verify."""
        self.shown_words: Final = self._proof.shown_words
        """Words of what each neighbour is shown."""

    def coins(self) -> tuple[bytes, bytes]:
        """Two of the next coin's three parts: this node's own, and the next node's."""
        return self._proof.coins()

    def challenge(self, coin: bytes) -> Words:
        """This node's next message; empty after the last coin.

        Raises:
            ValueError: all coins were given.
        """
        return self._proof.challenge(coin)

    def hear(self, message: bytes | memoryview) -> bool:
        """Take the next node's message on; False if no honest node sends such.

        Raises:
            ValueError: it has another length than `lengths` says.
        """
        return self._proof.hear(np.frombuffer(message, np.uint64))

    def shown(self) -> tuple[Words, Words]:
        """After the last coin: what the previous and the next node are shown.

        Raises:
            ValueError: there are more coins.
        """
        return self._proof.shown()

    def holds(self, from_previous: bytes | memoryview, from_next: bytes | memoryview) -> tuple[bool, bool]:
        """Whether the next and the previous node's products are right.

        Raises:
            ValueError: there are more coins, or not `shown_words` words.
        """
        return self._proof.holds(np.frombuffer(from_previous, np.uint64), np.frombuffer(from_next, np.uint64))


def traffic(words: int, numbers: int, *, moved: int = 0) -> tuple[tuple[int, ...], int]:
    """`Proof.lengths` and `Proof.shown_words` for so many words of AND gates and so many factors of products.

    Args:
        numbers: factors of products, and one for each number that a step of a shuffle moved.
        moved: words that a step of a shuffle moved.
    """
    lengths, shown = _core.RssProof.traffic(words, moved, numbers)
    return tuple(lengths), shown
