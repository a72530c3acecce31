"""The catalogue of this node: an index over the members' cards that follows the ledger by itself.

What counts is what the ledger commits to: a card is taken in only after it was compared with its commitment and with its
record, and level and state are those that bind now, by orders and by what a dataset was made from too. Of a card that does not
hold only that is known. Whatever was missed (an owner that was away, an index that was lost) is made good by looking again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from atoll.api.models import CatalogueEntry, CataloguePage, KeyInfo, QualityInfo
from atoll.errors import AtollError
from atoll.exchange.catalogue.dcat import Described, Measured, catalog_to_dcat
from atoll.exchange.catalogue.entry import RANKING, Entry, entry_of, keys_of
from atoll.exchange.catalogue.query import Query
from atoll.exchange.quality.metrics import GRADES
from atoll.ledger.records import Dataset, OpinionState, QualityReport
from atoll.ledger.rules.grade import RegradeDataset
from atoll.ledger.transaction import Transaction
from atoll.node.bodies import Bodies, Kind
from atoll.node.context import NodeContext
from atoll.node.errors import BadRequest, NoSuchThing
from atoll.ordering.engine import AgreedBlock
from atoll.policy.in_force import in_force
from atoll.policy.levels import level_text
from atoll.policy.odrl.profile import NAMESPACE
from atoll.storage.catalogue import NO_GRADE, CatalogueIndex, Listed, Opinion
from atoll.storage.errors import StoreCorrupt
from atoll.wire.message import encode_message

log = logging.getLogger("atoll.catalogue")

LOOK_AGAIN_SECONDS = 60.0
"""How often cards that are not here are asked for again."""
WHOLE_LOOKS = 10
"""Every so many of those times the whole ledger is compared with the index."""
AT_ONCE = 8
"""Cards asked for at one time."""
ORDERS = "order."
"""How the types of transactions begin by which a regulator gives and lifts orders."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}(?:/[1-9][0-9]{0,5})?")


