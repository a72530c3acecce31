"""A message with a field of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from atoll.wire.message import Count, Digest, Document, Message, Name, Pattern, Range, Size


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Message):
    TAG: ClassVar[str] = "leaf/1"

    size: Annotated[int, Range(1, 9)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen(Message):
    TAG: ClassVar[str] = "specimen/1"

    number: Annotated[int, Range(-5, 5)]
    digest: Digest
    blob: Annotated[bytes, Size(0, 4)]
    text: Annotated[str, Size(1, 3)]
    name: Name
    letters: Annotated[str, Pattern("[ab]+"), Size(2, 4)]
    flag: bool
    colour: Colour
    leaf: Leaf
    leaves: Annotated[tuple[Leaf, ...], Size(1, 3)]
    names: Annotated[tuple[Name, ...], Size(0, 2)]
    maybe: Count | None
    maybe_leaf: Leaf | None
    document: Document


FIELDS: dict[str, Any] = {
    "number": 0,
    "digest": bytes(32),
    "blob": b"",
    "text": "x",
    "name": "bank",
    "letters": "ab",
    "flag": True,
    "colour": Colour.RED,
    "leaf": Leaf(size=1),
    "leaves": (Leaf(size=1), Leaf(size=2)),
    "names": ("bank", "bureau"),
    "maybe": None,
    "maybe_leaf": Leaf(size=9),
    "document": {"any": [1, None, {"deep": b"x"}]},
}
SPECIMEN = Specimen(**FIELDS)
