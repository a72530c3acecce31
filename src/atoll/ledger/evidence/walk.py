"""How far trust has come on its way from the founders to the members that count, on either engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from atoll.ledger.block import BlockSummary
from atoll.ledger.evidence.bundle import Entry
from atoll.ledger.records import ConsensusSet
from atoll.ledger.vouching import Vouched


@dataclass(frozen=True, slots=True)
class Trusted:
    """How far trust has come."""

    height: int
    """Block whose state is trusted; on CometBFT the consensus height of the header over it."""
    state_root: bytes
    """That state's root."""
    members: ConsensusSet
    """Who counts from there on."""


class Walk(Protocol):
    """One bundle's steps, and the checkpoint at the end of them."""

    @property
    def trusted(self) -> Trusted:
        """How far it has come."""
        ...

    def step(self, entry: Entry) -> None:
        """Take the next step.

        Raises:
            EvidenceError: it leads nowhere.
        """
        ...

    def vouched(self) -> Vouched:
        """Who stands for the checkpoint.

        Raises:
            EvidenceError: too few of the members that count, or a signature does not hold.
        """
        ...

    def need_top(self, entry: Entry, top: BlockSummary) -> None:
        """See that the summary of the last block fits what is vouched for beside the log.

        Raises:
            Contradiction: it does not.
        """
        ...

    def standing_height(self, top: BlockSummary, before: BlockSummary) -> int:
        """The block whose state says who counts for the checkpoint.

        Args:
            top: the checkpoint's last block.
            before: the block before it.
        """
        ...

    def is_standing(self, standing: ConsensusSet) -> bool:
        """Whether the members walked to are those that this record says."""
        ...
