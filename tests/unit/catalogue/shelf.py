"""Cards and ledger records of made-up datasets, as many as a test wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from atoll.exchange.catalogue.entry import Entry, entry_of
from atoll.ledger.records import Dataset, DatasetState
from atoll.policy.card import DatasetCard
from atoll.policy.in_force import InForce
from atoll.storage.catalogue import Opinion
from tests.unit.policy.desk import CARD, column
from tests.unit.policy.desk import dataset as record

RECORD = bytes(32)
"""Digest of a ledger record."""


def entry(name: str, *, level: int = 2, state: DatasetState = DatasetState.ACTIVE, height: int = 1, **changes: Any) -> Entry:
    """What the catalogue knows of a dataset whose card says this."""
    owner = name.split("/")[0]
    record = listed(name, owner=owner, level=level, state=state, height=height)
    return entry_of(record, alone(record), card(name, **changes))


def alone(record: Dataset) -> InForce:
    """What binds a version that rests on nothing and is under no order."""
    return InForce(level=record.level, state=str(record.state), order="", lineages=(record.lineage,))


def listed(name: str, **changes: Any) -> Dataset:
    """Its record on the ledger."""
    owner, lineage, _ = name.split("/")
    return record(name, **{"owner": owner, "lineage": f"{owner}/{lineage}"} | changes)


def card(name: str, **changes: Any) -> DatasetCard:
    """Its card: one key column, unless it is said otherwise."""
    plain: dict[str, Any] = {"dataset": name, "title": "Plain", "columns": (column("key", normalisation="national-id/1"),)}
    return replace(CARD, **plain | changes)


def opinion(name: str, evaluator: str, grade: int, *, third_party: bool = True, time: int = 1, stands: bool = True) -> Opinion:
    """What an evaluator says of it."""
    return Opinion(
        dataset=name,
        evaluator=evaluator,
        third_party=third_party,
        time=time,
        grade=grade,
        score_ppm=900_000,
        commitment="05" * 32,
        stands=stands,
    )
