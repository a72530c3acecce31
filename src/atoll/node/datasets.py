"""Datasets of this organisation: registered from a file at home, described by a card, and found in the members' catalogue."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from atoll.api.models import DatasetInfo, RegisterDataset
from atoll.exchange.catalogue.validation import verify_card
from atoll.ledger.detail import round_up_to_power_of_two
from atoll.ledger.records import Dataset
from atoll.ledger.rules.dataset import RegisterDataset as RegisterTransaction
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.node.bodies import Bodies, Kind
from atoll.node.cards import column_cards, describe, grading_card
from atoll.node.context import NodeContext
from atoll.node.errors import NoSuchThing
from atoll.ordering.engine import Acknowledged
from atoll.policy.card import CARD_DOMAIN, CONTENT_DOMAIN, DatasetCard
from atoll.primitives.commitment import commit
from atoll.storage.store import LocalDataset
from atoll.wire.message import encode_message

CARDS_AT_ONCE = 16
"""Cards that are asked for at one time, for a list of all datasets."""


@dataclass(frozen=True, slots=True)
class Look:
    """What reading a source once told."""

    fingerprint: str
    format: str
    rows: int
    columns: tuple[tuple[str, str], ...]


class Datasets:
    """Registers, lists and shows datasets."""

    def __init__(self, context: NodeContext, bodies: Bodies) -> None:
        self._context = context
        self._bodies = bodies

    async def register(self, request: RegisterDataset) -> tuple[str, Acknowledged]:
        """Read the source, write its card, and register the commitment to it as the next version.

        Raises:
            BadRequest: a described column is not in the source.
            CardRefused, CardTooLong: what is said cannot be published.
            InputError and others of `atoll.sources`: the source cannot be read.
            TransactionRefused: the ledger's rules refuse it.
        """
        address = f"{request.path}#{request.table}" if request.table else request.path
        look = await self._context.offload(lambda: self._look(address))
        identifier = self._next_version(request.name)
        entropy = self._context.entropy
        content_salt = entropy.bytes(32)
        columns = column_cards(request.columns, look.columns)
        card = DatasetCard(
            salt=entropy.bytes(32),
            dataset=identifier,
            title=request.title,
            description=request.description,
            source=look.format,
            rows_at_most=round_up_to_power_of_two(look.rows),
            columns=columns,
            level=max(one.level for one in columns),
            classes=tuple(request.classes),
            grading=grading_card(request.grading),
            purposes=tuple(request.purposes),
            keywords=tuple(request.keywords),
            accrual=request.accrual,
            spatial=request.spatial,
            licence=request.licence,
            offers=tuple(request.offers),
            content_commitment=commit(CONTENT_DOMAIN, content_salt, look.fingerprint.encode()),
            parents=(),
        )
        verify_card(card)
        body = encode_message(card)
        local = LocalDataset(
            id=identifier, path=address, table=request.table, digest=look.fingerprint, content_salt=content_salt.hex()
        )
        self._context.store.set_dataset(local)
        self._bodies.keep(Kind.CARD, identifier, body)
        commitment = commit(CARD_DOMAIN, card.salt, body)
        registration = RegisterTransaction(
            dataset=identifier, card_commitment=commitment, level=card.level, asserted_new=request.asserted_new
        )
        acknowledged = await self._context.outbox.submit(registration)
        self._context.note("person", "dataset.register", identifier, "ok")
        return identifier, acknowledged

    async def withdraw(self, identifier: str) -> Acknowledged:
        """Take a dataset version out of use."""
        self._context.note("person", "dataset.withdraw", identifier, "asked")
        return await self._context.outbox.submit(WithdrawDataset(dataset=identifier))

    async def list(self, *, cards: bool = True) -> list[DatasetInfo]:
        """All members' datasets, each with its card where the owner serves one that fits."""
        records = self._context.records(Dataset)
        room = asyncio.Semaphore(CARDS_AT_ONCE)

        async def show(record: Dataset) -> DatasetInfo:
            async with room:  # an owner that does not answer must not keep the others waiting
                return await self.show(record.dataset, fetch=cards)

        return list(await asyncio.gather(*(show(record) for record in records)))

    async def show(self, identifier: str, *, fetch: bool = True) -> DatasetInfo:
        """One dataset.

        Raises:
            NoSuchThing: the ledger holds none of this name.
        """
        view = self._context.view()
        record = view.get(Dataset, identifier)
        if record is None:
            raise NoSuchThing(what="dataset", name=identifier)
        if fetch:
            await self._bodies.fetch(view, Kind.CARD, identifier, (record.owner,))
        return describe(record, self._bodies.card(identifier), mine=record.owner == self._context.org)

    def _next_version(self, name: str) -> str:
        view = self._context.view()
        version = 1
        while view.get(Dataset, f"{self._context.org}/{name}/{version}") is not None:
            version += 1
        return f"{self._context.org}/{name}/{version}"

    def _look(self, address: str) -> Look:
        from atoll.sources import SourceRoot, open_source  # DuckDB and Arrow: 100 ms and 60 MB that most nodes never need

        root = SourceRoot(self._context.config.folders)
        with (
            tempfile.TemporaryDirectory(dir=self._context.config.home.path, prefix="register-") as scratch,
            open_source(address, root=root, scratch=Path(scratch)) as source,
        ):
            schema = source.schema()
            return Look(
                fingerprint=str(source.fingerprint),
                format=source.address.format.value,
                rows=source.row_count(),
                columns=tuple((field.name, str(field.type)) for field in schema),
            )
