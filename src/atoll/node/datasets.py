"""Datasets of this organisation: registered from a file at home, described by a card, and found in the members' catalogue."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from atoll.api.models import DatasetInfo, RegisterDataset, Registered
from atoll.exchange.registration import tell_finding
from atoll.ledger.records import Dataset
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.node.bodies import PATIENCE_SECONDS, Bodies, Kind
from atoll.node.cards import describe
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.node.foreign.claims import Claimant
from atoll.node.oprf import Evaluator
from atoll.node.reading import is_unchanged
from atoll.node.registration import Done, Registration, Step
from atoll.ordering.engine import Acknowledged
from atoll.policy.in_force import in_force

CARDS_AT_ONCE = 16
"""Cards that are asked for at one time, for a list of all datasets."""


class Datasets:
    """Registers, lists and shows datasets."""

    def __init__(
        self, context: NodeContext, bodies: Bodies, evaluator: Evaluator, claimant: Claimant | None = None, *, deals: bool
    ) -> None:
        self._context = context
        self._bodies = bodies
        self._registration = Registration(context, bodies, evaluator, claimant, deals=deals)

    async def register(self, request: RegisterDataset) -> Done:
        """Read the source, write its card, have the members evaluate its tags, and register it as the next version.

        Raises:
            BadRequest: a described column is not in the source.
            CardRefused, CardTooLong: what is said cannot be published.
            NoKeyYet: the members share no key for tags.
            RegistrationBusy: another registration of this name is under way.
            InputError and others of `atoll.sources`: the source cannot be read.
            UnavailableError: too few members answer, or another consortium; called again it goes on from there.
            ForeignDuplicate: another consortium had the content before.
            TransactionRefused: the ledger's rules refuse it.
        """
        return await self._registration.register(request)

    async def registered(self, request: RegisterDataset) -> Registered:
        """As `register`, told in words; see there."""
        done = await self.register(request)
        record = self._context.need(Dataset, done.dataset)
        told, acknowledged = tell_finding(record), done.acknowledged
        return Registered(
            dataset=done.dataset,
            height=acknowledged.height if acknowledged else record.height,
            index=acknowledged.index if acknowledged else 0,
            transaction=acknowledged.transaction_id.hex() if acknowledged else "",
            finding=record.finding,
            first=record.first,
            state=record.state,
            found=told.found,
            means=told.means,
            next=told.next,
            already=acknowledged is None,
        )

    def step(self, name: str) -> Step:
        """How far a registration under way is."""
        return self._registration.step(name)

    async def withdraw(self, identifier: str) -> Acknowledged:
        """Take a dataset version out of use."""
        self._context.note("person", "dataset.withdraw", identifier, "asked")
        return await self._context.outbox.submit(WithdrawDataset(dataset=identifier))

    async def list(self, *, cards: bool = True) -> list[DatasetInfo]:
        """All members' datasets, each with its card where the owner serves one that fits."""
        records = self._context.records(Dataset)
        room = asyncio.Semaphore(CARDS_AT_ONCE)
        clock = self._context.clock
        ends = clock.monotonic() + PATIENCE_SECONDS  # for all of them together

        async def show(record: Dataset) -> DatasetInfo:
            async with room:  # an owner that does not answer must not keep the others waiting
                return await self.show(record.dataset, fetch=cards, patience_seconds=ends - clock.monotonic())

        return list(await asyncio.gather(*(show(record) for record in records)))

    async def show(
        self, identifier: str, *, fetch: bool = True, check: bool = False, patience_seconds: float = PATIENCE_SECONDS
    ) -> DatasetInfo:
        """One dataset.

        Args:
            identifier: owner/name/version.
            fetch: ask the owner for the card where it is not here.
            patience_seconds: how long to go on asking.
            check: of an own dataset, read the source again and say whether it is still what was registered.

        Raises:
            NoSuchThing: the ledger holds none of this name.
        """
        view, record = self._context.view(), self._context.need(Dataset, identifier)
        if fetch:
            await self._bodies.fetch(view, Kind.CARD, identifier, (record.owner,), patience_seconds=patience_seconds)
        mine = record.owner == self._context.org
        told, force = tell_finding(record), in_force(view, record)
        if force.order:
            told = replace(told, means=f"It cannot be used now: {force.order.rstrip('.')}.", next="")
        card, refused = self._bodies.believed(view, identifier)
        return describe(record, force, card, mine=mine).model_copy(
            update={
                "card_refused": refused,
                "finding": str(record.finding),
                "first": record.first,
                "found": told.found,
                "means": told.means,
                "next": told.next,
                "parents": list(record.parents),
                "source_job": record.source_job.hex(),
                "dispute": record.dispute.hex(),
                "unchanged": await self._is_unchanged(identifier) if check and mine else None,
            }
        )

    async def _is_unchanged(self, identifier: str) -> bool:
        """Whether the source is still what was registered: it is read again, whole."""
        local = self._context.store.dataset(identifier)
        if local is None:
            raise NoSuchThing(what="source of", name=identifier)
        config = self._context.config
        return await self._context.offload(
            lambda: is_unchanged(local.path, local.digest, folders=config.folders, home=config.home.path)
        )
