"""What a person says to propose an intersection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.protocols.identifiers import MAX_KEY_COLUMNS
from atoll.protocols.psi_ecdh.params import MAX_ITEMS, MAX_POINTS_PER_FRAME
from atoll.wire.message import Count, Message, Name, Range, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInput(Message):
    """One side's set: the distinct keys in some columns of a dataset version."""

    org: Name
    """Organisation that holds the dataset."""
    dataset: DatasetId
    """Its registered version; the owner's name stands in it."""
    columns: Annotated[tuple[Label, ...], Size(1, MAX_KEY_COLUMNS)]
    """Columns that make the key, in order; both sides name equally many."""
    normalisation: Annotated[tuple[Label, ...], Size(1, MAX_KEY_COLUMNS)]
    """Rule for each column (`atoll.protocols.identifiers`); the same rules on both sides."""
    rows_cap: Annotated[int, Range(1, MAX_ITEMS)]
    """Most distinct keys that may take part."""
    grant: Annotated[bytes, Size(0, 16)] = b""
    """The grant that the use rests on, 16 bytes; empty for the receiver's own dataset."""
    grant_version: Count = 0
    """Record version of that grant; 0 without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntersectionSpec(Message):
    """The receiver learns which of its keys the owner has too."""

    TAG: ClassVar[str] = "intersection-spec/1"

    receiver: KeyInput
    """The side that gets the identifiers."""
    owner: KeyInput
    """The side that lets its set be compared."""
    points_per_frame: Annotated[int, Range(1, MAX_POINTS_PER_FRAME)] = MAX_POINTS_PER_FRAME
    """Keys of a round. Smaller means more checkpoints and more waiting for the link; nothing of the result depends on it."""
