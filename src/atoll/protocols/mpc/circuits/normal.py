"""Floating the point: the highest set bit of a secret number moved to the top."""

from __future__ import annotations

from atoll.protocols.mpc.circuit import Bits, CircuitBuilder
from atoll.protocols.mpc.circuits.choice import highest_alone, shift_left


def normalised(build: CircuitBuilder, bits: Bits, *, step: int = 1) -> tuple[Bits, Bits]:
    """A number moved up by a multiple of `step` places until one of its top `step` bits is set, and by how far.

    Args:
        bits: a multiple of `step`, least significant first.

    Returns:
        The bits moved up (0 stays 0), and one bit for each group of `step` bits, lowest first: the group of the highest set
        bit alone is 1; none is, for 0.
    """
    hot = highest_alone(build, bits)
    groups = [build.parity_of(hot[at : at + step]) for at in range(0, len(hot), step)]
    moves = [len(bits) - step - step * at for at in range(len(groups))]
    places = [
        build.parity_of([group for group, move in zip(groups, moves, strict=True) if move >> stage & 1])
        for stage in range(max(moves).bit_length())
    ]
    return shift_left(build, bits, places), groups
