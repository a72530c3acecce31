"""A view says how old it is: on the embedded engine, by the cosignatures that an idle sequencer renews."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ordering.embedded.messages import MAX_BLOCKS
from atoll.ordering.embedded.points import Point
from atoll.ordering.engine import Engine
from atoll.ordering.errors import NotAgreedYet, StaleView
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


def test_while_it_catches_up_a_member_has_a_fresh_view_of_less_and_no_seal_over_it(play: Play) -> None:
    """So nobody takes the time at which a quorum stood for the whole log for one at which it stood for the beginning."""

    async def scenario(engines: Engines) -> None:
        await engines.stop("bank")
        await asyncio.sleep(100)
        back_at = engines.clock("bank").now()
        for number in range(MAX_BLOCKS + 1):
            await engines["operator"].submit(engines.founding.sign("auditor", dataset(number, "auditor"), nonce=number + 1))
        seen: dict[int, tuple[bool, bool]] = {}
        bank = engines.make("bank")
        went_on = bank.replica.on_agreed

        def look(points: list[Point]) -> None:
            went_on(points)
            seen.setdefault(bank.view().height, (bank.freshness() >= back_at, has_seal(bank)))

        bank.replica.on_agreed = look
        await bank.start()
        await engines.until(lambda: bank.view().height == MAX_BLOCKS + 1)
        assert seen == {MAX_BLOCKS: (True, False), MAX_BLOCKS + 1: (True, True)}

    play(scenario)


def has_seal(engine: Engine) -> bool:
    try:
        return bool(engine.seal())
    except NotAgreedYet:
        return False
