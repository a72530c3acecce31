"""Cards between their three forms: what a person says of a dataset, the committed card, and what the API shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from atoll.api.models import DatasetInfo, GradingInfo, RegisterColumn, RegisterDataset
from atoll.exchange.catalogue.validation import verify_card
from atoll.exchange.grading import LevelTable
from atoll.exchange.grading.declared import declare, level_of_dataset, verify_classes
from atoll.exchange.grading.model import ColumnGrade, Grading
from atoll.exchange.grading.override import override
from atoll.exchange.profile import ColumnProfile, Profile
from atoll.ledger.detail import round_up_to_power_of_two
from atoll.ledger.records import Dataset
from atoll.node.errors import BadRequest
from atoll.node.reading import Look
from atoll.policy.card import ColumnCard, DatasetCard, GradingCard
from atoll.policy.demand import Exposure
from atoll.policy.in_force import InForce
from atoll.policy.levels import starting_level


def write_card(
    request: RegisterDataset,
    look: Look,
    *,
    dataset: str,
    parents: tuple[str, ...],
    least_levels: tuple[int, ...],
    table: LevelTable,
    salt: bytes,
    content_commitment: bytes,
) -> DatasetCard:
    """The card of a version, from what a person says and what its source holds.

    Args:
        request: what is said.
        look: what the source held.
        dataset: the version.
        parents: what it comes from.
        least_levels: below which it may not start.
        table: of classes and levels.
        salt: of the commitment to this card; 32 bytes.
        content_commitment: to the source's fingerprint.

    Raises:
        BadRequest: a described column is not in the source.
        UnknownClass: a class is said that the table does not have.
        LoweredWithoutReason: a column's level is lower than what was found or declared, and there is no reason.
        CardRefused, CardTooLong: what is said cannot be published.
    """
    reason = request.reason or (request.grading.reason if request.grading else "")
    verify_classes(request.classes, table)
    detected = declare(look.grading, semantics_of(request.columns), table, classes_of(request.columns))
    grading = grade_as_said(detected, request.columns, reason)
    columns = column_cards(request.columns, look.columns, look.profile, grading)
    card = DatasetCard(
        salt=salt,
        dataset=dataset,
        title=request.title,
        description=request.description,
        source=look.format,
        rows_at_most=round_up_to_power_of_two(look.rows),
        columns=columns,
        level=starting_level(
            (*(one.level for one in columns), level_of_dataset(request.classes, detected, table)), least_levels
        ),
        classes=table.worst([request.classes, grading.classes]),
        grading=grading_card(grading),
        purposes=tuple(request.purposes),
        keywords=tuple(request.keywords),
        accrual=request.accrual,
        spatial=request.spatial,
        licence=request.licence,
        offers=tuple(request.offers),
        content_commitment=content_commitment,
        parents=parents,
    )
    verify_card(card)
    return card


def grade_as_said(detected: Grading, described: Iterable[RegisterColumn], reason: str) -> Grading:
    """What the detectors found, with the levels that a person gives to some columns.

    Raises:
        LoweredWithoutReason: one of them is lower than what was found, and there is no reason.
    """
    return override(detected, {one.name: one.level for one in described if one.level}, reason)


def semantics_of(described: Iterable[RegisterColumn]) -> dict[str, str]:
    """What a person says that columns mean."""
    return {one.name: one.semantics for one in described if one.semantics}


def classes_of(described: Iterable[RegisterColumn]) -> dict[str, list[str]]:
    """The classes that a person says columns have, besides those that are found."""
    return {one.name: one.classes for one in described if one.classes}


def column_cards(
    described: Iterable[RegisterColumn], found: Sequence[tuple[str, str]], profile: Profile, grading: Grading
) -> tuple[ColumnCard, ...]:
    """The cards of a source's columns, from what a person says of some of them; the others are hidden.

    How many cells are empty and how many values differ is the profile's word, rounded up, where a person says nothing. Of a
    hidden column it says neither.

    Args:
        described: what is said.
        found: name and type of each column of the source, in its order.
        profile: of the same columns in the same order.
        grading: of the same, with what a person declares; levels and classes are its.

    Raises:
        BadRequest: a described column is not in the source, or an exposure is none.
    """
    by_name = {one.name: one for one in described}
    unknown = sorted(set(by_name) - {name for name, _ in found})
    if unknown:
        raise BadRequest(reason=f"the source has no column {unknown[0]}")
    return tuple(
        _column_card(by_name.get(name) or RegisterColumn(name=name), kind, counted, graded)
        for (name, kind), counted, graded in zip(found, profile.columns, grading.columns, strict=True)
    )


def _column_card(one: RegisterColumn, kind: str, counted: ColumnProfile, graded: ColumnGrade) -> ColumnCard:
    if one.exposure not in tuple(Exposure):
        raise BadRequest(reason=f"{one.name}: {one.exposure} is no exposure; they are {', '.join(Exposure)}")
    is_told = one.exposure != Exposure.HIDDEN
    most = round_up_to_power_of_two(counted.rows)  # the number of different values is an estimate
    return ColumnCard(
        name=one.name,
        kind=kind,
        semantics=one.semantics,
        classes=graded.classes,
        level=graded.level,
        exposure=Exposure(one.exposure),
        exposure_until=one.exposure_until,
        normalisation=one.normalisation,
        nulls_percent_at_most=one.nulls_percent_at_most or (counted.rounded_nulls_percent() if is_told else 0),
        distinct_at_most=one.distinct_at_most or (min(counted.rounded_distinct(), most) if is_told else 0),
    )


def grading_card(grading: Grading) -> GradingCard:
    """How the levels came about, for the card."""
    return GradingCard(table=grading.table, status=grading.status, graded_by=grading.graded_by, reason=grading.reason)


def describe(record: Dataset, force: InForce, card: DatasetCard | None, *, mine: bool) -> DatasetInfo:
    """A dataset as the API shows it.

    Args:
        record: as the ledger has it now.
        force: what binds it now.
        card: as its owner committed to it, or None where it is not here.
        mine: this organisation owns it.
    """
    info = DatasetInfo(dataset=record.dataset, owner=record.owner, level=force.level, state=force.state, mine=mine)
    if card is None:
        return info
    return info.model_copy(
        update={
            "title": card.title,
            "description": card.description,
            "rows_at_most": card.rows_at_most,
            "columns": [_column_info(one) for one in card.columns],
            "purposes": list(card.purposes),
            "classes": list(card.classes),
            "grading": _grading_info(card.grading),
            "keywords": list(card.keywords),
            "accrual": card.accrual,
            "spatial": card.spatial,
            "licence": card.licence,
            "offers": [dict(one) for one in card.offers],
            "source": card.source,
            "parents": list(card.parents),
            "card_verified": True,
        }
    )


def _column_info(one: ColumnCard) -> RegisterColumn:
    return RegisterColumn(
        name=one.name,
        semantics=one.semantics,
        classes=list(one.classes),
        level=one.level,
        exposure=one.exposure,
        exposure_until=one.exposure_until,
        normalisation=one.normalisation,
        nulls_percent_at_most=one.nulls_percent_at_most,
        distinct_at_most=one.distinct_at_most,
    )


def _grading_info(one: GradingCard | None) -> GradingInfo | None:
    if one is None:
        return None
    return GradingInfo(table=one.table, status=one.status, graded_by=one.graded_by, reason=one.reason)
