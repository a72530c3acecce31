"""What the level of data allows: the gate that is asked at publish, at consent and at delivery, each time anew.

    level       exposures on a card                                            what others get of it
    G1, G2      all                                                            anything
    G3          all but plaintext                                              rows on request, computed results
    G4          after-join of what is compared, after-aggregate,               computed results; rows, if none of their columns
                after-compare, encrypted-only, hidden                          is of G4 ("masked")
    important   as G4                                                          computed results, if a regulator agreed
    core        hidden                                                         nothing

The levels are those of EXCHANGE 6.3, an unverified transcription of GB/T 43697-2024; where a level is shown, `level_text` shows
the status of its table with it. Tables that grade data are files and can be replaced (`atoll.exchange.grading`); what a level
allows is the same for all members, so it stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum, StrEnum

from atoll.errors import RuleError
from atoll.ledger.plan import Plan, PlanInput
from atoll.ledger.records import SIMILARITY, Dataset, LevelApproval, Reader
from atoll.ledger.rules.lineages import effective_level
from atoll.policy.card import DatasetCard
from atoll.policy.demand import Exposure, Output
from atoll.policy.errors import LevelRefused
from atoll.policy.reasons import Reason

STATUS = "unverified transcription"
"""Status of the standard's table, and of the gate below: nobody has compared them with the standard's text yet."""


class Level(IntEnum):
    """The levels, lowest first."""

    G1 = 1
    G2 = 2
    G3 = 3
    G4 = 4
    IMPORTANT = 5
    CORE = 6


class Delivery(StrEnum):
    """How something of a dataset reaches somebody else."""

    FILE = "file"
    """Values as they are, all of them."""
    API = "api"
    """Values as they are, for rows that the receiver can ask for."""
    COMPUTE = "compute"
    """What was computed from values: numbers, or which of the receiver's own identifiers are there."""


_COMPUTED = {Output.IDENTIFIERS, Output.CARDINALITY, Output.SUM, Output.AGGREGATE, Output.COMPARISON}
_COMPUTE_EXPOSURES = frozenset({Exposure.AFTER_AGGREGATE, Exposure.AFTER_COMPARE, Exposure.ENCRYPTED_ONLY, Exposure.HIDDEN})
_ALL_MODES = frozenset(Delivery)
_MODES = {
    Level.G1: _ALL_MODES,
    Level.G2: _ALL_MODES,
    Level.G3: frozenset({Delivery.API, Delivery.COMPUTE}),
    Level.G4: frozenset({Delivery.COMPUTE}),
    Level.IMPORTANT: frozenset({Delivery.COMPUTE}),
    Level.CORE: frozenset[Delivery](),
}


def level_name(level: int) -> str:
    """The word for a level.

    >>> level_name(4), level_name(5), level_name(6)
    ('G4', 'important', 'core')
    """
    found = Level(level)
    return found.name if found <= Level.G4 else found.name.lower()


def level_text(level: int, status: str = STATUS) -> str:
    """The word for a level with the status of its table, as every screen shows it.

    >>> level_text(5)
    'important (unverified transcription)'
    """
    return f"{level_name(level)} ({status})" if status else level_name(level)


def permitted_modes(level: int) -> frozenset[Delivery]:
    """How data of this level may reach others; none for core data."""
    return _MODES[Level(level)]


def permitted_exposures(level: int, *, compared: bool) -> frozenset[Exposure]:
    """What a card may say of a column of this level.

    Args:
        level: of the column, or of its dataset if that is important or core.
        compared: whether the column is a key: then `after-join` shows the receiver identifiers that it has already.
    """
    modes = permitted_modes(level)
    if Delivery.FILE in modes:
        return frozenset(Exposure)
    if Delivery.API in modes:
        return frozenset(Exposure) - {Exposure.PLAINTEXT}
    if Delivery.COMPUTE in modes:
        return _COMPUTE_EXPOSURES | ({Exposure.AFTER_JOIN} if compared else set())
    return frozenset({Exposure.HIDDEN})


def mode_of(output: str) -> Delivery:
    """The way in which an output of a job reaches its receiver; one that is not known counts as the most that there is."""
    if output in _COMPUTED:
        return Delivery.COMPUTE
    return Delivery.API if output == Output.ROWS else Delivery.FILE


def starting_level(columns: tuple[int, ...], parents: tuple[int, ...] = ()) -> int:
    """The level that a dataset is registered with: the worst of its columns and of the datasets it was made from.

    That it holds only sums of them lowers nothing by itself; a person does that, with a reason (`dataset.regrade`).
    """
    return max((*columns, *parents), default=Level.G1)


