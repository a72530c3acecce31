"""One registration at this node, step by step, each durable before the next: read, describe, tag, claim, register.

A node that is killed on the way, and asked again, goes on: it asks for no second evaluation and registers no second version.
What is asked for again after it was done is answered with what was done.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, ClassVar, NamedTuple

from atoll.api.models import RegisterDataset
from atoll.exchange.catalogue.validation import verify_card
from atoll.exchange.fingerprint import TablePrint
from atoll.exchange.grading.declared import declare
from atoll.exchange.registration import tag_inputs
from atoll.ledger.detail import round_up_to_power_of_two
from atoll.ledger.plan import DatasetId
from atoll.ledger.records import Claim, Dataset, DatasetState, ForeignClaims, Grant, Job, LevelFloor, Right
from atoll.ledger.rules.claim import ClaimTags, commit_tags
from atoll.ledger.rules.dataset import RegisterDataset as RegisterTransaction
from atoll.ledger.rules.dataset import lineage_of
from atoll.ledger.rules.errors import AlreadyExists, TagsRefused
from atoll.node.bodies import Bodies, Kind
from atoll.node.cards import column_cards, grade_as_said, grading_card, semantics_of
from atoll.node.context import NodeContext
from atoll.node.errors import NoKeyYet, NoSuchThing, RegistrationBusy, TransactionRefused
from atoll.node.foreign.claims import Claimant
from atoll.node.foreign.errors import ForeignNeeded
from atoll.node.foreign.settings import parse_continuations
from atoll.node.levels import LevelTables
from atoll.node.oprf import Evaluator
from atoll.node.prints import print_folder
from atoll.node.reading import Look, look_at
from atoll.ordering.engine import Acknowledged
from atoll.policy.card import CARD_DOMAIN, CONTENT_DOMAIN, DatasetCard
from atoll.policy.levels import level_of, starting_level
from atoll.primitives.commitment import commit
from atoll.storage.store import LocalDataset
from atoll.wire.message import Digest, Message, Size, encode_message, parse_message

log = logging.getLogger("atoll.registration")

KEY_SECONDS = 60
"""How long a registration waits for the members' key; dealing it takes seconds once they are connected."""
KEY_LOOK_SECONDS = 0.2
LEAST_HOLDERS = 2
"""With fewer validating members there is nobody to share a key with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(Message):
    """A registration under way; sealed on disk, because the seed blinds what the members evaluate."""

    TAG: ClassVar[str] = "pending-registration/1"

    request: Digest
    """Of what was asked for."""
    dataset: DatasetId
    """The version that it will be."""
    fingerprint: Annotated[str, Size(0, 200)]
    """What the source held."""
    salt: Digest
    """Of the commitment to the fingerprint."""
    seed: Digest
    """The evaluation's randomness."""
    card: Annotated[bytes, Size(0, 32)] = b""
    """Commitment to the card that was written; empty before."""
    evaluation: Annotated[bytes, Size(0, 16)] = b""
    """The evaluation that was made; empty before, and where there is no key."""
    tags: Annotated[tuple[Digest, ...], Size(0, 3)] = ()
    """What came of it."""
    claim_salt: Annotated[bytes, Size(0, 32)] = b""
    """Of the claim to the tags; empty before there are any."""

    def __repr__(self) -> str:
        return f"Pending(dataset={self.dataset!r})"


class Done(NamedTuple):
    """A version that stands on the ledger."""

    dataset: str
    acknowledged: Acknowledged | None
    """None where it stood there before it was asked for again."""


@dataclass(slots=True)
class Step:
    """How far a registration is."""

    what: str
    done: int = 0
    total: int = 0


