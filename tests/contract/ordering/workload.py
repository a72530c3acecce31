"""A patient client's transactions, and what must have become of each; a hand-over by everybody's vote."""

from __future__ import annotations

import asyncio

from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import dataset

PATIENCE = 40
"""How often a client submits the same bytes before the test gives up."""


async def work(engines: Engines, through: str, numbers: range) -> dict[bytes, Acknowledged]:
    """Submit one transaction after the other, as a patient client does, and note what was acknowledged."""
    acknowledged: dict[bytes, Acknowledged] = {}
    for number in numbers:
        data = engines.founding.sign("bureau", dataset(number, "bureau"))
        for _ in range(PATIENCE):
            try:
                acknowledged[data] = await engines[through].submit(data, timeout_seconds=2)
                break
            except (NotAcknowledged, KeyError):
                await asyncio.sleep(0.5)
        assert data in acknowledged, "nobody gets on any more"
    return acknowledged


async def check(engines: Engines, acknowledged: dict[bytes, Acknowledged]) -> None:
    """Every member holds every acknowledged transaction once, where it was acknowledged, and all hold the same log."""
    await engines.settle()
    for org in engines.orgs:
        places: dict[bytes, list[tuple[int, int]]] = {}
        last = engines[org].view().height
        async for agreed in engines[org].follow():
            for at, data in enumerate(agreed.block.transactions):
                places.setdefault(data, []).append((agreed.block.height, agreed.summary.first + at))
            if agreed.block.height == last:
                break
        for data, answer in acknowledged.items():
            assert places[data] == [(answer.height, answer.index)], org


VOTERS = ("auditor", "bureau", "telecom")


async def hand_over(engines: Engines, candidate: str = "bank", voters: tuple[str, ...] = VOTERS) -> None:
    """The operators of these nodes agree by telephone."""
    for org in voters:
        await engines[org].vote(candidate)
    await engines.until(lambda: engines[candidate].is_sequencer)
