"""A finding in plain words. They say what was registered first, and never whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.records import Dataset, DatasetState, Finding

_SENTENCES = {
    Finding.UNCHECKED: "The members share no key for tags yet, so nobody looked whether its content stood here before.",
    Finding.NEW: "No version registered before it has its bytes or its content.",
    Finding.EXACT: "{first}, which was registered first, has the same bytes.",
    Finding.SAME_CONTENT: "{first}, which was registered first, has the same rows, in whatever order, format or naming.",
    Finding.NEAR: "{first}, which was registered first, has most of the same rows.",
    Finding.SUBSET: "One of it and {first}, which was registered first, holds nearly all rows of the other.",
}
_BY_TAGS = frozenset({Finding.EXACT, Finding.SAME_CONTENT})


@dataclass(frozen=True, slots=True)
class Told:
    """What a person reads."""

    found: str
    """What was found."""
    means: str
    """What that means now."""
    next: str
    """What can be done; empty where there is nothing to do."""


def tell_finding(dataset: Dataset) -> Told:
    """The finding of a version, what it means, and what can be done."""
    found = _SENTENCES[dataset.finding].format(first=dataset.first)
    is_own = bool(dataset.first) and dataset.first.rpartition("/")[0] == dataset.lineage
    if dataset.state is DatasetState.BLOCKED:
        return Told(
            found,
            f"Nobody but {dataset.owner} can use it until a dispute about it is decided.",
            f"atoll dataset dispute open {dataset.dataset} --against {dataset.first} --text WORDS"
            if dataset.first
            else f"atoll dataset history {dataset.dataset}",
        )
    if dataset.state is DatasetState.REVIEW:
        means = "It can be used; whoever looks at it sees that it is under review."
        if dataset.finding in _BY_TAGS:
            means += " That one was given up by its owner, or only the names of columns, or their order, tell the two apart."
        if dataset.unanswered:
            found += f" {dataset.unanswered} checks for near duplicates were refused or not answered by {dataset.owner}."
        return Told(found, means, f"atoll dataset history {dataset.dataset}")
    if dataset.state is not DatasetState.ACTIVE:
        return Told(found, f"It is {dataset.state}.", "")
    if dataset.finding is Finding.UNCHECKED:
        return Told(found, "It can be used.", "Register it again as the next version once the members share a key.")
    if is_own:
        return Told(found, "It is of the same lineage; it can be used.", "")
    return Told(
        found,
        "It can be used. Owners of versions registered before it may check within 30 days whether it is near one of theirs.",
        "",
    )
