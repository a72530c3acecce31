"""Levels: raised freely by an owner, lowered by it with a reason alone, held up by a regulator, asked again at START.

A level is 1 to 6 (G1 to G4, important, core). The transaction is the signature: whoever changes a level has signed it with its
identity key, and a reason of which the commitment stands here can be shown to whoever has to judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.ledger.records import Dataset, DatasetState, LevelApproval, LevelNumber, Regrade
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import (
    LevelBelowParents,
    LevelHeld,
    NeedsReason,
    NotAllowed,
    NotApproved,
    NotTradable,
    WrongState,
)
from atoll.wire.message import Digest, Message, Name, Size, Time

IMPORTANT, CORE = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeDataset(Message):
    """An owner, or a regulator, changes the level of a dataset version."""

    TAG: ClassVar[str] = "dataset.regrade/1"

    dataset: DatasetId
    """Which version."""
    level: LevelNumber
    """Its level from now on; of a regulator: the least that it may have from now on."""
    table: Label
    """The table of levels that it was read from, such as `gbt-43697-2024/1`."""
    reason_commitment: Annotated[bytes, Size(0, 32)] = b""
    """Salted commitment to the reason; empty only where the level rises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveLevel(Message):
    """A regulator permits that some members compute with important data; a later one takes the place of an earlier one."""

    TAG: ClassVar[str] = "dataset.approve/1"

    dataset: DatasetId
    """Which version."""
    parties: Annotated[tuple[Name, ...], Size(0, 16)]
    """Who may take part beside the owner, sorted, all within the border; none takes the permission back."""
    not_after: Time
    """Last second at which a job may begin."""
    reason_commitment: Digest
    """Salted commitment to the reason."""


def regrade(call: Call, body: RegradeDataset) -> None:
    """By the owner: up freely, otherwise with a reason and never below a regulator's floor. By a regulator: the floor."""
    dataset = _need_in_use(call, body.dataset)
    if len(body.reason_commitment) not in (0, 32):
        raise NeedsReason(what="the commitment to it has 32 bytes")
    last = call.state.get(Regrade, body.dataset)
    floor = last.floor if last is not None else 0
    level = body.level
    if call.sender == dataset.owner:
        if level < floor:
            raise LevelHeld(dataset=body.dataset, floor=floor)
        needs_reason = level <= dataset.level
    else:
        call.need_role("regulator")
        needs_reason = level <= max(floor, dataset.level)
        floor, level = body.level, max(body.level, dataset.level)
    if needs_reason and not body.reason_commitment:
        raise NeedsReason(what=f"{body.dataset} has level {dataset.level}, and only what is raised needs none")
    call.state.put(replace(dataset, level=level))
    call.state.put(
        Regrade(
            dataset=body.dataset,
            level=level,
            before=dataset.level,
            floor=floor,
            by=call.sender,
            table=body.table,
            reason_commitment=body.reason_commitment,
            height=call.height,
        )
    )


def approve(call: Call, body: ApproveLevel) -> None:
    """Only a regulator who is no party, and only of important data."""
    dataset = _need_in_use(call, body.dataset)
    call.need_role("regulator")
    if call.sender in (dataset.owner, *body.parties):
        raise NotAllowed(org=call.sender, reason="a regulator that takes part does not decide")
    if list(body.parties) != sorted(set(body.parties)) or dataset.owner in body.parties:
        raise NotAllowed(org=call.sender, reason="an approval names its parties sorted, each once, without the owner")
    for org in body.parties:
        call.active_member(org)
    if dataset.level != IMPORTANT:
        raise WrongState(what="level of", name=body.dataset, state=str(dataset.level), needed=str(IMPORTANT))
    call.state.put(
        LevelApproval(
            dataset=body.dataset,
            regulator=call.sender,
            parties=body.parties,
            not_after=body.not_after,
            reason_commitment=body.reason_commitment,
        )
    )


def settle_first_level(call: Call, dataset: str, level: int, parents: Sequence[str] = ()) -> None:
    """At registration: a version is at least as high as what it was made from, and as the floor of the version before it.

    Args:
        dataset: owner/name/version, whose version before this one is on the ledger.
        level: what its owner registers it with.
        parents: dataset versions that it was made from; those that the ledger does not hold count for nothing.

    Raises:
        LevelBelowParents, LevelHeld: with the least level.
    """
    found = [call.state.get(Dataset, one) for one in parents]
    worst = max((one.level for one in found if one is not None), default=0)
    if level < worst:
        raise LevelBelowParents(dataset=dataset, level=level, least=worst)
    lineage, _, version = dataset.rpartition("/")
    before = call.state.get(Regrade, f"{lineage}/{int(version) - 1}")
    if before is None or not before.floor:
        return
    if level < before.floor:
        raise LevelHeld(dataset=dataset, floor=before.floor)
    call.state.put(replace(before, dataset=dataset, level=level, before=level, height=call.height))


def verify_tradable(dataset: Dataset) -> None:
    """At a grant: core data are nobody's but the owner's.

    Raises:
        NotTradable: it is core data.
    """
    if dataset.level == CORE:
        raise NotTradable(dataset=dataset.dataset)


def verify_level(call: Call, dataset: Dataset, parties: Sequence[str]) -> None:
    """At START, where somebody else gets something of it: the level of this height, and a regulator's permission.

    Raises:
        NotTradable, NotApproved: with what is missing.
    """
    verify_tradable(dataset)
    if dataset.level != IMPORTANT:
        return
    found = call.state.get(LevelApproval, dataset.dataset)
    named = found.parties if found is not None and call.time <= found.not_after else ()
    missing = sorted(set(parties) - {dataset.owner, *named})
    if missing or not named:
        raise NotApproved(dataset=dataset.dataset, missing=", ".join(missing) or "anybody")


def _need_in_use(call: Call, identifier: str) -> Dataset:
    dataset = call.need(Dataset, identifier)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(what="dataset", name=identifier, state=dataset.state, needed=DatasetState.ACTIVE)
    return dataset
