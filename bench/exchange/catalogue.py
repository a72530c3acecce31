"""The catalogue: a page of 100 out of 10,000 datasets, with filters, counts and all, and the index made anew.

    python bench/bench_exchange.py --only catalogue

CPU time of this process, the median of several; the index lies on disk. Titles are drawn from few words and descriptions from
thousands, so that a word asked for stands in nearly every card: the hardest case for an index.
"""

from __future__ import annotations

import random
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from atoll.exchange.catalogue.entry import entry_of
from atoll.exchange.catalogue.query import Query
from atoll.ledger.records import Dataset, DatasetState
from atoll.policy.card import ColumnCard, DatasetCard
from atoll.policy.demand import Exposure
from atoll.policy.in_force import InForce
from atoll.storage.catalogue import CatalogueIndex
from exchange.figures import Figure

LIMIT_MS = 50.0
COLUMNS = 20
REPEATS = 9
WORDS = ("credit", "loan", "score", "household", "income", "region", "phone", "visit", "order", "invoice", "payment", "age")
RARE = [f"word{at}" for at in range(5000)]
QUERIES = {
    "everything": Query(),
    "one word": Query(text="credit"),
    "three words, class, level, meaning": Query(
        text="credit loan inc", classes=("personal",), most_level=3, semantics=("phone",)
    ),
    "what could be intersected": Query(rules=("national-id/1",), not_owner="member1"),
    "page 50": Query(page=50),
    "a rare word": Query(text="word4321"),
}


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Figures of an index of 10,000 datasets; 500 where it is to be quick."""
    datasets = 500 if quick else 10_000
    path = folder / "catalogue.sqlite"
    path.unlink(missing_ok=True)
    chance = random.Random(1)
    index = CatalogueIndex(path, ledger="bench")
    made = [(_record(chance, at), _card(chance, at)) for at in range(datasets)]
    began = time.process_time()
    for record, card in made:
        force = InForce(level=record.level, state=str(record.state), order="", lineages=(record.lineage,))
        index.put(entry_of(record, force, card), bytes(32))
    context = {"datasets": datasets, "columns": COLUMNS, "index_mb": round(path.stat().st_size / 1e6, 1)}
    yield Figure("catalogue: index made anew", time.process_time() - began, "s", context=context)
    del made
    for name, query in QUERIES.items():
        times = []
        for _ in range(REPEATS):
            began = time.process_time()
            page = index.search(query)
            times.append(1000 * (time.process_time() - began))
        found = {"found": page.total, "on the page": len(page.listed)}
        yield Figure(f"catalogue: a page of 100, {name}", statistics.median(times), "ms", at_most=LIMIT_MS, context=found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("catalogue: peak memory, interpreter and cards included", peak, "MiB")
    index.close()


def _record(chance: random.Random, at: int) -> Dataset:
    owner = f"member{at % 50}"
    return Dataset(
        dataset=f"{owner}/set{at}/1",
        owner=owner,
        lineage=f"{owner}/set{at}",
        card_commitment=bytes(32),
        level=1 + chance.randrange(4),
        state=DatasetState.ACTIVE,
        height=at,
    )


def _card(chance: random.Random, at: int) -> DatasetCard:
    columns = tuple(
        ColumnCard(
            name=f"{chance.choice(WORDS)}_{number}",
            kind="string",
            semantics=chance.choice(WORDS),
            classes=("personal:general",) if number % 3 else (),
            level=1,
            exposure=Exposure.AFTER_JOIN,
            normalisation="" if number else "national-id/1",
        )
        for number in range(COLUMNS)
    )
    return DatasetCard(
        salt=bytes(32),
        dataset=f"member{at % 50}/set{at}/1",
        title=" ".join(chance.sample(WORDS, 3)),
        description=" ".join(chance.choices(RARE, k=60)),
        source="csv",
        rows_at_most=1024,
        columns=columns,
        level=1,
        classes=("industry:J66", "subject:personal"),
        purposes=(),
        keywords=tuple(chance.sample(WORDS, 4)),
        content_commitment=bytes(32),
        parents=(),
    )
