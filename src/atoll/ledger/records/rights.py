"""Records of rights: who holds what in a lineage of datasets, from whom, how far and how long."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.records.base import Record, Version
from atoll.wire.message import Count, Name, Range, Size, Time

MAX_CHAIN = 8
"""Most rights on the way from a right up to its root, both counted: what any walk is bounded by."""
MAX_CHILDREN = 256
"""Most living rights that stand directly under one right."""
WHOLE_PPM = 1_000_000
"""The whole income of a lineage, in parts per million."""
FOREVER = 2**40
"""Last second of a right without an end."""
ROOT_DOMAIN = b"ATOLL-V1-RIGHT-ROOT"

RightId = Annotated[bytes, Size(16)]
MaybeRightId = Annotated[bytes, Size(0, 16)]
"""A right, or empty for none."""
Lineage = Annotated[str, Size(3, 90)]
Depth = Annotated[int, Range(0, MAX_CHAIN - 1)]
Share = Annotated[int, Range(0, WHOLE_PPM)]
MaybeCommitment = Annotated[bytes, Size(0, 32)]
"""A salted commitment of 32 bytes, or empty for none."""


class RightKind(StrEnum):
    """The separable rights in data; there are no others."""

    HOLDING = "holding"
    """To hold the data as one's own: the root of all other rights; one a lineage, undivided."""
    USE = "use"
    """To use it in jobs, for oneself."""
    PROCESSING = "processing"
    """To derive aggregates from it in jobs, for oneself."""
    OPERATION = "operation"
    """To let others use and process it."""
    INCOME = "income"
    """To a share of what it earns."""
    MANAGEMENT = "management"
    """To freeze, unfreeze and revoke the rights of the lineage."""
    TRANSACTION = "transaction"
    """To pass on other rights that one holds in it."""


class RightState(StrEnum):
    """What was done to a right. That its term has ended stands nowhere: it follows from the time."""

    ACTIVE = "active"
    FROZEN = "frozen"
    REVOKED = "revoked"


class Authority(StrEnum):
    """Who froze a right; each lifts only its own freeze."""

    ORDER = "order"
    """A regulator, by two persons."""
    RIGHTS = "rights"
    """The holder of the root, or of a management right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right(Record):
    """One right in a lineage. What it may be used for (columns, purposes, kinds of job) is a committed body that its holder,
    its grantor, the custodian of the data and the auditor hold."""

    TAG: ClassVar[str] = "right/1"
    NAMESPACE: ClassVar[str] = "right"

    right: RightId
    """Random identifier; of a root, derived from the lineage."""
    version: Version
    """Grows with each change."""
    kind: RightKind
    """Which of the separable rights."""
    lineage: Lineage
    """owner/name: it covers every version."""
    holder: Name
    """Who has it."""
    grantor: Name
    """Who gave it; of a root, who registered the lineage."""
    parent: MaybeRightId
    """The right it was given from; empty for a root."""
    depth_left: Depth
    """How many further rights may stand below each other under it."""
    exclusive: bool
    """A lease: while it lasts, the holder of the parent may neither give this kind to others nor use it itself."""
    share_ppm: Share
    """Part of the lineage's whole income; 0 for every other kind."""
    uses: Count
    """Most uses that grants and rights under it may add up to; 0 for no bound."""
    uses_given: Count
    """Uses that were given away under it; they do not come back."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    scope_commitment: MaybeCommitment
    """Salted commitment to what it may be used for; empty where it reaches as far as its parent."""
    state: RightState
    """What was done to it."""
    frozen_by: Annotated[tuple[Authority, ...], Size(0, len(Authority))]
    """Whose freezes are on it, sorted; kept after a revocation."""
    children: Annotated[tuple[RightId, ...], Size(0, MAX_CHILDREN)]
    """Rights given directly from it, oldest first; those dead for good go when the next one is given."""
    height: Count
    """Block of the last change."""

    def identifier(self) -> str:
        return self.right.hex()

    @property
    def is_root(self) -> bool:
        """Whether nothing stands above it."""
        return not self.parent

    def is_dead_at(self, time: int) -> bool:
        """Whether it can never be used again: revoked, or past its last second."""
        return self.state is RightState.REVOKED or time > self.not_after


@functools.lru_cache(maxsize=10_000)
def root_right_id(lineage: str) -> bytes:
    """Identifier of a lineage's root right, 16 bytes: there can be only one."""
    return hashlib.sha256(ROOT_DOMAIN + b"\0" + lineage.encode()).digest()[:16]


def root_right(lineage: str, *, holder: str, height: int) -> Right:
    """The root right of a new lineage: all of it, without an end."""
    return Right(
        right=root_right_id(lineage),
        version=1,
        kind=RightKind.HOLDING,
        lineage=lineage,
        holder=holder,
        grantor=holder,
        parent=b"",
        depth_left=MAX_CHAIN - 1,
        exclusive=False,
        share_ppm=WHOLE_PPM,
        uses=0,
        uses_given=0,
        not_before=0,
        not_after=FOREVER,
        scope_commitment=b"",
        state=RightState.ACTIVE,
        frozen_by=(),
        children=(),
        height=height,
    )
