"""Rights, as the custodian's node asks for them before it consents: the whole chain to the root, and every scope on it.

The ledger asks the same of the chain at START (`atoll.ledger.rights`); scopes are bodies that it does not have, so they are
asked here alone. `now` is the later of block time and own clock, so a term has ended as soon as it has for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from atoll.ledger.records import Dataset, Grant, Reader, Right, RightKind
from atoll.ledger.rights import chain_of, why_grant_fell, why_not_own_use
from atoll.policy.demand import Demand, Output
from atoll.policy.errors import RightRefused
from atoll.policy.reasons import MISSING, Reason
from atoll.policy.scopes import DIMENSIONS, RightScope, dimension

AGGREGATES = frozenset({Output.CARDINALITY, Output.SUM, Output.AGGREGATE})
"""What a right of processing reaches: numbers over rows, never rows or identifiers."""

Scopes = Callable[[bytes], RightScope | None]
"""Scopes that fit their commitment on the ledger, by right."""


def no_scopes(right: bytes) -> RightScope | None:  # noqa: ARG001
    """For a node that holds none: then a right that has one carries nothing."""
    return None


def right_reasons(view: Reader, grant: Grant, demand: Demand, *, job_kind: str, now: int, scopes: Scopes) -> Iterator[Reason]:
    """Whether the right that a grant was given under carries this use."""
    fell = why_grant_fell(view, grant, at=now)
    yield Reason(RightRefused.code, "its right", "in force up to the root", fell or "in force", not fell)
    chain, _ = chain_of(view, grant.right)
    lineage = chain[0].lineage if chain else "none"
    wanted = demand.dataset.rpartition("/")[0]
    yield Reason(RightRefused.code, "its right's lineage", wanted, lineage, lineage == wanted)
    if any(one.kind is RightKind.PROCESSING for one in chain):
        outputs = ", ".join(sorted(AGGREGATES))
        yield Reason(RightRefused.code, "output of processing", outputs, demand.output, demand.output in AGGREGATES)
    for one in chain:
        if one.scope_commitment:
            yield from _scope_reasons(one, scopes(one.right), demand, job_kind)


def own_use_reasons(view: Reader, demand: Demand, *, now: int) -> Iterator[Reason]:
    """Whether the custodian may use its dataset for itself: it still holds the root, and has not leased it out."""
    dataset = view.get(Dataset, demand.dataset)
    lineage = dataset.lineage if dataset is not None else demand.dataset.rpartition("/")[0]
    reason = why_not_own_use(view, lineage, demand.owner_org, at=now)
    yield Reason(
        RightRefused.code,
        f"holding of {lineage}",
        f"{demand.owner_org}, not leased out",
        reason or demand.owner_org,
        not reason,
    )


def _scope_reasons(right: Right, scope: RightScope | None, demand: Demand, job_kind: str) -> Iterator[Reason]:
    name = right.right.hex()
    held = scope is not None and scope.right == right.right
    yield Reason(RightRefused.code, f"scope of right {name}", "held here and fitting", "held" if held else MISSING, held)
    if scope is None or not held:
        return
    asked = {
        "columns": frozenset(column for column, _ in demand.columns) | frozenset(demand.payload),
        "purposes": frozenset({demand.purpose}),
        "job_kinds": frozenset({job_kind}),
    }
    for one in DIMENSIONS:
        allowed = dimension(scope, one)
        if allowed:
            words = one.replace("_", " ")
            permitted, observed = ", ".join(sorted(allowed)), ", ".join(sorted(asked[one]))
            yield Reason(RightRefused.code, f"{words} of right {name}", permitted, observed, asked[one] <= allowed)
