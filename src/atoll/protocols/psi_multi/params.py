"""What all parties must agree on before the first message. A plan's `program` and row caps settle it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atoll.protocols.psi.items import MAX_ROWS
from atoll.protocols.role import Party

PROTOCOL = "psi-multi-kmprt17"
VERSION = 2

MIN_OWNERS = 2
"""With one owner its share of zero would be no secret: a pair runs `psi_rr22`."""
MAX_OWNERS = 15

ZERO_KEY_BYTES = 16
"""AES-128 as the PRF of zero-sharing."""

STATISTICAL_BITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The agreed bounds, one a place. A party that passes its own ends the run at all others."""

    rows: Mapping[Party, int]
    """Most rows with a key that the party at each place brings, 0 to MAX_ROWS; a place that is not named may bring none."""

    def __post_init__(self) -> None:
        if not all(0 <= rows <= MAX_ROWS for rows in self.rows.values()):
            raise ValueError(f"a set has 0 to {MAX_ROWS} rows")

    def of(self, place: Party) -> int:
        """The bound of one place."""
        return self.rows.get(place, 0)


def share_bytes(receiver_rows: int) -> int:
    """Bytes of a share of zero: a key outside the intersection passes by chance with 2^-STATISTICAL_BITS over all of them."""
    return 8 if STATISTICAL_BITS + receiver_rows.bit_length() <= 64 else 16
