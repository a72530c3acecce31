"""Whether a regulator's order stands in the way: asked at consent, at START and receipt, and by nodes every moment between.

An order acts on what it names and on what rests on that: a frozen lineage stops its versions and the sets derived from them, a
frozen right what was split from it. Nothing is rewritten for it; whoever asks walks up, so an order acts on everything at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from atoll.ledger.records import Dataset, Grant, Hold, Order, Reader, Right, TargetKind, hold_id, root_right_id
from atoll.ledger.rights import chain_of
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import OrderInForce
from atoll.ledger.rules.lineages import ancestry


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
    """What a job rests on, each once: parties, datasets with all they were made from, grants and who gave them, rights and who
    holds them.

    Raises:
        TooManyAncestors: a dataset rests on more versions than can be looked at.

    Cost: a record an ancestor, at most `lineages.MOST_ANCESTORS` a line, and one a right.
    """
    return tuple(dict.fromkeys(_targets(state, orgs, lines)))


def _targets(state: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> list[tuple[TargetKind, str]]:
    """As `targets_under`, some of them twice: asking twice costs less than finding out which."""
    targets = [(TargetKind.MEMBER, org) for org in orgs]
    for line in lines:
        grant = state.get(Grant, line.grant.hex()) if line.grant else None
        dataset = state.get(Dataset, line.dataset)
        if dataset is not None:
            found = ancestry(state, dataset)
            targets += [(TargetKind.DATASET, one) for one in found.datasets]
            targets += [(TargetKind.LINEAGE, one) for one in found.lineages]
        if line.grant:
            targets.append((TargetKind.GRANT, line.grant.hex()))
        targets += _targets_of(rights_under(state, line, grant))
        if grant is not None:
            targets.append((TargetKind.MEMBER, grant.giver))
    return targets


def _targets_of(rights: Iterable[Right]) -> Iterator[tuple[TargetKind, str]]:
    """Each right, and who holds it: what a member under an order has given, or could give, carries nothing."""
    for one in rights:
        yield TargetKind.RIGHT, one.right.hex()
        yield TargetKind.MEMBER, one.holder


def find_hold(state: Reader, orgs: Iterable[str], lines: Iterable[Line]) -> Hold | None:
    """The order that weighs most, a recall before a freeze; None where none is in force. Raises and costs as `targets_under`,
    and a record a target."""
    return _heaviest(state, _targets(state, orgs, lines))


def _heaviest(state: Reader, targets: Iterable[tuple[TargetKind, str]]) -> Hold | None:
    found = [state.get(Hold, hold_id(kind, target)) for kind, target in targets]
    acting = [one for one in found if one is not None and one.acts]
    return min(acting, key=lambda one: not one.recall, default=None) if acting else None


def rights_under(state: Reader, line: Line, grant: Grant | None) -> tuple[Right, ...]:
    """The rights that an input rests on: that of its grant up to the root, or the root where there is none: for an own use."""
    right = grant.right if grant is not None and grant.right else root_right_id(line.dataset.rpartition("/")[0])
    return chain_of(state, right)[0]


def need_no_hold(call: Call, orgs: Iterable[str], lines: Iterable[Line]) -> None:
    """Nothing of this may be under an order.

    Raises:
        OrderInForce: something is.
        TooManyAncestors: as `targets_under`.
    """
    _need_none(call, find_hold(call.state, orgs, lines))


def need_no_hold_on_right(call: Call, right: Right, receiver: str) -> None:
    """A right changes hands, or something is given from it: sender, receiver, lineage, and all above it with their holders may
    not be under an order. One on a single version stops no right, which covers the others too.

    Raises:
        OrderInForce: something is.
    """
    targets = [(TargetKind.MEMBER, call.sender), (TargetKind.MEMBER, receiver), (TargetKind.LINEAGE, right.lineage)]
    targets += _targets_of(chain_of(call.state, right.right)[0])
    _need_none(call, _heaviest(call.state, targets))


def _need_none(call: Call, hold: Hold | None) -> None:
    if hold is not None:
        order = call.need(Order, hold.order.hex())
        raise OrderInForce(
            what=f"{hold.target_kind} {hold.target}",
            state="recalled" if hold.recall else "frozen",
            order=hold.order.hex(),
            regulator=order.regulator,
        )
