"""Datasets: registered by their owner, withdrawn by their owner. Rows, cards and fingerprints stay at home; here stands a
commitment, and keyed tags by which the second registration of a content is found.

The ledger says who registered first, never whose a content is. A version that somebody else's lineage holds already is blocked:
nobody but its owner can use it, until a dispute is decided (`rules.dispute`). Nor does it come back as the next version: what
is blocked or under an order stays so under the next number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from atoll.ledger.plan import DatasetId
from atoll.ledger.records import (
    Dataset,
    DatasetState,
    Evaluated,
    Finding,
    Layer,
    LevelNumber,
    OprfKey,
    OprfRequest,
    RegistrationDay,
    Rivals,
    Standing,
    Tag,
)
from atoll.ledger.records.data import MOST_STANDINGS
from atoll.ledger.records.foreign import Evidence
from atoll.ledger.records.registration import MOST_RIVALS
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.claim import priority_of
from atoll.ledger.rules.errors import DatasetBlocked, NotAllowed, TagsRefused, TooManyRegistrations, WrongState
from atoll.ledger.rules.foreign import need_confirmed
from atoll.ledger.rules.grade import verify_first_level
from atoll.ledger.rules.holds import Basis, need_no_hold
from atoll.ledger.rules.lineages import ancestry
from atoll.ledger.rules.right import mint_root, need_own_use
from atoll.ledger.rules.sources import verify_sources
from atoll.wire.message import Count, Digest, Message, Size

MOST_A_DAY = 256
"""Registrations of one member on one day of block time: each is a record for ever, and a question to every other member."""
DAY_SECONDS = 86_400


BasisId = Annotated[bytes, Size(16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDataset(Message):
    """An owner registers a dataset version."""

    TAG: ClassVar[str] = "dataset.register/1"

    dataset: DatasetId
    """owner/name/version; versions follow each other without a gap."""
    card_commitment: Digest
    """Salted commitment to the card."""
    level: LevelNumber
    """1 to 4: G1 to G4; 5: important; 6: core."""
    asserted_new: Count | None = None
    """How many of its identifiers the version before it did not have, as the owner says; None if it does not say."""
    evaluation: Annotated[bytes, Size(0, 16)] = b""
    """The logged evaluation that the tags come from; empty without tags."""
    tags: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """Keyed tags, one a `Layer` in its order; none where the ledger has no key for them yet."""
    parents: Annotated[tuple[DatasetId, ...], Size(0, 64)] = ()
    """Versions that it was made from, sorted, each once; at least those of the version before it."""
    source_job: Annotated[bytes, Size(0, 16)] = b""
    """The job whose result it is; all that went into the job are then parents. Empty for none."""
    bases: Annotated[tuple[BasisId, ...], Size(0, 64)] = ()
    """Grants to the registrant, and rights that it holds, by which it got something of other members' parents."""
    claim_salt: Annotated[bytes, Size(0, 32)] = b""
    """Opens the claim to the tags (`rules.claim`); empty without one."""
    fingerprint: Evidence = b""
    """Of the confirmed claim across consortia; empty where the ledger has no agreement with any (`rules.foreign`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawDataset(Message):
    """An owner takes a dataset version out of use; jobs not yet started cannot start with it."""

    TAG: ClassVar[str] = "dataset.withdraw/1"

    dataset: DatasetId
    """Which version."""


def register(call: Call, body: RegisterDataset) -> None:
    """A first version needs nothing; version n + 1 needs version n, and is bound by what binds that one. Its tags are looked
    up, and those that are new become its own."""
    owner, name, version = body.dataset.split("/")
    call.need_sender(owner, "register a dataset under its name")
    if "owner" not in call.active_member(owner).roles:
        raise NotAllowed(org=owner, reason="it lacks the role owner")
    call.need_free(Dataset, body.dataset)
    before = call.need(Dataset, f"{owner}/{name}/{int(version) - 1}") if int(version) > 1 else None
    _count(call)
    verify_sources(call, body.dataset, body.parents, source_job=body.source_job, bases=body.bases)
    verify_first_level(call, body.dataset, body.level, body.parents)
    priority = _verify_tags(call, body)
    lineage = f"{owner}/{name}"
    finding, first = find_first(call, body.tags, lineage, priority)
    holders = _holders(call, body.tags)
    need_confirmed(
        call, body.fingerprint, dataset=body.dataset, is_tagged=bool(body.tags), twins={one.lineage for one in holders}
    )
    rests_on = [one.dataset for one in (before, *holders) if one is not None and one.owner == owner]
    need_no_hold(call, (owner,), [Basis(one) for one in (*rests_on, *body.parents)])
    blocked = next((one for one in (before, *holders) if one is not None and one.lineage == lineage and was_blocked(one)), None)
    is_foreign = bool(first) and lineage_of(first) != lineage
    in_doubt = is_foreign and is_doubtful(call, body.tags, first, owner)
    is_blocked = blocked is not None or (is_foreign and not in_doubt)
    if blocked is not None and (in_doubt or not is_foreign):
        finding, first = blocked.finding, blocked.first
    free = DatasetState.REVIEW if in_doubt else DatasetState.ACTIVE
    dataset = Dataset(
        dataset=body.dataset,
        owner=owner,
        lineage=lineage,
        card_commitment=body.card_commitment,
        level=body.level,
        asserted_new=body.asserted_new,
        state=DatasetState.BLOCKED if is_blocked else free,
        height=call.height,
        time=call.time,
        evaluation=body.evaluation,
        tags=body.tags,
        finding=finding,
        first=first,
        parents=body.parents,
        source_job=body.source_job,
    )
    ancestry(call.state, dataset)  # what rests on too much could never be used; better said now
    move(call, dataset)
    if not is_blocked:
        claim_tags(call, dataset, priority)
    if int(version) == 1:
        mint_root(call, dataset)


def withdraw(call: Call, body: WithdrawDataset) -> None:
    """Only the owner, and for good."""
    dataset = call.need(Dataset, body.dataset)
    call.need_sender(dataset.owner, "withdraw its dataset")
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(what="dataset", name=body.dataset, state=dataset.state, needed=DatasetState.ACTIVE)
    move(call, dataset, state=DatasetState.WITHDRAWN)


def move(call: Call, dataset: Dataset, **changes: Any) -> None:
    """Write a version with changes; how it stands from this block on is noted in it."""
    changed = replace(dataset, **changes)
    now = Standing(height=call.height, state=changed.state, finding=changed.finding)
    before = changed.standings
    if before and (before[-1].state, before[-1].finding) == (now.state, now.finding):
        call.state.put(changed)
        return
    if before and before[-1].height == call.height and before[-1].state is not DatasetState.BLOCKED:
        before = before[:-1]
    call.state.put(replace(changed, standings=(*before, now)[-MOST_STANDINGS:]))


def was_blocked(dataset: Dataset) -> bool:
    """Whether a version is blocked, or was when it was withdrawn: withdrawing it clears nobody."""
    if dataset.state is not DatasetState.WITHDRAWN:
        return dataset.state is DatasetState.BLOCKED
    return len(dataset.standings) > 1 and dataset.standings[-2].state is DatasetState.BLOCKED


def need_usable(dataset: Dataset, org: str) -> None:
    """Refuse a use of a version that its state forbids.

    Raises:
        DatasetBlocked, WrongState: `org` may get nothing of it now.
    """
    if dataset.is_usable_by(org):
        return
    if dataset.state is DatasetState.BLOCKED:
        raise DatasetBlocked(dataset=dataset.dataset, finding=dataset.finding, first=dataset.first)
    raise WrongState(what="dataset", name=dataset.dataset, state=dataset.state, needed=DatasetState.ACTIVE)


def need_first(call: Call, dataset: Dataset) -> None:
    """Refuse the custodian's own use of a blocked version whose content it registered first itself, and has passed on since:
    else it would go on using under a second name what it has sold or leased.

    Raises:
        RightNotInForce: it may no longer use the first version for itself.
    """
    first = call.state.get(Dataset, dataset.first) if dataset.first and dataset.state is DatasetState.BLOCKED else None
    if first is not None and first.owner == dataset.owner:
        need_own_use(call, first)


def find_first(call: Call, tags: tuple[bytes, ...], lineage: str, priority: int) -> tuple[Finding, str]:
    """What the tags tell: a version of another lineage before one of the own, what blocks before what is doubtful, equal bytes
    before equal content. Who has them by a later claim than this one counts for nothing."""
    if not tags:
        return Finding.UNCHECKED, ""
    found = [(layer, call.state.get(Tag, tag.hex())) for layer, tag in zip(Layer, tags, strict=True)]
    hits = [(layer, one.dataset) for layer, one in found if one is not None and not _yields(one, lineage, priority)]
    if not hits:
        return Finding.NEW, ""
    owner = lineage.partition("/")[0]
    layer, first = min(hits, key=lambda hit: (lineage_of(hit[1]) == lineage, is_doubtful(call, tags, hit[1], owner)))
    return _finding(layer), first


def is_doubtful(call: Call, tags: tuple[bytes, ...], first: str, owner: str) -> bool:
    """Whether what `first` holds of these tags puts a version under review and no more: it is another owner's, and was given
    up, or is alike without the names of columns alone. Innocent tables can be: payer and payee exchanged, codes and their list.
    """
    holder = call.need(Dataset, first)
    if holder.owner == owner:
        return False  # budgets and sales are kept for a lineage; its owner gets no second one by renaming
    if holder.state is DatasetState.WITHDRAWN and not was_blocked(holder):
        return True
    named = (call.state.get(Tag, tag.hex()) for tag in tags[: len(Layer) - 1])
    return not any(one is not None and one.dataset == first for one in named)


def claim_tags(call: Call, dataset: Dataset, priority: int) -> None:
    """Whatever of a version's tags nobody holds yet, or another owner by a later claim, is held by it from now on."""
    overtaken: dict[str, Layer] = {}
    for layer, tag in zip(Layer, dataset.tags, strict=False):
        held = call.state.get(Tag, tag.hex())
        if held is not None and not _yields(held, dataset.lineage, priority):
            continue
        if held is not None:
            overtaken.setdefault(held.dataset, layer)
        call.state.put(Tag(tag=tag, layer=layer, dataset=dataset.dataset, height=call.height, priority=priority))
    for other, layer in overtaken.items():
        if layer is not Layer.NAMELESS:
            _block_from(call, other, _finding(layer), dataset.dataset)
        elif (one := call.need(Dataset, other)).state is DatasetState.ACTIVE:  # alike without names alone: in doubt
            move(call, one, state=DatasetState.REVIEW, finding=_finding(layer), first=dataset.dataset)


