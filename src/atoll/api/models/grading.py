"""Classes and levels: what detectors found, what a table says, what people decided."""

from __future__ import annotations

from pydantic import Field

from atoll.api.models.base import Model


class FindingInfo(Model):
    """One detector on one column."""

    detector: str
    scheme: str
    confidence: float
    looked_at: int
    matched: int
    by_name: bool
    samples: list[str] = []
    """Values that fit; only where the owner asks for the grade of a file of its own."""


class ColumnGradeInfo(Model):
    name: str
    level: int
    level_text: str
    """In words, with the status of the table."""
    classes: list[str]
    findings: list[FindingInfo] = []


class RegradeInfo(Model):
    """The last change of a level after registration."""

    level: int
    before: int
    floor: int
    """Least level that a regulator has set; 0 for none."""
    by: str
    height: int
    reason_commitment: str
    reason: str = ""
    """Only at the organisation that gave it."""


class ApprovalInfo(Model):
    """A regulator's permission to compute with important data."""

    regulator: str
    parties: list[str]
    not_after: int


class GradeInfo(Model):
    """The grade of a dataset, or of a file that is not registered yet."""

    subject: str
    level: int
    level_text: str
    """In words, with the status of the table."""
    table: str
    status: str
    """How far the table may be trusted."""
    graded_by: str
    reason: str = ""
    classes: list[str]
    columns: list[ColumnGradeInfo]
    sampled_rows: int = 0
    """Rows that were looked at; 0 for a dataset, whose card is shown."""
    rows: int = 0
    change: RegradeInfo | None = None
    approval: ApprovalInfo | None = None
    allows: list[str]
    """How data of this level may reach others: file, api, compute."""


class GradeFile(Model):
    path: str = Field(examples=["data/customers.csv"])
    """Relative to one of the node's data folders."""
    table: str = ""
    """Table of a SQLite file."""
    levels: str = ""
    """Table of levels, name/version; the node's usual one where it is left out."""
    harms: list[str] = []
    """What harm the loss or misuse of the data would do, `WHOM=DEGREE` in the table's words."""
    industry: list[str] = []
    """Codes of industries that the data belong to."""
    samples: bool = False
    """Whether to show a few values that were found."""


class RegradeRequest(Model):
    level: int = Field(ge=1, le=6)
    reason: str = Field(default="", max_length=2000)
    levels: str = ""
    """Table of levels, name/version."""
    paper: str = ""
    """Hex of the paper that a person of the owner signed; needed where data of level G4 or above are lowered."""


class ApproveRequest(Model):
    parties: list[str] = Field(max_length=16)
    """Organisations that may take part, all within the border; none takes the permission back."""
    not_after: int = Field(ge=0, le=2**40)
    reason: str = Field(max_length=2000)


class LevelTableInfo(Model):
    """A table of classes and levels that a node has."""

    id: str
    title: str
    status: str
    source: str
    jurisdiction: str
    usual: bool
    """Whether it is taken where none is named."""
    kinds: dict[str, list[str]]
    """What each finding means."""
    minimum: dict[str, int]
    """Least level by class."""
    harms: dict[str, str]
    """Outcome by `WHOM=DEGREE`."""
