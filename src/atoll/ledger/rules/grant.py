"""Grants: the only thing that authorises a use of somebody else's data. Each is given under a right, and dies with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId
from atoll.ledger.records import (
    DEFAULT_CAPS,
    Budget,
    Cap,
    CapUnit,
    Counting,
    Dataset,
    Grant,
    GrantState,
    Right,
    grant_account,
    root_right_id,
)
from atoll.ledger.records.rights import MaybeRightId
from atoll.ledger.rights import chain_of, why_grant_fell, why_leased_out, why_not_grantable
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.dataset import need_usable
from atoll.ledger.rules.errors import GrantNotInForce, NotAllowed, RightExceeded, WrongState
from atoll.ledger.rules.grade import verify_tradable
from atoll.ledger.rules.holds import need_no_hold, need_no_hold_on_right
from atoll.ledger.rules.right import need_right_in_force, take_uses
from atoll.wire.message import Count, Digest, Message, Name, Range, Size, Time


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveGrant(Message):
    """An owner permits one organisation to use one dataset version, so often and so long, under committed terms."""

    TAG: ClassVar[str] = "grant.give/1"

    grant: GrantId
    """Random identifier."""
    grantee: Name
    """Who may use it."""
    dataset: DatasetId
    """What it is for."""
    terms_commitment: Digest
    """Salted commitment to the ODRL-shaped terms."""
    uses: Annotated[int, Range(1, 2**31)]
    """How many jobs it carries."""
    not_before: Time
    """First second at which it holds."""
    not_after: Time
    """Last second at which it holds."""
    caps: Annotated[tuple[Cap, ...], Size(1, len(CapUnit))] = DEFAULT_CAPS
    """What the grantee may take in a period, sorted by unit, each once; one of them caps new identifiers."""
    counting: Counting = Counting.RUNS
    """What of the grantee's own sets counts as new."""
    epsilon_micro: Count = 0
    """Privacy budget of noisy outputs, in millionths of epsilon."""
    right: MaybeRightId = b""
    """The right that it is given under; empty where the sender holds the root of the lineage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGrant(Message):
    """An owner takes a grant back; it binds its own node at once and everybody from this block on."""

    TAG: ClassVar[str] = "grant.revoke/1"

    grant: GrantId
    """Which grant."""


def give(call: Call, body: GiveGrant) -> None:
    """The sender must hold a right to grant uses of an active dataset version; the grantee must be an active member."""
    dataset = call.need(Dataset, body.dataset)
    right = _right_to_grant(call, dataset, body)
    need_usable(dataset, body.grantee)
    verify_tradable(call, dataset)
    call.active_member(body.grantee)
    need_no_hold(call, (call.sender, body.grantee), (body,))
    if not right.is_root:  # the root of the lineage, and who holds it, have been asked about with the dataset
        need_no_hold_on_right(call, right, body.grantee)
    units = [one.unit for one in body.caps]
    if units != sorted(set(units)) or CapUnit.NEW_IDENTIFIERS not in units:
        raise NotAllowed(org=call.sender, reason="a grant's caps are sorted by unit, each once, and one caps new identifiers")
    call.need_free(Grant, body.grant.hex())
    take_uses(call, right, body.uses)
    call.state.put(
        Grant(
            grant=body.grant,
            version=1,
            owner=dataset.owner,
            giver=call.sender,
            right=right.right,
            grantee=body.grantee,
            dataset=body.dataset,
            terms_commitment=body.terms_commitment,
            not_before=body.not_before,
            not_after=body.not_after,
            caps=body.caps,
            counting=body.counting,
            state=GrantState.ACTIVE,
        )
    )
    account = grant_account(body.grant)
    for unit, limit in (("uses", body.uses), ("micro-epsilon", body.epsilon_micro)):
        call.state.put(Budget(account=account, unit=unit, owner=dataset.owner, limit=limit, reserved=0, spent=0))


def revoke(call: Call, body: RevokeGrant) -> None:
    """Who holds the right that it was given under, or one above it; for good."""
    grant = call.need(Grant, body.grant.hex())
    chain, _ = chain_of(call.state, grant.right)
    if call.sender not in {one.holder for one in chain}:
        raise NotAllowed(org=call.sender, reason="it holds neither the right that the grant was given under nor one above it")
    if grant.state is not GrantState.ACTIVE:
        raise WrongState(what="grant", name=body.grant.hex(), state=grant.state, needed=GrantState.ACTIVE)
    call.state.put(replace(grant, state=GrantState.REVOKED, version=grant.version + 1))


def _right_to_grant(call: Call, dataset: Dataset, body: GiveGrant) -> Right:
    """The right that the sender grants under: the root, a right of operation, or one of use or processing for itself alone."""
    right = call.need(Right, (body.right or root_right_id(dataset.lineage)).hex())
    if right.lineage != dataset.lineage:
        raise NotAllowed(org=call.sender, reason=f"right {right.right.hex()} is one in {right.lineage}")
    call.need_sender(right.holder, "grant uses under this right")
    need_right_in_force(call, right.right)
    reason = why_not_grantable(right, call.sender, body.grantee) or why_leased_out(
        call.state, right, max(body.not_before, call.time), body.not_after
    )
    if not reason and not right.is_root:
        reason = _why_too_generous(body)
    if not reason and body.not_after > right.not_after:
        reason = f"the grant would hold until {body.not_after}, the right holds until {right.not_after}"
    if reason:
        raise RightExceeded(right=right.right.hex(), reason=reason)
    return right


def _why_too_generous(body: GiveGrant) -> str:
    """Why only the holder of the root gives this grant: a right says nothing of caps and of noise, so whoever grants under one
    keeps to the defaults, or a holder of a few uses could draw up a grant for itself that lets it enumerate.
    """
    (default,) = DEFAULT_CAPS
    if not any(one.unit is default.unit and one.limit <= default.limit and one.days >= default.days for one in body.caps):
        return f"it caps {default.unit.replace('-', ' ')} at more than {default.limit} in {default.days} days"
    if body.counting is not Counting.RUNS:
        return f"it counts what is {body.counting}"
    return f"it gives {body.epsilon_micro} micro-epsilon" if body.epsilon_micro else ""


def need_in_force(call: Call, grant_id: bytes, version: int, *, receiver: str, dataset: str) -> Grant:
    """The grant, if at the block's time it carries a use of this dataset of which this receiver gets something.

    Raises:
        GrantNotInForce: with the reason.
    """
    grant = call.state.get(Grant, grant_id.hex())
    if grant is None:
        raise GrantNotInForce(grant=grant_id.hex(), reason="the ledger holds no such grant")
    reason = ""
    if grant.state is not GrantState.ACTIVE:
        reason = "it was revoked"
    elif grant.version != version:
        reason = f"the plan rests on version {version}, the ledger holds version {grant.version}"
    elif not grant.not_before <= call.time <= grant.not_after:
        reason = f"it holds from {grant.not_before} to {grant.not_after}, and it is {call.time}"
    elif grant.dataset != dataset:
        reason = f"it is for {grant.dataset}"
    elif grant.grantee != receiver:
        reason = f"it was given to {grant.grantee}, and {receiver} would get something of it"
    reason = reason or why_grant_fell(call.state, grant, at=call.time)
    if reason:
        raise GrantNotInForce(grant=grant_id.hex(), reason=reason)
    return grant
