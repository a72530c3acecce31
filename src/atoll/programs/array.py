"""`SecretArray`: the secret values that a program computes with; its operators and methods are those of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atoll.programs.dtypes import DType
from atoll.programs.functions import (
    arithmetic,
    comparison,
    elementary,
    linalg,
    ordering,
    reductions,
    selection,
    shaping,
    statistics,
)
from atoll.programs.traced import Literal, Traced

# Every method is one of the functions in `functions/`, which say what it does, costs and refuses.


class SecretArray(Traced):
    """Secret numbers or truth values of a public shape, some of them perhaps null.

    A program computes with it as with a numpy array, and never sees a value. Functions of the same names, and more, stand in
    `atoll.programs`.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # == gives secrets
    __array_ufunc__ = None  # numpy leaves `array + secret` to us

    def __add__(self, other: SecretArray | Literal) -> SecretArray:
        return arithmetic.add(self, other)

    def __radd__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # numpy's arrays leave it to us
        return arithmetic.add(other, self)

    def __sub__(self, other: SecretArray | Literal) -> SecretArray:
        return arithmetic.subtract(self, other)

    def __rsub__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return arithmetic.subtract(other, self)

    def __mul__(self, other: SecretArray | Literal) -> SecretArray:
        return arithmetic.multiply(self, other)

    def __rmul__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return arithmetic.multiply(other, self)

    def __truediv__(self, other: SecretArray | Literal) -> SecretArray:
        return elementary.divide(self, other)

    def __rtruediv__(self, other: Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return elementary.divide(other, self)

    def __neg__(self) -> SecretArray:
        return arithmetic.negative(self)

    def __pos__(self) -> SecretArray:
        return self

    def __abs__(self) -> SecretArray:
        return selection.abs(self)

    def __pow__(self, exponent: int) -> SecretArray:
        return arithmetic.pow(self, exponent)

    def __matmul__(self, other: SecretArray | Literal) -> SecretArray:
        return linalg.matmul(self, other)

    def __rmatmul__(self, other: Literal) -> SecretArray:
        return linalg.matmul(other, self)

    def __lt__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return comparison.less(self, other)

    def __le__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return comparison.less_equal(self, other)

    def __gt__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return comparison.greater(self, other)

    def __ge__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[misc]  # as above
        return comparison.greater_equal(self, other)

    def __eq__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[override]  # of arrays, by element
        return comparison.equal(self, other)

    def __ne__(self, other: SecretArray | Literal) -> SecretArray:  # type: ignore[override]  # of arrays, by element
        return comparison.not_equal(self, other)

    def __and__(self, other: SecretArray | Literal) -> SecretArray:
        return comparison.logical_and(self, other)

    def __rand__(self, other: Literal) -> SecretArray:
        return comparison.logical_and(other, self)

    def __or__(self, other: SecretArray | Literal) -> SecretArray:
        return comparison.logical_or(self, other)

    def __ror__(self, other: Literal) -> SecretArray:
        return comparison.logical_or(other, self)

    def __xor__(self, other: SecretArray | Literal) -> SecretArray:
        return comparison.logical_xor(self, other)

    def __rxor__(self, other: Literal) -> SecretArray:
        return comparison.logical_xor(other, self)

    def __invert__(self) -> SecretArray:
        return comparison.logical_not(self)

    def __getitem__(self, key: shaping.Index | tuple[shaping.Index, ...]) -> SecretArray:
        return shaping.index(self, key)

    def __len__(self) -> int:
        return shaping.length(self)

    def __iter__(self) -> Iterator[SecretArray]:
        return (self[at] for at in range(len(self)))

    @property
    def T(self) -> SecretArray:  # noqa: N802  # the standard's name
        """Rows and columns of a matrix exchanged."""
        return shaping.matrix_transpose(self)

    def astype(self, dtype: DType | str) -> SecretArray:
        return arithmetic.astype(self, dtype)

    def reshape(self, *shape: int) -> SecretArray:
        return shaping.reshape(self, shape)

    def take(self, indices: Sequence[int] | int, axis: int = 0) -> SecretArray:
        return shaping.take(self, indices, axis)

    def clip(self, min: SecretArray | Literal | None = None, max: SecretArray | Literal | None = None) -> SecretArray:  # noqa: A002
        return selection.clip(self, min, max)

    def is_null(self) -> SecretArray:
        return selection.is_null(self)

    def fill_null(self, value: Literal) -> SecretArray:
        return selection.fill_null(self, value)

    def sum(self, *, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> SecretArray:
        return reductions.sum(self, axis=axis, keepdims=keepdims)

    def count(self, *, axis: int | Sequence[int] | None = None) -> SecretArray:
        return reductions.count(self, axis=axis)

    def mean(self, *, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> SecretArray:
        return reductions.mean(self, axis=axis, keepdims=keepdims)

    def var(self, *, axis: int | None = None, correction: int = 0) -> SecretArray:
        return statistics.var(self, axis=axis, correction=correction)

    def std(self, *, axis: int | None = None, correction: int = 0) -> SecretArray:
        return statistics.std(self, axis=axis, correction=correction)

    def prod(self, *, axis: int = 0) -> SecretArray:
        return reductions.prod(self, axis=axis)

    def any(self, *, axis: int | Sequence[int] | None = None) -> SecretArray:
        return reductions.any(self, axis=axis)

    def all(self, *, axis: int | Sequence[int] | None = None) -> SecretArray:
        return reductions.all(self, axis=axis)

    def cumulative_sum(self, *, axis: int = 0) -> SecretArray:
        return reductions.cumulative_sum(self, axis=axis)

    def min(self, *, axis: int | None = None, keepdims: bool = False) -> SecretArray:
        return ordering.min(self, axis=axis, keepdims=keepdims)

    def max(self, *, axis: int | None = None, keepdims: bool = False) -> SecretArray:
        return ordering.max(self, axis=axis, keepdims=keepdims)

    def argmin(self, *, axis: int | None = None, keepdims: bool = False) -> SecretArray:
        return ordering.argmin(self, axis=axis, keepdims=keepdims)

    def argmax(self, *, axis: int | None = None, keepdims: bool = False) -> SecretArray:
        return ordering.argmax(self, axis=axis, keepdims=keepdims)

    def argsort(self, *, axis: int = -1, descending: bool = False) -> SecretArray:
        return ordering.argsort(self, axis=axis, descending=descending)