class Catalogue:
    """Keeps the index, and answers from it."""

    def __init__(self, context: NodeContext, bodies: Bodies, index: CatalogueIndex) -> None:
        self._context = context
        self._bodies = bodies
        self._wanted = asyncio.Event()
        self._turn = asyncio.Lock()
        self._index = index

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    async def run(self) -> None:
        """Follow the ledger until cancelled; whatever befalls the index must not stop the node."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._steadily(self._follow))
            group.create_task(self._steadily(self._look_again))

    async def _steadily(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
                return
            except StoreCorrupt as err:
                log.warning("index thrown away", extra={"error": str(err)})
                self._index.clear()
            except AtollError as err:
                log.warning("index not kept up", extra={"code": err.code, "error": str(err)})
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _follow(self) -> None:
        follow = self._context.engine.follow(self._context.view().height + 1)
        await self.compare()
        self._wanted.set()
        async for agreed in follow:
            await self._take_in(agreed)

    async def compare(self) -> None:
        """Make the index say what the ledger says, whatever it said before."""
        view = self._context.view()
        records = await self._context.offload(lambda: list(view.all(Dataset)))
        gone = self._index.known().keys() - {one.dataset for one in records}
        for dataset in gone:
            self._index.remove(dataset)
        for report in await self._context.offload(lambda: list(view.all(QualityReport))):
            self._index.put_opinion(_opinion(report))
        for record in records:
            await self._update(record.dataset)
            await asyncio.sleep(0)  # ten thousand of them must not hold up what the node is for

    async def search(self, query: Query, *, matching: str = "") -> CataloguePage:
        """One page of what is found.

        Args:
            query: what is looked for.
            matching: a dataset of this organisation; found are those of others with a column under the same rule.

        Raises:
            BadQuery: it has no answer.
            NoSuchThing: there is no such dataset, or its card is not here.
            BadRequest: it has no column that may be compared.
        """
        if matching:
            query = replace(query, rules=self._rules_of(matching), not_owner=self._context.org)
        asked = replace(query, now=self._context.now())
        page = await self._context.offload(lambda: self._index.search(asked))
        facets = dict(page.facets)
        grades = facets.pop("quality", {})
        facets["quality"] = {_grade_name(int(grade)): count for grade, count in grades.items()}
        return CataloguePage(
            entries=[self._shown(one) for one in page.listed],
            total=page.total,
            following=page.following,
            facets=facets,
            ranking=RANKING if query.text else "newest registration first, then by name",
        )

    async def to_dcat(self, query: Query, *, matching: str = "") -> dict[str, Any]:
        """The same page as DCAT 3 in JSON-LD, with what the cards say in full. Raises as `search`."""
        page = await self.search(query, matching=matching)
        view = self._context.view()
        described = []
        for one in page.entries:
            record, card = view.get(Dataset, one.dataset), self._bodies.believed(view, one.dataset)[0]
            if record is not None and card is not None and one.card_verified:
                quality = [
                    Measured(
                        evaluator=each.evaluator,
                        grade=_grade_name(each.grade),
                        score_ppm=each.score_ppm,
                        third_party=each.third_party,
                        commitment=each.commitment,
                    )
                    for each in self._index.opinions(one.dataset)
                    if each.stands
                ]
                described.append(Described(record=record, force=in_force(view, record), card=card, quality=quality))
        document = catalog_to_dcat(view.chain.chain_id, self._context.org, described)
        return document | ({f"{NAMESPACE}following": page.following} if page.following else {})

    def opinions(self, dataset: str) -> list[QualityInfo]:
        """What the ledger holds of a dataset version's quality, newest first."""
        return [_quality_info(one) for one in self._index.opinions(dataset)]

    def _rules_of(self, dataset: str) -> tuple[str, ...]:
        card, _ = self._bodies.believed(self._context.view(), dataset)
        if card is None:
            raise NoSuchThing(what="dataset", name=dataset)
        rules = tuple(sorted({one.rule for one in keys_of(card)}))
        if not rules:
            raise BadRequest(reason=f"{dataset} has no column that may be compared")
        return rules

    def _shown(self, one: Listed) -> CatalogueEntry:
        entry: Entry = one.entry
        return CatalogueEntry(
            dataset=entry.dataset,
            owner=entry.owner,
            title=entry.title,
            summary=entry.summary,
            level=entry.level,
            level_text=level_text(entry.level),
            state=entry.state,
            rows_at_most=entry.rows_at_most,
            classes=list(entry.classes),
            semantics=list(entry.semantics),
            keys=[KeyInfo(column=key.column, rule=key.rule, semantics=key.semantics, until=key.until) for key in entry.keys],
            keywords=list(entry.keywords),
            accrual=entry.accrual,
            spatial=entry.spatial,
            licence=entry.licence,
            quality=_quality_info(one.opinion) if one.opinion else None,
            mine=entry.owner == self._context.org,
            card_verified=entry.has_card,
            card_refused=entry.refused,
            score=one.score,
        )

    async def _take_in(self, agreed: AgreedBlock) -> None:
        view = self._context.view()
        for transaction in agreed.carried_out():
            if transaction.type.startswith(ORDERS):
                await self.compare()  # an order acts on what it does not name
                continue
            for dataset in dict.fromkeys(self._touched(transaction)):
                if not await self._update(dataset):
                    self._wanted.set()
                report = view.get(QualityReport, f"{dataset}/{transaction.sender}")
                if report is not None:
                    self._index.put_opinion(_opinion(report))

    def _touched(self, transaction: Transaction) -> Iterator[str]:
        """What it names, the versions of lineages that it names, and where it sets a level, all that rest on one of these."""
        for name in names_in(transaction.body):
            lineage = "/".join(name.split("/")[:2])
            if name != lineage:
                yield name
            if transaction.type == RegradeDataset.TAG:
                yield from self._index.resting_on(lineage)
            elif name == lineage:
                yield from self._index.versions(lineage)

    async def _update(self, dataset: str) -> bool:
        """Take a dataset version in if the ledger says something new of it; whether its card is in."""
        async with self._turn:  # of two looks at one dataset the later must not be overtaken by the earlier
            view = self._context.view()
            record = view.get(Dataset, dataset)
            if record is None:
                return True
            force = in_force(view, record)
            digest = hashlib.sha256(encode_message(record) + f"{force.level} {force.state}".encode()).digest()
            known = self._index.look_up(dataset)
            if known == (digest, True):
                return True
            card, refused = self._bodies.believed(view, dataset)
            is_here = card is not None or bool(refused)
            if is_here or known != (digest, False):
                entry = entry_of(record, force, card, refused)
                await self._context.offload(lambda: self._index.put(entry, digest))
            return is_here

    async def _fetch(self, dataset: str, owner: str) -> None:
        try:
            await self._bodies.fetch(self._context.view(), Kind.CARD, dataset, (owner,))
        except AtollError as err:
            log.warning("card not kept", extra={"dataset": dataset, "code": err.code})

    async def _look_again(self) -> None:
        times = 0
        while True:
            self._wanted.clear()
            await self.fetch_missing()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await self._wanted.wait()
                    continue
            times += 1
            if times % WHOLE_LOOKS == 0:
                await self.compare()

    async def fetch_missing(self) -> None:
        """Ask owners for the cards that are not here: several owners at once, and of one that gives none no more for now."""
        missing: dict[str, list[str]] = {}
        for dataset, owner in self._index.without_card():
            missing.setdefault(owner, []).append(dataset)
        room = asyncio.Semaphore(AT_ONCE)

        async def ask(owner: str) -> None:
            async with room:
                for dataset in missing[owner]:
                    await self._fetch(dataset, owner)
                    if not await self._update(dataset):
                        return

        await asyncio.gather(*(ask(owner) for owner in missing))


def names_in(value: Any) -> Iterator[str]:
    """The dataset versions and lineages that a transaction's body names."""
    if isinstance(value, str):
        if _NAME.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from names_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from names_in(one)


def _opinion(report: QualityReport) -> Opinion:
    return Opinion(
        dataset=report.dataset,
        evaluator=report.evaluator,
        third_party=report.third_party,
        time=report.time,
        grade=report.grade,
        score_ppm=report.score_ppm,
        commitment=report.commitment.hex(),
        stands=report.state is OpinionState.STANDS,
    )


def info_of(report: QualityReport) -> QualityInfo:
    """An opinion on the ledger, as the API shows it."""
    return _quality_info(_opinion(report))


def _quality_info(one: Opinion) -> QualityInfo:
    return QualityInfo(
        report=one.commitment,
        grade=_grade_name(one.grade),
        score_ppm=one.score_ppm,
        evaluator=one.evaluator,
        third_party=one.third_party,
        time=one.time,
        state=OpinionState.STANDS if one.stands else OpinionState.WITHDRAWN,
    )


def _grade_name(grade: int) -> str:
    return "none" if grade == NO_GRADE else GRADES[grade - 1]
