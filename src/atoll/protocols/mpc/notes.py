"""What malicious mode notes of products and shuffles until they are verified.

Notes are taken when a product's round is over, and rounds are over in one order at all nodes, so all three hold the same notes
at the same time. They refer to shares, which are never changed in place; only factors that do not lie one behind the other are
copied, and those of a product of matrices with few results, once for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from atoll.primitives.replicated import Order
from atoll.primitives.replicated_proof import BitNotes, MoveNotes, ProductNotes
from atoll.protocols.mpc.shares import Words64

FEW_SUMS = 128
"""A matrix product of so many results is verified one by one; larger ones on as many random sums of rows and columns."""


class Product(StrEnum):
    """How the factors of a noted batch of products belong together."""

    ELEMENTS = "elements"
    """z[j] = x[j] y[j]; all (2, n)."""
    INNER = "inner"
    """z[j] = sum over k of x[j, k] y[j, k]; factors (2, n, k)."""
    MATRIX = "matrix"
    """z = x @ y; factors (2, m, k) and (2, k, n)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Notes that a verification is about."""

    circuits: list[BitNotes]
    products: list[ProductNotes]
    moves: list[MoveNotes]
    end: tuple[int, int, int]
    """How many of each kind are noted up to here, since the beginning."""

    def __bool__(self) -> bool:
        return bool(self.circuits or self.products or self.moves)

    @property
    def numbers(self) -> int:
        """Products of numbers in all claims; each factor of an inner product is one."""
        products: int = sum(FEW_SUMS * x.shape[2] if is_matrix else x[0].size for _, x, _, _, is_matrix in self.products)
        moved: int = sum(x.shape[1] for _, x, _, _, _, is_bits in self.moves if not is_bits)
        return products + moved


class Notes:
    """Products that were exchanged and are not verified."""

    def __init__(self) -> None:
        self._circuits: list[BitNotes] = []
        self._products: list[ProductNotes] = []
        self._moves: list[MoveNotes] = []
        self._settled = (0, 0, 0)

    def ring(self, kind: Product, ticket: int, x: Words64, y: Words64, z: Words64) -> None:
        """One batch of products: shares of both factors and of the result; element j of z is masked by word j of `ticket`."""
        if not z.size:
            return
        if not x.size:
            raise ValueError("an empty sum is known and not sent")
        is_matrix = kind is Product.MATRIX
        if is_matrix and z[0].size <= FEW_SUMS:
            (_, rows, inner), columns = x.shape, y.shape[2]
            x = np.ascontiguousarray(np.broadcast_to(x[:, :, None, :], (2, rows, columns, inner)))
            y = np.ascontiguousarray(np.broadcast_to(y.transpose(0, 2, 1)[:, None], (2, rows, columns, inner)))
            is_matrix = False
        elif is_matrix:
            x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
        self._products.append((ticket, x, y, z, is_matrix))

    def bits(self, ticket: int, logged: Words64) -> None:
        """One circuit's ANDs: rows x_own, x_next, y_own, y_next, z_own, z_next."""
        if logged.size:
            self._circuits.append((ticket, logged))

    def move(self, ticket: int, x: Words64, z: Words64, order: Order | None, *, is_own: bool, is_bits: bool) -> None:
        """One step of a shuffle of one column, as `MoveNotes` has it."""
        self._moves.append((ticket, x, z, order, is_own, is_bits))

    def take(self) -> Taken:
        """All that is not verified, also what another verification is busy with: that one may yet fail."""
        circuits, products, moves = self._settled
        end = circuits + len(self._circuits), products + len(self._products), moves + len(self._moves)
        return Taken(self._circuits[:], self._products[:], self._moves[:], end)

    def settle(self, taken: Taken) -> None:
        """Forget what was verified."""
        circuits, products, moves = (max(end - settled, 0) for end, settled in zip(taken.end, self._settled, strict=True))
        del self._circuits[:circuits], self._products[:products], self._moves[:moves]
        before = self._settled
        self._settled = before[0] + circuits, before[1] + products, before[2] + moves
