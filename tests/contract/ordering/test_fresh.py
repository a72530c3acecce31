"""A view says how old it is: on the embedded engine, by the cosignatures that an idle sequencer renews."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ordering.errors import StaleView
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import Play, dataset

ENGINES = ("embedded",)


def test_an_idle_ledger_stays_fresh(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        for _ in range(6):
            await asyncio.sleep(120)
            for org in engines.orgs:
                engines[org].require_fresh(45)

    play(scenario, orgs=("operator", "bank", "bureau"))


def test_a_member_that_is_cut_off_knows_that_its_view_is_stale(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await engines.settle()
        engines.network.isolate("bank", engines.orgs)
        await asyncio.sleep(50)
        assert engines["bank"].require_fresh().height == 1
        await asyncio.sleep(40)
        with pytest.raises(StaleView):
            engines["bank"].require_fresh()
        engines["operator"].require_fresh()
        engines.network.heal()
        await engines.until(lambda: engines.clock("bank").now() - engines["bank"].freshness() < 30, 30)

    play(scenario)
