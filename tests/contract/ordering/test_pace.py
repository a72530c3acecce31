"""How often the sequencer makes a block: soon for one alone, in a steady pace for many, less where a quorum is behind."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ordering.embedded.sequencer import COMPANY_SECONDS, GROUP_SECONDS
from atoll.testing.engines import Engines
from tests.contract.ordering.conftest import ORGS, Play, dataset
from tests.contract.ordering.test_news import answer_late

ENGINES = ("embedded",)
MANY = 50


def test_one_alone_waits_for_no_company_worth_speaking_of(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        loop = asyncio.get_running_loop()
        for number in range(3):
            await asyncio.sleep(1.0)
            began = loop.time()
            await engines["operator"].submit(engines.founding.sign("operator", dataset(number, "operator")))
            assert loop.time() - began <= COMPANY_SECONDS + 0.001

    play(scenario, orgs=ORGS)


@pytest.mark.parametrize(("late_seconds", "least", "most"), [(0.0, 1, 1), (0.5, 2, 2)])
def test_many_are_gathered_the_longer_the_farther_a_quorum_is_behind(
    play: Play, late_seconds: float, least: int, most: int
) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("operator", dataset(0, "operator")))
        for org in ORGS[1:]:
            answer_late(engines, org, late_seconds)
        before = engines["operator"].replica.tip.height
        sent = []
        for number in range(1, MANY):
            data = engines.founding.sign("operator", dataset(number, "operator"))
            sent.append(asyncio.create_task(engines["operator"].submit(data)))
            await asyncio.sleep(GROUP_SECONDS / 5)
        blocks = engines["operator"].replica.tip.height - before
        seconds = MANY * GROUP_SECONDS / 5
        assert seconds / (most + 0.5) <= blocks * GROUP_SECONDS <= seconds / (least - 0.2)
        await asyncio.gather(*sent)

    play(scenario, orgs=ORGS)
