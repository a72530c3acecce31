"""The catalogue: what is asked, and a page of what is found."""

from __future__ import annotations

from atoll.api.models.base import Model
from atoll.api.models.datasets import QualityInfo


class KeyInfo(Model):
    """A column that may be compared with others' columns."""

    column: str
    rule: str
    """How its values are spelt; only columns under one rule can meet."""
    semantics: str = ""
    until: int = 0
    """Last second at which it may be; 0: no end."""


class CatalogueEntry(Model):
    """One dataset version, as a list shows it."""

    dataset: str
    owner: str
    title: str = ""
    summary: str = ""
    """The beginning of the description."""
    level: int
    level_text: str
    """In words, with the status of the table that levels come from."""
    state: str
    rows_at_most: int = 0
    classes: list[str] = []
    semantics: list[str] = []
    keys: list[KeyInfo] = []
    keywords: list[str] = []
    accrual: str = ""
    spatial: str = ""
    licence: str = ""
    quality: QualityInfo | None = None
    """The best-founded opinion that stands: a third party's before the owner's."""
    mine: bool = False
    card_verified: bool = False
    """The card was fetched, fits its commitment and holds; else only what the ledger says is known."""
    card_refused: str = ""
    """Why the card that its owner committed to is not believed; nothing of it is shown."""
    score: int = 0
    """Points of the words asked for."""


class CataloguePage(Model):
    """One page of answers, in a steady order."""

    entries: list[CatalogueEntry]
    total: int
    """Answers on all pages."""
    following: str = ""
    """Cursor of the next page, for `after`; empty on the last."""
    facets: dict[str, dict[str, int]] = {}
    """How many answers there are by class, level, owner, state and quality."""
    ranking: str
    """What the order is."""
