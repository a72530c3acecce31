"""Records of datasets and grants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId
from atoll.ledger.records.base import Record, Version
from atoll.ledger.records.grade import LevelNumber
from atoll.ledger.records.takings import DEFAULT_CAPS, Cap, CapUnit, Counting
from atoll.wire.message import Count, Digest, Message, Name, Pattern, Range, Size, Time


class DatasetState(StrEnum):
    """Whether a dataset version may be used."""

    ACTIVE = "active"
    REVIEW = "review"
    """Usable, and shown as in doubt: much of it stood here before, or its registrant did not answer a check."""
    BLOCKED = "blocked"
    """Its content was registered here first by another lineage; until a dispute is decided only its owner can use it."""
    FROZEN = "frozen"
    WITHDRAWN = "withdrawn"


class Finding(StrEnum):
    """What registration found out about a version: what stood here first, never whose it is."""

    UNCHECKED = "unchecked"
    """The ledger had no key for tags when it was registered."""
    NEW = "new"
    """No version before it has its bytes or its content."""
    EXACT = "exact"
    """A version before it has the same bytes."""
    SAME_CONTENT = "same-content"
    """A version before it has the same rows, in whatever order, format or naming."""
    NEAR = "near"
    """A version before it has most of the same rows, as a check between the two owners counted."""
    SUBSET = "subset"
    """One of the two holds nearly all rows of the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Message):
    """How a version stood from a block on."""

    height: Count
    """The block."""
    state: DatasetState
    """Whether it could be used."""
    finding: Finding
    """What was found about it."""


MOST_STANDINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Record):
    """One version of a dataset; its rows and its card stay with the owner."""

    TAG: ClassVar[str] = "dataset/1"
    NAMESPACE: ClassVar[str] = "dataset"

    dataset: DatasetId
    """owner/name/version."""
    owner: Name
    """The organisation that registered it first here."""
    lineage: Annotated[str, Size(3, 90)]
    """owner/name of the first version: budgets are kept for a lineage, not a version."""
    card_commitment: Digest
    """Salted commitment to the dataset card, fingerprint included."""
    level: LevelNumber
    """1 to 4: G1 to G4; 5: important; 6: core. The highest of its columns, or what a person made of it since (`Regrade`)."""
    asserted_new: Count | None = None
    """How many of its identifiers the version before it did not have, as its owner says; None if it does not say."""
    state: DatasetState
    """Whether it may be used."""
    height: Count
    """Block that registered it."""
    time: Time = 0
    """That block's time."""
    evaluation: Annotated[bytes, Size(0, 16)] = b""
    """The logged evaluation that its tags come from; empty where the ledger had no key for tags."""
    tags: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """Keyed tags of its bytes, its content, and its content without column names; none or all three."""
    finding: Finding = Finding.UNCHECKED
    """What was found about it."""
    first: Annotated[str, Size(0, 90)] = ""
    """The version that the finding is about, which was registered first; empty for none."""
    unanswered: Annotated[int, Range(0, 10_000)] = 0
    """Checks that its registrant refused or let pass, and has not made good since."""
    parents: Annotated[tuple[DatasetId, ...], Size(0, 64)] = ()
    """Versions that it was made from, sorted."""
    source_job: Annotated[bytes, Size(0, 16)] = b""
    """The job whose result it is; empty for none."""
    dispute: Annotated[bytes, Size(0, 16)] = b""
    """The latest dispute about it; empty for none."""
    standings: Annotated[tuple[Standing, ...], Size(0, MOST_STANDINGS)] = ()
    """How it has stood, the latest last; of many the latest."""

    def identifier(self) -> str:
        return self.dataset

    def is_usable_by(self, org: str) -> bool:
        """Whether a job may give `org` something of it, as far as its state says."""
        return self.state in (DatasetState.ACTIVE, DatasetState.REVIEW) or (
            self.state is DatasetState.BLOCKED and org == self.owner
        )


class GrantState(StrEnum):
    """Whether a grant may be used."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Record):
    """A permission that an owner gave; its terms are a committed body that owner, grantee and auditor hold."""

    TAG: ClassVar[str] = "grant/1"
    NAMESPACE: ClassVar[str] = "grant"

    grant: GrantId
    """Random identifier."""
    version: Version
    """Grows with each change."""
    owner: Name
    """The custodian of the dataset, whose node enforces it."""
    giver: Annotated[str, Pattern(r"|[a-z][a-z0-9-]{0,39}")] = ""
    """Who gave it: the custodian itself, or another holder of a right to grant."""
    right: Annotated[bytes, Size(0, 16)] = b""
    """The right that it was given under; it dies with it."""
    grantee: Name
    """Who may use it."""
    dataset: DatasetId
    """What it is for."""
    terms_commitment: Digest
    """Salted commitment to the ODRL-shaped terms."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    caps: Annotated[tuple[Cap, ...], Size(1, len(CapUnit))] = DEFAULT_CAPS
    """What the grantee and its affiliates may take in a period, sorted by unit; one of them caps new identifiers."""
    counting: Counting = Counting.RUNS
    """What of the grantee's own sets counts as new."""
    state: GrantState
    """Whether it may be used."""

    def identifier(self) -> str:
        return self.grant.hex()

    def parties(self) -> tuple[str, ...]:
        """Who knows its terms: giver, custodian and grantee, each once."""
        return tuple(dict.fromkeys(one for one in (self.giver, self.owner, self.grantee) if one))
