"""What both sides must agree on before the first message, beside the row caps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from atoll.primitives.discrete_laplace import bound_for
from atoll.protocols.dh.params import hash_domain

PROTOCOL = "psi-cardinality-ristretto255"
VERSION = 1

TAG_DOMAIN = b"ATOLL-V01-PSI-CARDINALITY-TAG"
DUMMY_DOMAIN = b"ATOLL-V01-PSI-CARDINALITY-DUMMIES"

MAX_SHIFT = 1 << 16
"""Most noise to either side; twice as many dummies travel in each direction."""

MAX_EPSILON_MICRO = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Differential privacy of the count: sensitivity 1, so what it hides is a key in place of another one, at either side.

    The numbers of rows are announced exactly, and are not covered. Whoever has several keys in a set is protected by as many
    times epsilon; the agreement decides what a key stands for.
    """

    epsilon_micro: int
    """Epsilon in millionths, 1 to MAX_EPSILON_MICRO."""
    delta_bits: int = 40
    """Delta is at most 2^-delta_bits; 20 to 80."""

    def __post_init__(self) -> None:
        if not (1 <= self.epsilon_micro <= MAX_EPSILON_MICRO and 20 <= self.delta_bits <= 80):
            raise ValueError(f"epsilon is 1 to {MAX_EPSILON_MICRO} millionths, delta 2^-20 to 2^-80")
        _ = self.shift

    @property
    def epsilon(self) -> Fraction:
        return Fraction(self.epsilon_micro, 1_000_000)

    @property
    def delta(self) -> Fraction:
        return Fraction(1, 1 << self.delta_bits)

    @property
    def shift(self) -> int:
        """Most that the noise adds or takes away.

        Raises:
            ValueError: more than MAX_SHIFT, that is, epsilon is too small for this delta.
        """
        return bound_for(self.epsilon, self.delta, MAX_SHIFT)


def key_domain(context: bytes) -> bytes:
    """The domain tag under which keys are hashed to the group."""
    return hash_domain("PSI-CARDINALITY", context)
