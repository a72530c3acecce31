"""`SecretArray`: the secret values that a program computes with; its operators and methods are those of arrays."""

from __future__ import annotations

from atoll.programs.functions import arithmetic as numbers
from atoll.programs.traced import Literal, Traced


class SecretArray(Traced):
    """Secret numbers or truth values of a public shape, some of them perhaps null.

    A program computes with it as with a numpy array, and never sees a value. Functions of the same names stand in
    `atoll.programs`.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # == gives secrets
    __array_ufunc__ = None  # numpy leaves `array + secret` to us

    def __add__(self, other: SecretArray | Literal) -> SecretArray:
        return numbers.add(self, other)

    def __radd__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # numpy's arrays leave it to us
        return numbers.add(other, self)

    def __sub__(self, other: SecretArray | Literal) -> SecretArray:
        return numbers.subtract(self, other)

    def __rsub__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # numpy's arrays leave it to us
        return numbers.subtract(other, self)

    def __mul__(self, other: SecretArray | Literal) -> SecretArray:
        return numbers.multiply(self, other)

    def __rmul__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # numpy's arrays leave it to us
        return numbers.multiply(other, self)

    def __neg__(self) -> SecretArray:
        return numbers.negative(self)

    def __pos__(self) -> SecretArray:
        return self

    def __pow__(self, exponent: int) -> SecretArray:
        return numbers.pow(self, exponent)
