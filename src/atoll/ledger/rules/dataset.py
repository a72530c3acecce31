"""Datasets: registered by their owner, withdrawn by their owner. Rows, cards and fingerprints stay at home; here stands a
commitment, and keyed tags by which the second registration of a content is found.

The ledger says who registered first, never whose a content is. A version that somebody else's lineage holds already is blocked:
nobody but its owner can use it, until a dispute is decided (`rules.dispute`).
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
    Job,
    JobState,
    Layer,
    LevelNumber,
    OprfKey,
    OprfRequest,
    RegistrationDay,
    Standing,
    Tag,
)
from atoll.ledger.records.data import MOST_STANDINGS
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.errors import BadParents, DatasetBlocked, NotAllowed, TagsRefused, TooManyRegistrations, WrongState
from atoll.ledger.rules.grade import settle_first_level
from atoll.ledger.rules.right import mint_root
from atoll.wire.message import Count, Digest, Message, Size

MOST_A_DAY = 256
"""Registrations of one member on one day of block time: each is a record for ever, and a question to every other member."""
DAY_SECONDS = 86_400


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
    """Versions that it was made from, sorted, each once."""
    source_job: Annotated[bytes, Size(0, 16)] = b""
    """The job whose result it is; all that went into the job are then parents. Empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawDataset(Message):
    """An owner takes a dataset version out of use; jobs not yet started cannot start with it."""

    TAG: ClassVar[str] = "dataset.withdraw/1"

    dataset: DatasetId
    """Which version."""


def register(call: Call, body: RegisterDataset) -> None:
    """A first version needs nothing; version n + 1 needs version n. Its tags are looked up, and those that are new become its
    own."""
    owner, name, version = body.dataset.split("/")
    call.need_sender(owner, "register a dataset under its name")
    if "owner" not in call.active_member(owner).roles:
        raise NotAllowed(org=owner, reason="it lacks the role owner")
    call.need_free(Dataset, body.dataset)
    if int(version) > 1:
        call.need(Dataset, f"{owner}/{name}/{int(version) - 1}")
    _count(call)
    _verify_sources(call, body)
    settle_first_level(call, body.dataset, body.level, body.parents)
    _verify_tags(call, body)
    lineage = f"{owner}/{name}"
    finding, first = find_first(call, body.tags, lineage)
    is_foreign = bool(first) and lineage_of(first) != lineage
    dataset = Dataset(
        dataset=body.dataset,
        owner=owner,
        lineage=lineage,
        card_commitment=body.card_commitment,
        level=body.level,
        asserted_new=body.asserted_new,
        state=DatasetState.BLOCKED if is_foreign else DatasetState.ACTIVE,
        height=call.height,
        time=call.time,
        evaluation=body.evaluation,
        tags=body.tags,
        finding=finding,
        first=first,
        parents=body.parents,
        source_job=body.source_job,
    )
    move(call, dataset)
    if not is_foreign:
        claim_tags(call, dataset)
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
    if before and before[-1].height == call.height:
        before = before[:-1]
    call.state.put(replace(changed, standings=(*before, now)[-MOST_STANDINGS:]))


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


def find_first(call: Call, tags: tuple[bytes, ...], lineage: str) -> tuple[Finding, str]:
    """What the tags tell: a version of another lineage before one of the own, equal bytes before equal content."""
    if not tags:
        return Finding.UNCHECKED, ""
    found = [(layer, call.state.get(Tag, tag.hex())) for layer, tag in zip(Layer, tags, strict=True)]
    hits = [(layer, one.dataset) for layer, one in found if one is not None]
    if not hits:
        return Finding.NEW, ""
    layer, first = min(hits, key=lambda hit: lineage_of(hit[1]) == lineage)
    return Finding.EXACT if layer is Layer.BYTES else Finding.SAME_CONTENT, first


def claim_tags(call: Call, dataset: Dataset) -> None:
    """Whatever of a version's tags nobody holds yet is held by it from now on."""
    for layer, tag in zip(Layer, dataset.tags, strict=False):
        if call.state.get(Tag, tag.hex()) is None:
            call.state.put(Tag(tag=tag, layer=layer, dataset=dataset.dataset, height=call.height))


def lineage_of(dataset: str) -> str:
    """owner/name of a version."""
    return dataset.rpartition("/")[0]


def _count(call: Call) -> None:
    day = call.time // DAY_SECONDS
    before = call.state.get(RegistrationDay, call.sender)
    count = before.count if before is not None and before.day == day else 0
    if count >= MOST_A_DAY:
        raise TooManyRegistrations(org=call.sender, limit=MOST_A_DAY)
    call.state.put(RegistrationDay(org=call.sender, day=day, count=count + 1))


def _verify_sources(call: Call, body: RegisterDataset) -> None:
    if list(body.parents) != sorted(set(body.parents)):
        raise BadParents(reason="they must be sorted, each once")
    for parent in body.parents:
        if call.state.get(Dataset, parent) is None:
            raise BadParents(reason=f"the ledger holds no dataset {parent}")
    if not body.source_job:
        return
    job = call.need(Job, body.source_job.hex())
    if job.state is not JobState.COMPLETED or call.sender not in job.receivers:
        raise BadParents(reason=f"{call.sender} has no receipted result of job {body.source_job.hex()}")
    missing = sorted({one.dataset for one in job.inputs} - set(body.parents))
    if missing:
        raise BadParents(reason=f"{missing[0]} went into the job and is not among them")


def _verify_tags(call: Call, body: RegisterDataset) -> None:
    """All three, from one evaluation that the sender asked for and that no registration has used; none before a key stands."""
    if not body.tags and not body.evaluation and call.state.get(OprfKey, "0") is None:
        return
    if len(body.tags) != len(Layer) or len(set(body.tags)) != len(Layer):
        raise TagsRefused(reason=f"there are {len(set(body.tags))} of {len(Layer)}")
    request = call.state.get(OprfRequest, body.evaluation.hex())
    if request is None or request.org != call.sender or request.elements != len(Layer):
        raise TagsRefused(reason=f"{call.sender} has asked for no evaluation {body.evaluation.hex()} of {len(Layer)} inputs")
    used = call.state.get(Evaluated, body.evaluation.hex())
    if used is not None:
        raise TagsRefused(reason=f"the evaluation was used for {used.dataset}")
    call.state.put(Evaluated(evaluation=body.evaluation, dataset=body.dataset))
