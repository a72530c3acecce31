"""Products of vectors and matrices: sums are added up with all bits, then truncated once. Nulls are refused."""

from __future__ import annotations

from typing import cast

import numpy as np

from atoll.programs.dtypes import LIMIT
from atoll.programs.functions.arithmetic import add, as_numbers, multiply, truncated
from atoll.programs.functions.common import DEFAULT_FRACTION, bits_of, constant, wrong
from atoll.programs.functions.reductions import sum as total
from atoll.programs.functions.shaping import expand_dims, index, reshape, squeeze
from atoll.programs.operations.arithmetic import product
from atoll.programs.operations.linalg import MatMul
from atoll.programs.traced import A, Literal, Traced


def vecdot(x: A, y: A | Literal, *, axis: int = -1) -> A:
    """The sum of x y along an axis; one ring element sent a result."""
    return total(multiply(x, y), axis=axis)


def outer(x: A, y: A) -> A:
    """Every product of one of x and one of y, both vectors."""
    return multiply(expand_dims(x, -1), expand_dims(y, 0))


def tensordot(x: A, y: A, *, axes: int = 2) -> A:
    """The sum of products over the last `axes` axes of x and the first of y."""
    if not 0 < axes <= min(x.ndim, y.ndim) or x.shape[x.ndim - axes :] != y.shape[:axes]:
        raise wrong("tensordot", f"shapes {list(x.shape)} and {list(y.shape)} do not share {axes} axes")
    rows, columns = x.shape[: x.ndim - axes], y.shape[axes:]
    length = int(np.prod(y.shape[:axes]))
    return reshape(matmul(reshape(x, (-1, length)), reshape(y, (length, -1))), (*rows, *columns))


def matmul(x: A | Literal, y: A | Literal) -> A:
    """x @ y of matrices and vectors, one of them perhaps public. One round, one ring element sent a result, one truncation."""
    a, b = _operands(x, y)
    if a.valid is not None or b.valid is not None:
        raise wrong("matmul", "an operand has nulls; fill_null(x, 0) skips them")
    if not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2) or a.shape[-1] != b.shape[0]:
        raise wrong("matmul", f"shapes {list(a.shape)} and {list(b.shape)} are not (m, k) and (k, n), nor vectors that fit")
    if a.ndim == b.ndim == 1 and a.kind.secret and b.kind.secret:
        return total(multiply(a, b))  # one step for all blocks of a long column
    left = expand_dims(a, 0) if a.ndim == 1 else a
    right = expand_dims(b, 1) if b.ndim == 1 else b
    result = _blocks(left, right)
    if b.ndim == 1:
        result = squeeze(result, 1)
    return squeeze(result, 0) if a.ndim == 1 else result


def _operands(x: A | Literal, y: A | Literal) -> tuple[A, A]:
    """Two matrices; a public one is held with as many bits after the point as do not overflow."""
    if isinstance(x, Traced) and isinstance(y, Traced):
        a, b = as_numbers(x, y)
        return a, b
    secret, public = (x, y) if isinstance(x, Traced) else (cast("A", y), x)
    (secret,) = as_numbers(secret)
    array = np.asarray(public)
    length = array.shape[0] if secret is x else array.shape[-1]
    room = LIMIT.bit_length() - 2 - secret.dtype.bits - bits_of(float(np.abs(array).max(initial=0))) - length.bit_length()
    wanted = max(secret.dtype.fraction, DEFAULT_FRACTION) + bits_of(float(secret.dtype.magnitude))
    known = constant(secret, array, fraction=max(min(room, wanted), 0))
    return (secret, known) if secret is x else (known, secret)


def _blocks(x: A, y: A) -> A:
    """(m, k) by (k, n), in as many blocks of k as keep the sums within 62 bits."""
    fraction = max(x.dtype.fraction, y.dtype.fraction)
    if not (x.kind.secret and y.kind.secret):
        secret = x if x.kind.secret else y
        fraction = secret.dtype.fraction if secret.dtype.name == "fixed" else min(fraction, DEFAULT_FRACTION)
    length, term = x.shape[1], product(MatMul(), x.kind, y.kind)
    largest = max(-term.low, term.high)
    is_cut = term.fraction > fraction
    pieces = -(-length * largest // (LIMIT - 1)) if is_cut else 1
    longest = length if pieces <= 1 else max(length // pieces, 1)
    result: A | None = None
    for start in range(0, length, longest):
        part = slice(start, min(start + longest, length))
        block = truncated(index(x, (slice(None), part)).apply(MatMul(), index(y, part)), fraction)
        result = block if result is None else add(result, block)
    assert result is not None
    return result
