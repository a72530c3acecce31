"""Whether all sums that can come of the sender's values are such as the receiver can find."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from atoll.protocols.psi_sum.errors import TotalTooWide
from atoll.protocols.psi_sum.params import Terms


def verify_room(values: npt.NDArray[np.int64], matches: int, terms: Terms) -> None:
    """Refuse values of which so many could add up to more than is agreed; so a sum that is not found is nobody's but a liar's.

    Args:
        values: one a key; zeros beside them do not matter.
        matches: most keys that can be in the sum.
        terms: how wide a sum may be.

    Raises:
        TotalTooWide: the largest or the smallest values add up to too much.

    Cost: two passes and two selections; 8 bytes a value.
    """
    matches = min(matches, len(values))
    if matches == 0:
        return
    side = np.empty(len(values))  # 64 bits of floating point are exact up to 2^53, far above what may pass
    for sign in (1, -1):
        np.multiply(values, sign, out=side, dtype=np.float64, casting="unsafe")
        np.maximum(side, 0, out=side)
        side.partition(len(side) - matches)
        if side[len(side) - matches :].sum() > terms.bound:
            raise TotalTooWide(keys=matches, bits=terms.total_bits)
