"""What operations ask of their operands."""

from __future__ import annotations

from atoll.programs.kind import Kind
from atoll.programs.operation import Operation, refuse


def numbers(operation: Operation, kinds: tuple[Kind, ...], count: int, *, constants: bool = False) -> tuple[Kind, ...]:
    """`count` operands, integers or fixed-point numbers, at least one of them secret unless `constants` will do."""
    operands(operation, kinds, count, constants=constants)
    for kind in kinds:
        if kind.dtype.is_bool:
            raise refuse(operation, 'it works on numbers, not on truth values; x.astype("int64") makes 0 and 1 of them')
    return kinds


def truths(operation: Operation, kinds: tuple[Kind, ...], count: int) -> tuple[Kind, ...]:
    """`count` operands, truth values, at least one of them secret."""
    operands(operation, kinds, count)
    for kind in kinds:
        if not kind.dtype.is_bool:
            raise refuse(operation, f"it works on truth values, not on {kind.dtype}; compare first, as in x != 0")
    return kinds


def operands(operation: Operation, kinds: tuple[Kind, ...], count: int, *, constants: bool = False) -> tuple[Kind, ...]:
    """`count` operands, at least one of them secret unless `constants` will do."""
    if len(kinds) != count:
        raise refuse(operation, f"it takes {count} operands, not {len(kinds)}")
    if kinds and not constants and not any(kind.secret for kind in kinds):
        raise refuse(operation, "no operand is secret; compute public numbers with numpy")
    return kinds


def secret(operation: Operation, *kinds: Kind) -> None:
    """All of these are secret."""
    if not all(kind.secret for kind in kinds):
        raise refuse(operation, "it is for secrets; compute public numbers with numpy")


def same_shape(operation: Operation, kinds: tuple[Kind, ...]) -> tuple[int, ...]:
    """The one shape of all operands; the functions broadcast before."""
    shapes = {kind.shape for kind in kinds}
    if len(shapes) != 1:
        raise refuse(operation, f"the shapes {sorted(map(list, shapes))} differ")
    return kinds[0].shape


def same_point(operation: Operation, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """All operands have as many bits after the point."""
    points = {kind.dtype.fraction for kind in kinds}
    if len(points) != 1:
        raise refuse(operation, f"the operands have {sorted(points)} bits after the point")
    return kinds


def in_bounds(operation: Operation, what: str, found: int, least: int, most: int) -> int:
    """`found`, from `least` to `most`."""
    if not least <= found <= most:
        raise refuse(operation, f"{what} is {found}, and must be {least} to {most}")
    return found


def axis_of(operation: Operation, axis: int, kind: Kind) -> int:
    """`axis`, which must be one of the operand's, counted from 0."""
    if not 0 <= axis < len(kind.shape):
        raise refuse(operation, f"there is no axis {axis} in shape {list(kind.shape)}")
    return axis
