"""One registration at this node, step by step, each durable before the next: read, describe, tag, claim, register.

A node that is killed on the way, and asked again, goes on: it asks for no second evaluation and registers no second version.
What is asked for again after it was done is answered with what was done.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from atoll.api.models import RegisterDataset
from atoll.exchange.fingerprint import TablePrint
from atoll.exchange.registration import tag_inputs
from atoll.ledger.records import Claim, Dataset, DatasetState, ForeignClaims
from atoll.ledger.rules.claim import ClaimTags, commit_tags
from atoll.ledger.rules.dataset import RegisterDataset as RegisterTransaction
from atoll.ledger.rules.errors import AlreadyExists, TagsRefused
from atoll.node.bodies import Bodies, Kind
from atoll.node.cards import write_card
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, NoKeyYet, NoSuchThing, RegistrationBusy, TransactionRefused
from atoll.node.foreign.claims import Claimant
from atoll.node.foreign.errors import ForeignNeeded
from atoll.node.foreign.settings import parse_continuations
from atoll.node.levels import LevelTables
from atoll.node.oprf import Evaluator
from atoll.node.pending import Pending, PendingRegistrations
from atoll.node.prints import print_folder
from atoll.node.provenance import bases_of, latest_version, least_levels, parents_of
from atoll.node.reading import Look, look_at
from atoll.ordering.engine import Acknowledged
from atoll.policy.card import CARD_DOMAIN, CONTENT_DOMAIN, DatasetCard
from atoll.primitives.commitment import commit
from atoll.storage.store import LocalDataset
from atoll.wire.message import encode_message

log = logging.getLogger("atoll.registration")

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
KEY_SECONDS = 60
"""How long a registration waits for the members' key; dealing it takes seconds once they are connected."""
KEY_LOOK_SECONDS = 0.2
LEAST_HOLDERS = 2
"""With fewer validating members there is nobody to share a key with."""


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
        self._pending = PendingRegistrations(context)
        self._deals = deals
        self._running: dict[str, tuple[bytes, asyncio.Task[Done]]] = {}
        self._steps: dict[str, Step] = {}

    async def register(self, request: RegisterDataset) -> Done:
        """Register, go on with a registration that was cut short, or wait for the one that is under way.

        Raises:
            BadRequest: the name is none.
            RegistrationBusy: another registration of this name is under way.
            And what `atoll.node.datasets.Datasets.register` raises.
        """
        if not NAME.fullmatch(request.name):
            reason = "the name of a dataset is of lower-case letters, digits and hyphens, a letter first, at most 40"
            raise BadRequest(reason=reason)
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
        latest = latest_version(self._context.view(), f"{self._context.org}/{request.name}")
        address = f"{request.path}#{request.table}" if request.table else request.path
        old = self._pending.load(request.name)
        registered = self._registered(old)
        if old is not None and registered is not None:
            self._pending.clear(request.name)
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
        self._pending.save(request.name, pending)
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
        self._pending.save(name, pending)
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
        view, acknowledged = self._context.view(), None
        parents = parents_of(view, request, pending.dataset)
        transaction = RegisterTransaction(
            dataset=pending.dataset,
            card_commitment=pending.card,
            level=self._need_card(pending.dataset).level,
            asserted_new=request.asserted_new,
            evaluation=pending.evaluation,
            tags=pending.tags,
            parents=parents,
            source_job=bytes.fromhex(request.from_job),
            bases=bases_of(view, self._context.org, parents),
            claim_salt=pending.claim_salt,
            fingerprint=self._fingerprint(pending),
        )
        try:
            acknowledged = await self._context.outbox.submit(transaction)
        except TransactionRefused as err:
            if err.operands["rule"] != AlreadyExists.code or self._registered(pending) is None:
                raise
        self._pending.clear(request.name)
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
        """
        Raises:
            NoSuchThing, BadRequest, LoweredWithoutReason, CardRefused: see `parents_of` and `write_card`.
        """
        view = self._context.view()
        parents = parents_of(view, request, pending.dataset)
        return write_card(
            request,
            look,
            dataset=pending.dataset,
            parents=parents,
            least_levels=least_levels(view, pending.dataset, parents),
            table=LevelTables(self._context.config.home.path).get(""),
            salt=self._context.entropy.bytes(32),
            content_commitment=commit(CONTENT_DOMAIN, pending.salt, look.fingerprint.encode()),
        )

    def _need_card(self, identifier: str) -> DatasetCard:
        card = self._bodies.card(identifier)
        if card is None:
            raise NoSuchThing(what="card of", name=identifier)
        return card

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
