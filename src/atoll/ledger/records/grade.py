"""Records of levels: the last word on a dataset's level, and a regulator's permission to use important data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.ledger.records.base import Record
from atoll.wire.message import Count, Digest, Name, Range, Size, Time

LevelNumber = Annotated[int, Range(1, 6)]
"""1 to 4: G1 to G4; 5: important; 6: core (`atoll.policy.levels.level_name`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrade(Record):
    """The last change of a dataset's level after its registration; those before it stand in the log."""

    TAG: ClassVar[str] = "regrade/1"
    NAMESPACE: ClassVar[str] = "regrade"

    dataset: DatasetId
    """Which version."""
    level: LevelNumber
    """Its level since then, the same as in its `Dataset` record."""
    before: LevelNumber
    """Its level before."""
    floor: Annotated[int, Range(0, 6)]
    """The least level that a regulator had set for its lineage by then (`LevelFloor`); 0 for none."""
    by: Name
    """Who signed the change."""
    table: Label
    """The table of levels that the level was read from."""
    reason_commitment: Annotated[bytes, Size(0, 32)]
    """Salted commitment to the reason; empty where the level rose without one."""
    height: Count
    """Block of the change."""
    raised: Count = 0
    """Block in which the level last rose, or the version was registered."""
    lowered: Count = 0
    """Block in which the level was last lowered; what rose before that in its sources binds it no more. 0 for never."""
    approver: Annotated[str, Size(0, 90)] = ""
    """Key of the person who signed for a lowering; empty where none was needed."""

    def identifier(self) -> str:
        return self.dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFloor(Record):
    """The least level of all versions of a lineage, those to come included; only a regulator goes below it."""

    TAG: ClassVar[str] = "level-floor/1"
    NAMESPACE: ClassVar[str] = "level-floor"

    lineage: Annotated[str, Size(3, 90)]
    """owner/name."""
    floor: LevelNumber
    """The least level."""
    by: Name
    """The regulator that set it."""
    height: Count
    """Block in which it did."""

    def identifier(self) -> str:
        return self.lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelApproval(Record):
    """A regulator permits that others compute with a version of important data."""

    TAG: ClassVar[str] = "level-approval/1"
    NAMESPACE: ClassVar[str] = "level-approval"

    dataset: DatasetId
    """Which version."""
    regulator: Name
    """Who permits it."""
    parties: Annotated[tuple[Name, ...], Size(0, 16)]
    """Who may take part beside the owner, sorted; none where the permission was taken back. The regulator has found that all of
    them are within the border: nothing else on the ledger says where a member is."""
    not_after: Time
    """Last second at which a job may begin."""
    reason_commitment: Digest
    """Salted commitment to the reason."""

    def identifier(self) -> str:
        return self.dataset
