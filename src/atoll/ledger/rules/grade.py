"""Levels: raised freely by an owner, lowered by it with a reason, held up by a regulator, asked again at START.

A level is 1 to 6 (G1 to G4, important, core). The transaction is the signature: whoever changes a level has signed it with its
identity key, and a reason of which the commitment stands here can be shown to whoever has to judge it. From G4 on a person
signs that a level falls (SECURITY 3.6): otherwise a token could lower the data, have them used, and raise them again.

Everything here goes by `lineages.effective_level`: what rises in its sources, or is set for its lineage, reaches a version too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, Label
from atoll.ledger.records import Dataset, DatasetState, LevelApproval, LevelFloor, LevelNumber, Member, Regrade, ties
from atoll.ledger.rules.approver import LEAST_LEVEL, approve_lowering
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import (
    LevelBelowLast,
    LevelBelowParents,
    LevelHeld,
    NeedsReason,
    NotAllowed,
    NotApproved,
    NotTradable,
    WrongState,
)
from atoll.ledger.rules.lineages import effective_level
from atoll.wire.message import Digest, Message, Name, Size, Time

IMPORTANT, CORE = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeDataset(Message):
    """An owner, or a regulator, changes the level of a dataset version."""

    TAG: ClassVar[str] = "dataset.regrade/1"

    dataset: DatasetId
    """Which version."""
    level: LevelNumber
    """Its level from now on; of a regulator: the least that its lineage may have from now on."""
    table: Label
    """The table of levels that it was read from, such as `gbt-43697-2024/1`."""
    reason_commitment: Annotated[bytes, Size(0, 32)] = b""
    """Salted commitment to the reason; empty only where the level rises."""
    approval: Annotated[bytes, Size(0, 1000)] = b""
    """A person's envelope over `RegradeApproval`, context `regrade`; where an owner lowers data of level G4 or above."""


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
    floor = floor_of(call, dataset.lineage)
    held = effective_level(call.state, dataset)
    level = body.level
    if call.sender == dataset.owner:
        if level < floor:
            raise LevelHeld(dataset=body.dataset, floor=floor)
        needs_reason = level <= dataset.level or level < held
    else:
        call.need_role("regulator")
        _need_no_tie(call, (dataset.owner,))
        needs_reason = level <= max(floor, dataset.level)
        floor, level = body.level, max(body.level, dataset.level)
    if needs_reason and not body.reason_commitment:
        raise NeedsReason(what=f"{body.dataset} has level {held}, and only what is raised needs none")
    is_lowered = call.sender == dataset.owner and level < held
    approver = ""
    if is_lowered and held >= LEAST_LEVEL:
        approver = approve_lowering(call, dataset, held, level, last.height if last else 0, body.approval)
    if call.sender != dataset.owner:
        call.state.put(LevelFloor(lineage=dataset.lineage, floor=floor, by=call.sender, height=call.height))
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
            raised=call.height if level > dataset.level else last.raised if last else dataset.height,
            lowered=call.height if is_lowered else last.lowered if last else 0,
            approver=approver,
        )
    )


def approve(call: Call, body: ApproveLevel) -> None:
    """Only a regulator who is no party, and only of important data."""
    dataset = _need_in_use(call, body.dataset)
    call.need_role("regulator")
    _need_no_tie(call, (dataset.owner, *body.parties))
    if list(body.parties) != sorted(set(body.parties)) or dataset.owner in body.parties:
        raise NotAllowed(org=call.sender, reason="an approval names its parties sorted, each once, without the owner")
    for org in body.parties:
        call.active_member(org)
    level = effective_level(call.state, dataset)
    if level != IMPORTANT:
        raise WrongState(what="level of", name=body.dataset, state=str(level), needed=str(IMPORTANT))
    call.state.put(
        LevelApproval(
            dataset=body.dataset,
            regulator=call.sender,
            parties=body.parties,
            not_after=body.not_after,
            reason_commitment=body.reason_commitment,
        )
    )


def verify_first_level(call: Call, dataset: str, level: int, parents: Sequence[str] = ()) -> None:
    """At registration: at least as high as its lineage's floor, the version before it, and what it was made from.

    Args:
        call: of the registrant.
        dataset: owner/name/version, whose version before this one is on the ledger.
        level: what its owner registers it with.
        parents: dataset versions that it was made from; those that the ledger does not hold count for nothing.

    Raises:
        LevelHeld, LevelBelowLast, LevelBelowParents: with the least level.
    """
    lineage, _, version = dataset.rpartition("/")
    floor = floor_of(call, lineage)
    if level < floor:
        raise LevelHeld(dataset=dataset, floor=floor)
    before = call.state.get(Dataset, f"{lineage}/{int(version) - 1}")
    least = effective_level(call.state, before) if before is not None else 0
    if level < least:
        raise LevelBelowLast(dataset=dataset, level=level, least=least)
    found = [call.state.get(Dataset, one) for one in parents]
    worst = max((effective_level(call.state, one) for one in found if one is not None), default=0)
    if level < worst:
        raise LevelBelowParents(dataset=dataset, level=level, least=worst)


def floor_of(call: Call, lineage: str) -> int:
    """The least level that a regulator has set for all versions of a lineage; 0 for none."""
    found = call.state.get(LevelFloor, lineage)
    return found.floor if found is not None else 0


def verify_tradable(call: Call, dataset: Dataset) -> int:
    """At a grant: core data are nobody's but the owner's. The level that the dataset is handled by.

    Raises:
        NotTradable: it is core data.
    """
    level = effective_level(call.state, dataset)
    if level == CORE:
        raise NotTradable(dataset=dataset.dataset)
    return level


def verify_level(call: Call, dataset: Dataset, parties: Sequence[str]) -> None:
    """At START, where somebody else gets something of it: the level of this height, and a regulator's permission.

    Raises:
        NotTradable, NotApproved: with what is missing.
    """
    if verify_tradable(call, dataset) != IMPORTANT:
        return
    found = call.state.get(LevelApproval, dataset.dataset)
    named = found.parties if found is not None and call.time <= found.not_after else ()
    missing = sorted(set(parties) - {dataset.owner, *named})
    if missing or not named:
        raise NotApproved(dataset=dataset.dataset, missing=", ".join(missing) or "anybody")


def _need_no_tie(call: Call, orgs: Sequence[str]) -> None:
    """A regulator decides nothing for itself, nor for a member of its own group."""
    own = set(ties(call.sender, call.state.get(Member, call.sender)))
    for org in orgs:
        if own & set(ties(org, call.state.get(Member, org))):
            raise NotAllowed(org=call.sender, reason=f"a regulator that takes part, or belongs to {org}, does not decide")


def _need_in_use(call: Call, identifier: str) -> Dataset:
    dataset = call.need(Dataset, identifier)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(what="dataset", name=identifier, state=dataset.state, needed=DatasetState.ACTIVE)
    return dataset
