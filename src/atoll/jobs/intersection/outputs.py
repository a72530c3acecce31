"""Words that a person chooses from. Names in plans, on the command line and in the documentation are the same.

`Output` is the policy's; an intersection gives `identifiers`, `rows`, `cardinality` or `sum`.
"""

from __future__ import annotations

from enum import StrEnum

from atoll.policy.demand import Output


class Join(StrEnum):
    """Which rows a receiver gets, in SQL's words; its own table stands on the left."""

    INNER = "inner"
    """Its rows that match."""
    LEFT = "left"
    """With `rows`: all its rows; those that match carry the owner's columns."""
    ANTI = "anti"
    """With `identifiers`: its rows that do not match."""


class Security(StrEnum):
    """The misbehaviour that a protocol must withstand, in the plan's words."""

    SEMI_HONEST = "semi-honest"
    """Others keep to the protocol and look at everything they see."""
    MALICIOUS = "malicious"
    """Others send what they like."""


__all__ = ["Join", "Output", "Security"]