def publish_reasons(card: DatasetCard) -> Iterator[Reason]:
    """At publish: what a card offers of each column is what its level allows; the dataset is as high as its worst column."""
    worst = starting_level(tuple(one.level for one in card.columns))
    yield _reason(
        f"level of {card.dataset}",
        f"at least {level_name(worst)}, of its worst column",
        level_name(card.level),
        card.level >= worst,
    )
    for one in card.columns:
        allowed = permitted_exposures(_binding(one.level, card.level), compared=bool(one.normalisation))
        words = ", ".join(each for each in Exposure if each in allowed)
        yield _reason(f"exposure of {one.name} at {level_name(one.level)}", words, str(one.exposure), one.exposure in allowed)


def level_of(view: Reader, dataset: Dataset) -> int:
    """The level that a dataset is handled by; the highest where it rests on more than can be looked at."""
    try:
        return effective_level(view, dataset)
    except RuleError:
        return Level.CORE


def level_reasons(view: Reader, plan: Plan, number: int, card: DatasetCard | None, *, now: int | None) -> Iterator[Reason]:
    """At consent and at delivery: what the current level on the ledger, that of its sources included, allows of one input.

    Args:
        view: own copy of the ledger; the card may be older than a change of level.
        plan: the job.
        number: which of its inputs.
        card: of the input's dataset, for the levels of single columns; without it each column has the level of the dataset.
        now: when the job begins; None once it has: a permission that ends later does not stop it.
    """
    if plan.kind == SIMILARITY:
        return  # how much two registrations have in common; it is asked of every dataset, whatever its level
    planned = plan.inputs[number]
    dataset = view.get(Dataset, planned.dataset)
    if dataset is None:
        yield _reason(f"level of {planned.dataset}", "on the ledger", "unknown", False)
        return
    receiver = plan.org_at("receiver", planned.receiver)
    if receiver == dataset.owner:
        return  # nobody else gets anything of it
    level = level_of(view, dataset)
    outputs = {name for one in plan.outputs if one.index == planned.receiver for name in one.gets}
    for output in sorted(outputs) or ["nothing named"]:
        leaving = _leaving(planned, output, level, card)
        modes = permitted_modes(leaving)
        words = ", ".join(sorted(modes)) or "nothing"
        what = f"{output} of {planned.dataset} at {level_name(leaving)}"
        yield _reason(what, words, str(mode_of(output)), mode_of(output) in modes)
    if level == Level.IMPORTANT:
        yield _approval_reason(view, plan, dataset, now)


def verify_delivery(view: Reader, plan: Plan, card: Callable[[str], DatasetCard | None]) -> None:
    """Before a result is shown, and each time that it is: a level may have risen since the job ended.

    Raises:
        LevelRefused: with the first input whose level no longer allows it.
    """
    for number, one in enumerate(plan.inputs):
        for reason in level_reasons(view, plan, number, card(one.dataset), now=None):
            if not reason.holds:
                raise LevelRefused(reason=f"{reason.constraint}: allowed {reason.wanted}, found {reason.observed}")


def _approval_reason(view: Reader, plan: Plan, dataset: Dataset, now: int | None) -> Reason:
    found = view.get(LevelApproval, dataset.dataset)
    others = set(plan.orgs()) - {dataset.owner}
    named = set(found.parties) if found is not None else set[str]()
    in_time = found is not None and (now is None or now <= found.not_after)
    return _reason(
        f"a regulator's approval of {dataset.dataset}",
        "in force, naming " + ", ".join(sorted(others)),
        f"naming {', '.join(sorted(named)) or 'nobody'}" + ("" if in_time or not named else ", expired"),
        in_time and others <= named,
    )


def _leaving(planned: PlanInput, output: str, level: int, card: DatasetCard | None) -> int:
    """The level of what an output takes of a dataset: where rows leave, that of the worst column among them.

    Columns count for themselves only as long as the card explains the level that stands on the ledger: once that was raised,
    the card does not know which column was meant. Important and core data stay so whatever is left out of them.
    """
    if output != Output.ROWS or level >= Level.IMPORTANT or card is None or level > card.level:
        return level
    columns = [card.column(name) for name in planned.beside]
    return max((min(level, one.level) if one else level for one in columns), default=level)


def _binding(column: int, dataset: int) -> int:
    return dataset if dataset >= Level.IMPORTANT else column


def _reason(constraint: str, wanted: str, observed: str, holds: bool) -> Reason:
    return Reason(LevelRefused.code, constraint, wanted, observed, holds)
