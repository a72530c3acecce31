"""Grants: the only thing that authorises a use of somebody else's data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from atoll.ledger.plan import DatasetId, GrantId
from atoll.ledger.records import DEFAULT_CAPS, Budget, Cap, CapUnit, Counting, Dataset, DatasetState, Grant, GrantState
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import GrantNotInForce, NotAllowed, WrongState
from atoll.ledger.rules.grade import verify_tradable
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGrant(Message):
    """An owner takes a grant back; it binds its own node at once and everybody from this block on."""

    TAG: ClassVar[str] = "grant.revoke/1"

    grant: GrantId
    """Which grant."""


def give(call: Call, body: GiveGrant) -> None:
    """The sender must own an active dataset version; the grantee must be an active member."""
    dataset = call.need(Dataset, body.dataset)
    call.need_sender(dataset.owner, "grant the use of its dataset")
    if dataset.state is not DatasetState.ACTIVE:
        raise WrongState(what="dataset", name=body.dataset, state=dataset.state, needed=DatasetState.ACTIVE)
    verify_tradable(dataset)
    call.active_member(body.grantee)
    units = [one.unit for one in body.caps]
    if units != sorted(set(units)) or CapUnit.NEW_IDENTIFIERS not in units:
        raise NotAllowed(org=call.sender, reason="a grant's caps are sorted by unit, each once, and one caps new identifiers")
    call.need_free(Grant, body.grant.hex())
    call.state.put(
        Grant(
            grant=body.grant,
            version=1,
            owner=dataset.owner,
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
    """Only the owner, and for good."""
    grant = call.need(Grant, body.grant.hex())
    call.need_sender(grant.owner, "revoke its grant")
    if grant.state is not GrantState.ACTIVE:
        raise WrongState(what="grant", name=body.grant.hex(), state=grant.state, needed=GrantState.ACTIVE)
    call.state.put(replace(grant, state=GrantState.REVOKED, version=grant.version + 1))


def grant_account(grant: bytes) -> str:
    """The budget account of a grant."""
    return f"grant:{grant.hex()}"


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
    if reason:
        raise GrantNotInForce(grant=grant_id.hex(), reason=reason)
    return grant
