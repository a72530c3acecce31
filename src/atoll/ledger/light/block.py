"""A light block: what of a block is needed to believe its header, and nothing of its contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from atoll.ledger.light.commit import Commit
from atoll.ledger.light.header import Header
from atoll.ledger.light.validators import ValidatorSet
from atoll.wire.message import Message

MAX_LIGHT_BLOCK_BYTES = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class LightBlock(Message):
    """A header, the votes for it, and who the voters are."""

    TAG: ClassVar[str] = "light-block/1"
    MAX_BYTES: ClassVar[int] = MAX_LIGHT_BLOCK_BYTES

    header: Header
    """The header."""
    commit: Commit
    """The votes."""
    validators: ValidatorSet
    """The voters."""
