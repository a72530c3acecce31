"""How much of a column others may see, and until when: the column lattice.

plaintext
   |
after-join   after-group-by   after-aggregate   after-compare
   |
encrypted-only
   |
hidden
"""

from __future__ import annotations

from enum import StrEnum


class Exposure(StrEnum):
    """How much of a column may be seen by others, or is asked to be.

    A lattice: `plaintext` at the top, `hidden` at the bottom, `encrypted-only` just above it. The four `after-...` values lie
    between and cannot be compared: to show a value where it was joined is neither more nor less than to show a mean over it.
    """

    PLAINTEXT = "plaintext"
    """Anybody who takes part may see the values."""
    AFTER_JOIN = "after-join"
    """A value may be seen for rows that another party's rows matched."""
    AFTER_GROUP_BY = "after-group-by"
    """A value may be seen as the name of a group."""
    AFTER_AGGREGATE = "after-aggregate"
    """Only aggregates over the values may be seen."""
    AFTER_COMPARE = "after-compare"
    """Only the outcome of comparisons may be seen."""
    ENCRYPTED_ONLY = "encrypted-only"
    """Others may compute with it under encryption or secret sharing and see nothing."""
    HIDDEN = "hidden"
    """It takes part in nothing."""

    def permits(self, asked: Exposure) -> bool:
        """Whether a column with this value may be used as `asked`; nothing permits the use of a hidden column.

        >>> Exposure.AFTER_JOIN.permits(Exposure.ENCRYPTED_ONLY), Exposure.AFTER_JOIN.permits(Exposure.AFTER_AGGREGATE)
        (True, False)
        """
        if Exposure.HIDDEN in (self, asked):
            return asked is Exposure.HIDDEN
        return self in (Exposure.PLAINTEXT, asked) or asked is Exposure.ENCRYPTED_ONLY


def exposure_at(exposure: Exposure, until: int, time: int) -> Exposure:
    """What may be shown of a column at a time: after its term, which 0 leaves open, it is hidden.

    >>> exposure_at(Exposure.AFTER_JOIN, 100, 100).value, exposure_at(Exposure.AFTER_JOIN, 100, 101).value
    ('after-join', 'hidden')
    """
    return Exposure.HIDDEN if 0 < until < time else exposure