def lineage_of(dataset: str) -> str:
    """owner/name of a version."""
    return dataset.rpartition("/")[0]


def _yields(held: Tag, lineage: str, priority: int) -> bool:
    """Whether a tag goes to who claimed it earlier. Never from one lineage of an owner to another: it would take back under a
    second name what it has sold under the first."""
    return held.priority > priority and held.dataset.split("/")[0] != lineage.split("/")[0]


def _block_from(call: Call, dataset: str, finding: Finding, first: str) -> None:
    """Block a version that was registered first and claimed later, and those after it, as they would be had it been blocked at
    once: what is blocked already has one more to be released against, and what was withdrawn stays so. All are of the few days
    that a claim counts, so there are no more of them than may be registered in these."""
    lineage, _, version = dataset.rpartition("/")
    number = int(version)
    while (one := call.state.get(Dataset, f"{lineage}/{number}")) is not None:
        number += 1
        if was_blocked(one):
            rivals = call.state.get(Rivals, one.dataset)
            versions = (*(rivals.versions if rivals is not None else ()), first)
            call.state.put(Rivals(new=one.dataset, versions=versions[:MOST_RIVALS]))
            continue
        move(call, one, state=DatasetState.BLOCKED, finding=finding, first=first)
        if one.state is DatasetState.WITHDRAWN:
            move(call, call.need(Dataset, one.dataset), state=DatasetState.WITHDRAWN)


