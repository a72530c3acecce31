"""Whether a regulator's order stands in the way: asked at consent, at START and receipt, and by nodes every moment between.

An order acts on what it names and on what rests on that: a frozen lineage stops its versions and the sets derived from them, a
frozen right what was split from it. Nothing is rewritten for it; whoever asks walks up, so an order acts on everything at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from atoll.ledger.records import Dataset, Grant, Hold, Order, TargetKind, hold_id, root_right_id
from atoll.ledger.rights import chain_of
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import OrderInForce
from atoll.ledger.rules.lineages import Reader, ancestry


class Line(Protocol):
    """One input of a job, in its plan or on the ledger."""

    @property
    def dataset(self) -> str: ...

    @property
    def grant(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Basis:
    """A dataset version that something rests on outside a job."""

    dataset: str
    """Which."""
    grant: bytes = b""
    """None: it is the owner's own word."""


def targets_under(state: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> tuple[tuple[TargetKind, str], ...]:
    """What a job rests on, each once: its parties, its datasets with all they were made from, grants and rights.

    Raises:
        TooManyAncestors: a dataset rests on more versions than can be looked at.

    Cost: a record an ancestor, at most `lineages.MOST_ANCESTORS` a line, and one a right.
    """
    targets = [(TargetKind.MEMBER, org) for org in orgs]
    for line in lines:
        dataset = state.get(Dataset, line.dataset)
        if dataset is not None:
            found = ancestry(state, dataset)
            targets += [(TargetKind.DATASET, one) for one in found.datasets]
            targets += [(TargetKind.LINEAGE, one) for one in found.lineages]
        if line.grant:
            targets.append((TargetKind.GRANT, line.grant.hex()))
        targets += [(TargetKind.RIGHT, one) for one in rights_under(state, line)]
    return tuple(dict.fromkeys(targets))


def holds_under(state: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> Iterator[Hold]:
    """Every order in force on what a job rests on. Raises and costs as `targets_under`, and a record a target."""
    for kind, target in targets_under(state, orgs, lines):
        hold = state.get(Hold, hold_id(kind, target))
        if hold is not None and hold.acts:
            yield hold


def find_hold(state: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> Hold | None:
    """The order that weighs most, a recall before a freeze; None where none is in force. Raises and costs as `holds_under`."""
    return min(holds_under(state, orgs, lines), key=lambda one: not one.recall, default=None)


def rights_under(state: Reader, line: Line) -> tuple[str, ...]:
    """The rights that an input rests on, in hex: that of its grant up to the root, or the root for an own use."""
    grant = state.get(Grant, line.grant.hex()) if line.grant else None
    right = grant.right if grant is not None and grant.right else root_right_id(line.dataset.rpartition("/")[0])
    return tuple(one.right.hex() for one in chain_of(state, right)[0])


def need_no_hold(call: Call, orgs: Iterable[str], lines: Iterable[Line]) -> None:
    """Nothing of this may be under an order.

    Raises:
        OrderInForce: something is.
        TooManyAncestors: as `holds_under`.
    """
    hold = find_hold(call.state, orgs, lines)
    if hold is not None:
        order = call.need(Order, hold.order.hex())
        raise OrderInForce(
            what=f"{hold.target_kind} {hold.target}",
            state="recalled" if hold.recall else "frozen",
            order=hold.order.hex(),
            regulator=order.regulator,
        )