class Registration:
    """Registers versions, one at a time for each name."""

    def __init__(
        self, context: NodeContext, bodies: Bodies, evaluator: Evaluator, claimant: Claimant | None, *, deals: bool
    ) -> None:
        """
        Args:
            claimant: asks other consortia; None where there is no agreement with any.
            deals: whether the members' key is dealt here; else there may be none for ever.
        """
        self._claimant = claimant
        self._context = context
        self._bodies = bodies
        self._evaluator = evaluator
        self._deals = deals
        self._running: dict[str, tuple[bytes, asyncio.Task[Done]]] = {}
        self._steps: dict[str, Step] = {}

    async def register(self, request: RegisterDataset) -> Done:
        """Register, go on with a registration that was cut short, or wait for the one that is under way.

        Raises:
            RegistrationBusy: another registration of this name is under way.
            And what `atoll.node.datasets.Datasets.register` raises.
        """
        digest = sha256(request.model_dump_json().encode()).digest()
        running = self._running.get(request.name)
        if running is None:
            task = asyncio.create_task(self._carry_out(request, digest))
            self._running[request.name] = (digest, task)
            task.add_done_callback(lambda _: self._running.pop(request.name, None))
        elif running[0] != digest:
            raise RegistrationBusy(name=request.name)
        else:
            task = running[1]
        return await asyncio.shield(task)  # whoever asked may go away; what was begun ends

    def step(self, name: str) -> Step:
        """How far the registration under this name is."""
        return self._steps.get(name, Step("idle"))

    async def _carry_out(self, request: RegisterDataset, digest: bytes) -> Done:
        self._need_claimant()
        self._steps[request.name] = Step("reading")
        try:
            pending = await self._begin(request, digest)
            if isinstance(pending, Done):
                return pending
            if not request.allow_unchecked:
                await self._await_key(request.name)
            await self._ask_others(request, pending)
            pending = await self._tag(request.name, pending)
            try:
                return await self._submit(request, pending)
            except TransactionRefused as err:
                if err.operands["rule"] != TagsRefused.code or pending.tags:
                    raise
            pending = await self._tag(request.name, pending)  # a key came to stand between the two
            return await self._submit(request, pending)
        finally:
            self._steps.pop(request.name, None)

    async def _begin(self, request: RegisterDataset, digest: bytes) -> Pending | Done:
        """Read and describe; what stands already, or what was read before."""
        latest = self._latest(request.name)
        address = f"{request.path}#{request.table}" if request.table else request.path
        old = self._load(request.name)
        registered = self._registered(old)
        if old is not None and registered is not None:
            self._clear(request.name)
            if old.request == digest:  # killed after the ledger had it, before this node knew
                self._remember(old, request, address)
                return Done(old.dataset, None)
            old = None
        identifier = f"{self._context.org}/{request.name}/{latest + 1}"
        look = await self._read(request.name, address, identifier)
        if done := self._same_again(request.name, latest, digest, look):
            shutil.rmtree(print_folder(self._context.config.home, identifier), ignore_errors=True)
            return done
        fits = old is not None and (old.request, old.dataset, old.fingerprint) == (digest, identifier, look.fingerprint)
        if old is not None and fits and old.card and self._bodies.get(Kind.CARD, identifier):
            return old
        entropy = self._context.entropy
        if old is not None and fits:
            pending = old
        else:
            salt, seed = entropy.bytes(32), entropy.bytes(32)
            pending = Pending(request=digest, dataset=identifier, fingerprint=look.fingerprint, salt=salt, seed=seed)
        card = self._card(request, pending, look)
        body = encode_message(card)
        self._bodies.keep(Kind.CARD, identifier, body)
        pending = replace(pending, card=commit(CARD_DOMAIN, card.salt, body))
        self._remember(pending, request, address)
        self._save(request.name, pending)
        return pending

    def _need_claimant(self) -> None:
        """
        Raises:
            ForeignNeeded: the ledger wants the other consortia asked, and this node has not what it takes.
        """
        opened = self._context.view().get(ForeignClaims, "0")
        if self._claimant is None and opened is not None and opened.origins:
            raise ForeignNeeded(count=len(opened.origins))

    async def _ask_others(self, request: RegisterDataset, pending: Pending) -> None:
        """Whether other consortia had the content before; where there is an agreement with any.

        Raises:
            ForeignDuplicate, ForeignSilent and others: see `Claimant.settle`.
        """
        if self._claimant is None:
            return
        step = self._steps[request.name] = Step("asking other consortia")

        def tell(what: str) -> None:
            step.what = what

        root = self._print(pending.dataset).content_root
        continuations = parse_continuations(request.continues)
        await self._claimant.settle(pending.dataset, root, continuations=continuations, tell=tell)

    def _fingerprint(self, pending: Pending) -> bytes:
        """What the content is called between consortia; empty where there is no agreement."""
        if self._claimant is None:
            return b""
        return self._claimant.fingerprint_of(self._print(pending.dataset).content_root)

    async def _await_key(self, name: str) -> None:
        """Wait a while for the members' key: without it nobody can look whether the content stands here already.

        Raises:
            NoKeyYet: it has not come to stand.
        """
        if not self._deals or len(self._context.view().consensus.counted()) < LEAST_HOLDERS:
            return
        ends = self._context.clock.monotonic() + KEY_SECONDS
        while not self._evaluator.is_ready:
            self._steps[name] = Step("waiting for the members' key")
            if self._context.clock.monotonic() > ends:
                raise NoKeyYet(seconds=KEY_SECONDS)
            await asyncio.sleep(KEY_LOOK_SECONDS)

    async def _tag(self, name: str, pending: Pending) -> Pending:
        """Have the members evaluate, once; without a key for tags there are none."""
        if pending.evaluation or not self._evaluator.is_ready:
            return pending
        self._steps[name] = Step("asking the members for tags")
        table = self._print(pending.dataset)
        evaluation = await self._evaluator.evaluate(tag_inputs(table, seed=pending.seed), seed=pending.seed)
        pending = replace(pending, evaluation=evaluation.id, tags=evaluation.tags, claim_salt=self._context.entropy.bytes(32))
        self._save(name, pending)
        return pending

    def _print(self, dataset: str) -> TablePrint:
        from atoll.sources.prints import load_print

        table = load_print(print_folder(self._context.config.home, dataset))
        if table is None:
            raise NoSuchThing(what="fingerprint of", name=dataset)
        return table

    async def _claim(self, name: str, pending: Pending) -> None:
        """Commit to the tags on the ledger, once, before anybody is shown them."""
        if not pending.tags or self._context.view().get(Claim, pending.evaluation.hex()) is not None:
            return
        self._steps[name] = Step("claiming the tags")
        commitment = commit_tags(self._context.org, pending.evaluation, pending.tags, pending.claim_salt)
        try:
            await self._context.outbox.submit(ClaimTags(evaluation=pending.evaluation, commitment=commitment))
        except TransactionRefused as err:
            if err.operands["rule"] != AlreadyExists.code:
                raise

    async def _submit(self, request: RegisterDataset, pending: Pending) -> Done:
        await self._claim(request.name, pending)
        self._steps[request.name] = Step("registering")
        parents, acknowledged = self._parents(request, pending.dataset), None
        transaction = RegisterTransaction(
            dataset=pending.dataset,
            card_commitment=pending.card,
            level=self._need_card(pending.dataset).level,
            asserted_new=request.asserted_new,
            evaluation=pending.evaluation,
            tags=pending.tags,
            parents=parents,
            source_job=bytes.fromhex(request.from_job),
            bases=self._bases(parents),
            claim_salt=pending.claim_salt,
            fingerprint=self._fingerprint(pending),
        )
        try:
            acknowledged = await self._context.outbox.submit(transaction)
        except TransactionRefused as err:
            if err.operands["rule"] != AlreadyExists.code or self._registered(pending) is None:
                raise
        self._clear(request.name)
        self._context.note("person", "dataset.register", pending.dataset, "ok")
        return Done(pending.dataset, acknowledged)

    async def _read(self, name: str, address: str, identifier: str) -> Look:
        config = self._context.config
        out = print_folder(config.home, identifier)
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        return await self._context.offload(
            lambda: look_at(
                address,
                folders=config.folders,
                home=config.home.path,
                out=out,
                levels=LevelTables(config.home.path).get(""),
                today=datetime.fromtimestamp(self._context.clock.now(), UTC).date(),
                sm3=config.takes_sm3,
                progress=self._follow(name, address),
            )
        )

    def _follow(self, name: str, address: str) -> Callable[[int], None]:
        path = address.partition("#")[0]
        sizes = [one.stat().st_size for folder in self._context.config.folders if (one := folder / path).is_file()]
        step = self._steps[name] = Step("reading", 0, sizes[0] if sizes else 0)

        def follow(done: int) -> None:
            step.done = done

        return follow

    def _card(self, request: RegisterDataset, pending: Pending, look: Look) -> DatasetCard:
        reason = request.reason or (request.grading.reason if request.grading else "")
        table = LevelTables(self._context.config.home.path).get("")
        grading = grade_as_said(declare(look.grading, semantics_of(request.columns), table), request.columns, reason)
        columns = column_cards(request.columns, look.columns, look.profile, grading)
        parents = self._parents(request, pending.dataset)
        levels = tuple(one.level for one in columns)
        card = DatasetCard(
            salt=self._context.entropy.bytes(32),
            dataset=pending.dataset,
            title=request.title,
            description=request.description,
            source=look.format,
            rows_at_most=round_up_to_power_of_two(look.rows),
            columns=columns,
            level=starting_level(levels, self._least_levels(pending.dataset, parents)),
            classes=tuple(request.classes) or grading.classes,
            grading=grading_card(grading),
            purposes=tuple(request.purposes),
            keywords=tuple(request.keywords),
            accrual=request.accrual,
            spatial=request.spatial,
            licence=request.licence,
            offers=tuple(request.offers),
            content_commitment=commit(CONTENT_DOMAIN, pending.salt, look.fingerprint.encode()),
            parents=parents,
        )
        verify_card(card)
        return card

    def _least_levels(self, identifier: str, parents: Sequence[str]) -> tuple[int, ...]:
        """Levels below which the ledger does not take a version: its sources', the one's before it, its lineage's."""
        view = self._context.view()
        floor = view.get(LevelFloor, lineage_of(identifier))
        records = [view.get(Dataset, one) for one in (*parents, version_before(identifier))]
        return (floor.floor if floor else 0, *(level_of(view, one) for one in records if one is not None))

    def _bases(self, parents: Sequence[str]) -> tuple[bytes, ...]:
        """One grant or right for each lineage of another member among the sources; the ledger wants to see it."""
        me = self._context.org
        foreign = dict.fromkeys(lineage_of(one) for one in parents if not one.startswith(f"{me}/"))
        found = {lineage_of(one.dataset): one.grant for one in self._context.records(Grant) if one.grantee == me}
        found |= {one.lineage: one.right for one in self._context.records(Right) if one.holder == me}
        return tuple(found[one] for one in foreign if one in found)

    def _parents(self, request: RegisterDataset, identifier: str) -> tuple[str, ...]:
        """What a person names, all that went into the job whose result this is, and the sources of the version before it."""
        before = self._context.view().get(Dataset, version_before(identifier))
        named = {*request.parents, *(before.parents if before is not None else ())}
        if request.from_job:
            job = self._context.view().get(Job, request.from_job)
            if job is None:
                raise NoSuchThing(what="job", name=request.from_job)
            named |= {one.dataset for one in job.inputs}
        return tuple(sorted(named))

    def _need_card(self, identifier: str) -> DatasetCard:
        card = self._bodies.card(identifier)
        if card is None:
            raise NoSuchThing(what="card of", name=identifier)
        return card

    def _latest(self, name: str) -> int:
        view = self._context.view()
        version = 0
        while view.get(Dataset, f"{self._context.org}/{name}/{version + 1}") is not None:
            version += 1
        return version

    def _registered(self, pending: Pending | None) -> Dataset | None:
        """The record of a pending registration, if the ledger holds it with this card."""
        record = self._context.view().get(Dataset, pending.dataset) if pending is not None else None
        return record if record is not None and pending is not None and record.card_commitment == pending.card else None

    def _same_again(self, name: str, latest: int, digest: bytes, look: Look) -> Done | None:
        """The newest version, if it is what is asked for: the same words about the same bytes."""
        identifier = f"{self._context.org}/{name}/{latest}"
        local = self._context.store.dataset(identifier)
        record = self._context.view().get(Dataset, identifier)
        if local is None or record is None or record.state is DatasetState.WITHDRAWN:
            return None
        same = (local.request, local.digest) == (digest.hex(), look.fingerprint)
        return Done(identifier, None) if same else None

    def _remember(self, pending: Pending, request: RegisterDataset, address: str) -> None:
        self._context.store.set_dataset(
            LocalDataset(
                id=pending.dataset,
                path=address,
                table=request.table,
                digest=pending.fingerprint,
                content_salt=pending.salt.hex(),
                request=pending.request.hex(),
            )
        )

    def _load(self, name: str) -> Pending | None:
        sealed = self._context.store.meta(_slot(name))
        return parse_message(self._context.sealer.open(_slot(name), sealed), Pending) if sealed else None

    def _save(self, name: str, pending: Pending) -> None:
        self._context.store.set_meta(_slot(name), self._context.sealer.seal(_slot(name), encode_message(pending)))

    def _clear(self, name: str) -> None:
        self._context.store.set_meta(_slot(name), b"")


def _slot(name: str) -> str:
    return f"registration/{name}"


def version_before(identifier: str) -> str:
    """Name of the version before a version; of a first one a name that nothing has."""
    lineage, _, version = identifier.rpartition("/")
    return f"{lineage}/{int(version) - 1}"
