"""What is compared, and how closely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.checks import LEAST_CAP, Stage
from atoll.ledger.plan import DatasetId
from atoll.policy.sampling import MAX_SCALE, MOST_ROWS, extent_of
from atoll.wire.message import Message, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilaritySpec(Message):
    """Count what two versions have in common."""

    TAG: ClassVar[str] = "similarity-spec/1"

    new: DatasetId
    """The version registered later; its owner learns nothing."""
    incumbent: DatasetId
    """The version registered first; its owner receives."""
    stage: Stage
    """A small sample of the rows, or all of them."""
    scale: Annotated[int, Range(0, MAX_SCALE)]
    """One row in 2^scale takes part, chosen under the plan's digest."""
    new_rows: Annotated[int, Range(LEAST_CAP, MOST_ROWS)]
    """Most rows of the later version."""
    incumbent_rows: Annotated[int, Range(LEAST_CAP, MOST_ROWS)]
    """Most rows of the earlier version."""

    @classmethod
    def of(cls, stage: Stage, new: str, incumbent: str, new_at_most: int, incumbent_at_most: int) -> SimilaritySpec:
        """A stage, as closely as the sizes on the two cards make it (`atoll.policy.sampling`)."""
        scale, new_rows, incumbent_rows = extent_of(stage, new=new_at_most, incumbent=incumbent_at_most)
        return cls(new=new, incumbent=incumbent, stage=stage, scale=scale, new_rows=new_rows, incumbent_rows=incumbent_rows)