def _finding(layer: Layer) -> Finding:
    return Finding.EXACT if layer is Layer.BYTES else Finding.SAME_CONTENT


def _count(call: Call) -> None:
    day = call.time // DAY_SECONDS
    before = call.state.get(RegistrationDay, call.sender)
    count = before.count if before is not None and before.day == day else 0
    if count >= MOST_A_DAY:
        raise TooManyRegistrations(org=call.sender, limit=MOST_A_DAY)
    call.state.put(RegistrationDay(org=call.sender, day=day, count=count + 1))


def _holders(call: Call, tags: tuple[bytes, ...]) -> list[Dataset]:
    """The versions that hold these tags."""
    found = [call.state.get(Tag, tag.hex()) for tag in tags]
    return [call.need(Dataset, name) for name in dict.fromkeys(one.dataset for one in found if one is not None)]


def _verify_tags(call: Call, body: RegisterDataset) -> int:
    """All three, from one evaluation that the sender asked for and that no registration has used; none before a key stands.
    The block since which they count as the sender's."""
    if not (body.tags or body.evaluation or body.claim_salt) and call.state.get(OprfKey, "0") is None:
        return call.height
    if len(body.tags) != len(Layer) or len(set(body.tags)) != len(Layer):
        raise TagsRefused(reason=f"there are {len(set(body.tags))} of {len(Layer)}")
    request = call.state.get(OprfRequest, body.evaluation.hex())
    if request is None or request.org != call.sender or request.elements != len(Layer):
        raise TagsRefused(reason=f"{call.sender} has asked for no evaluation {body.evaluation.hex()} of {len(Layer)} inputs")
    used = call.state.get(Evaluated, body.evaluation.hex())
    if used is not None:
        raise TagsRefused(reason=f"the evaluation was used for {used.dataset}")
    call.state.put(Evaluated(evaluation=body.evaluation, dataset=body.dataset))
    return priority_of(call, body.evaluation, body.tags, body.claim_salt)
