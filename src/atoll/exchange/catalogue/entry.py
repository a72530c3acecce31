"""What the catalogue knows of a dataset version: what its ledger record and its card say, cut to what is searched and listed.

The ledger wins where both speak: level and state are those in force, not those of the day the card was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from atoll.exchange.catalogue.words import words
from atoll.ledger.records import Dataset
from atoll.policy.card import ColumnCard, DatasetCard
from atoll.policy.demand import Exposure
from atoll.policy.in_force import InForce

POINTS: Mapping[str, int] = {"title": 8, "keyword": 5, "name": 4, "column": 3, "class": 3, "description": 1}
"""What a word counts by the place it stands in; where it stands in several, the best one counts."""
RANKING = "sum over the words asked for of the best place each stands in: " + ", ".join(f"{a} {b}" for a, b in POINTS.items())
"""The order in words; what is equal is ordered by newest registration, then by name."""
MAX_WORDS = 4000
"""Words of one card that are indexed; a card of 500 columns has fewer."""
SUMMARY_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A column that may be compared with others' columns."""

    column: str
    rule: str
    """How its values are spelt: only columns under one rule can meet."""
    semantics: str
    until: int
    """Last second at which it may be; 0 for no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dataset version in the catalogue."""

    dataset: str
    owner: str
    level: int
    """In force: its sources' where theirs is higher."""
    state: str
    """In force: `frozen` or `recalled` where an order acts on it or on what it rests on."""
    lineages: tuple[str, ...] = ()
    """Its own and those that it was derived from, by which it is found again when one of them changes."""
    height: int
    """Block that registered it."""
    has_card: bool
    """The card was fetched and fits its commitment; else only what the ledger says is known."""
    refused: str = ""
    """Why the card that fits its commitment is not believed; then nothing of it is known here."""
    title: str = ""
    summary: str = ""
    rows_at_most: int = 0
    classes: tuple[str, ...] = ()
    """Of the dataset and of its columns, sorted."""
    semantics: tuple[str, ...] = ()
    """Of its columns, sorted."""
    keys: tuple[Key, ...] = ()
    keywords: tuple[str, ...] = ()
    accrual: str = ""
    spatial: str = ""
    licence: str = ""
    words: Mapping[str, int]
    """Points of each word that it can be found by."""


def entry_of(record: Dataset, force: InForce, card: DatasetCard | None, refused: str = "") -> Entry:
    """The entry of a dataset version.

    Args:
        record: from the ledger.
        force: what binds it now.
        card: one that fits the record's commitment and is believed, or None.
        refused: why there is one that is not.
    """
    found: dict[str, int] = {}
    _count(found, "name", record.dataset)
    if card is None:
        return Entry(
            dataset=record.dataset,
            owner=record.owner,
            level=force.level,
            state=force.state,
            lineages=force.lineages,
            height=record.height,
            has_card=False,
            refused=refused,
            words=found,
        )
    classes = sorted({*card.classes, *(one for column in card.columns for one in column.classes)})
    semantics = sorted({one.semantics for one in card.columns if one.semantics})
    _count(found, "title", card.title)
    for place, texts in (("keyword", card.keywords), ("class", classes), ("column", semantics)):
        for text in texts:
            _count(found, place, text)
    _count(found, "description", f"{card.description} {card.spatial} {card.licence} {' '.join(card.purposes)}")
    for column in card.columns:
        _count(found, "column", column.name)
    return Entry(
        dataset=record.dataset,
        owner=record.owner,
        level=force.level,
        state=force.state,
        lineages=force.lineages,
        height=record.height,
        has_card=True,
        title=card.title,
        summary=card.description[:SUMMARY_CHARACTERS],
        rows_at_most=card.rows_at_most,
        classes=tuple(classes),
        semantics=tuple(semantics),
        keys=keys_of(card),
        keywords=card.keywords,
        accrual=card.accrual,
        spatial=card.spatial,
        licence=card.licence,
        words=found,
    )


def keys_of(card: DatasetCard) -> tuple[Key, ...]:
    """The columns by which a dataset can be intersected."""
    return tuple(
        Key(column=one.name, rule=one.normalisation, semantics=one.semantics, until=one.exposure_until)
        for one in card.columns
        if _is_key(one)
    )


def class_names(label: str) -> tuple[str, ...]:
    """The ways in which a class may be asked for.

    >>> class_names("personal:sensitive")
    ('personal', 'personal:sensitive', 'sensitive')
    """
    axis, _, value = label.partition(":")
    return tuple(sorted({label, axis, value} - {""}))


def _is_key(one: ColumnCard) -> bool:
    return bool(one.normalisation) and any(
        one.exposure.permits(asked) for asked in (Exposure.AFTER_JOIN, Exposure.AFTER_COMPARE, Exposure.ENCRYPTED_ONLY)
    )


def _count(found: dict[str, int], place: str, text: str) -> None:
    for word in words(text):
        if len(found) < MAX_WORDS or word in found:
            found[word] = max(found.get(word, 0), POINTS[place])
