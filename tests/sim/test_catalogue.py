"""The catalogue of whole nodes: filled by itself, and filled again when it is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from atoll.api.models import RegisterColumn, RegisterDataset, RegradeRequest
from atoll.exchange.catalogue.query import Query
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World


async def seen_by(world: World, org: str, dataset: str) -> bool:
    """Whether a member finds a dataset, card and all, within a few seconds."""
    for _ in range(100):
        page = await world[org].services.catalogue.search(Query(text="household"))
        if [one.dataset for one in page.entries if one.card_verified] == [dataset]:
            return True
        await asyncio.sleep(0.05)
    return False


def test_what_a_member_registers_is_found_by_the_others_by_itself_and_again_after_the_index_is_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        organisations = {"operator": ("operator",), "bank": ("owner",), "bureau": ("owner",)}
        async with World(tmp_path, seed=31, organisations=organisations) as world:
            (world.home("bureau") / "data").mkdir(exist_ok=True)
            (world.home("bureau") / "data" / "incomes.csv").write_text("id,income\nP1,10\nP2,20\n")
            key = RegisterColumn(name="id", exposure="after-join", normalisation="national-id/1")
            asked = RegisterDataset(name="incomes", path="incomes.csv", title="Household incomes", columns=[key])
            dataset, _ = await world["bureau"].services.datasets.register(asked)
            assert await seen_by(world, "bank", dataset)
            await world.stop("bank")
            (world.home("bank") / "catalogue.sqlite").unlink()
            world.start("bank")
            await world.settle()
            assert await seen_by(world, "bank", dataset)
            await world["bureau"].services.datasets.withdraw(dataset)
            for _ in range(100):
                page = await world["bank"].services.catalogue.search(Query(states=("withdrawn",)))
                if page.total == 1:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the withdrawal did not come through")

    run_virtually(scenario())


def test_a_level_that_rises_reaches_every_listing_of_what_was_made_from_the_data(tmp_path: Path) -> None:
    async def scenario() -> None:
        organisations = {"operator": ("operator",), "bank": ("owner",), "bureau": ("owner",)}
        async with World(tmp_path, seed=32, organisations=organisations) as world:
            datasets, data = world["bureau"].services.datasets, world.home("bureau") / "data"
            data.mkdir(exist_ok=True)
            (data / "incomes.csv").write_text("id,income\nP1,10\nP2,20\n")
            (data / "means.csv").write_text("region,mean\nnorth,15\n")
            source, _ = await datasets.register(RegisterDataset(name="incomes", path="incomes.csv", title="Household incomes"))
            means = RegisterDataset(name="means", path="means.csv", title="Means", parents=[source])
            made, _ = await datasets.register(means)
            catalogue = world["bank"].services.catalogue
            async with asyncio.timeout(60):
                while (await catalogue.search(Query(most_level=3))).total < 2:  # noqa: ASYNC110 - virtual
                    await asyncio.sleep(0.05)
            await world["bureau"].services.gradings.override(source, RegradeRequest(level=4, reason="complaint 17"))
            async with asyncio.timeout(60):
                while (await catalogue.search(Query(least_level=4))).total < 2:  # noqa: ASYNC110 - virtual
                    await asyncio.sleep(0.05)
            assert (await world["bank"].services.datasets.show(made)).level == 4

    run_virtually(scenario())
