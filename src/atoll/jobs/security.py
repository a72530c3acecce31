"""What a job must withstand, in a word that a person chooses."""

from __future__ import annotations

from enum import StrEnum


class Security(StrEnum):
    """The misbehaviour that a protocol must withstand, in the plan's words."""

    SEMI_HONEST = "semi-honest"
    """Others keep to the protocol and look at everything they see."""
    MALICIOUS = "malicious"
    """Others send what they like."""
