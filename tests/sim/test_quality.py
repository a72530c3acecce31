"""Quality among whole nodes: measured by the owner, vouched for by a third party, read and verified by everybody."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.api.models import RegisterColumn, RegisterDataset
from atoll.exchange.quality.errors import BadReport, NothingToMeasure
from atoll.exchange.quality.report import Basis, Opinion, QualityRun, RunStatement, SignedRun, run_digest
from atoll.ledger.records import QualityReport, opinion_id
from atoll.node.bodies import Kind
from atoll.node.errors import BodyOnItsWay, NoSuchThing, TransactionRefused
from atoll.sources.errors import SourceChanged
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.trust.envelope import Context
from atoll.wire.message import encode_message, parse_message

ORGANISATIONS = {
    "operator": ("operator",),
    "bank": ("owner", "user"),
    "bureau": ("owner",),
    "auditor": ("auditor", "evaluator"),
}
ROWS = "".join(f"P{at},{at}.50,x\n" for at in range(300))


async def registered(world: World, name: str = "incomes", **said: str) -> str:
    folder = world.home("bureau") / "data"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_text("id,income,note\n" + ROWS)
    exposure = said.get("exposure", "after-join")
    columns = [
        RegisterColumn(name="id", exposure=exposure, normalisation="national-id/1" if exposure != "hidden" else ""),
        RegisterColumn(name="income", exposure=exposure, semantics="amount"),
    ]
    asked = RegisterDataset(name=name, path=f"{name}.csv", title="Incomes", columns=columns, purposes=["research"])
    return (await world["bureau"].services.datasets.register(asked))[0]


async def stands(world: World, org: str, dataset: str, evaluator: str) -> QualityReport:
    """The opinion, once a node has heard of it."""
    async with asyncio.timeout(30):
        while (found := world[org].context.view().get(QualityReport, opinion_id(dataset, evaluator))) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


def test_an_owner_measures_an_evaluator_vouches_and_everybody_verifies(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=41, organisations=ORGANISATIONS) as world:
            owner, auditor, bank = (world[org].services.quality for org in ("bureau", "auditor", "bank"))
            dataset = await registered(world)
            run = await owner.measure(dataset, publish=True, remark="")
            assert run.receipt is not None
            assert {one.column for one in run.values} == {"", "id", "income"}, "the hidden column is nobody's business"
            await auditor.sign(run.file, "Inspected on site")
            assert not (await stands(world, "bank", dataset, "bureau")).third_party
            assert (await stands(world, "bank", dataset, "auditor")).third_party

            report = await bank.report(dataset, "auditor")
            assert (report.remark, report.opinion.third_party, report.run.values) == ("Inspected on site", True, run.values)
            assert (report.run.score_ppm, report.run.grade, report.run.basis) == (run.score_ppm, run.grade, "source")
            assert report.dqv["https://w3id.org/atoll/dex#thirdParty"] is True
            assert not (await bank.report(dataset, "bureau")).opinion.third_party

            again = await owner.measure(dataset, publish=False, remark="")
            assert [one.ppm for one in again.values] == [one.ppm for one in run.values], "whoever measures again finds the same"
            await auditor.sign(again.file, "Seen again")
            await asyncio.sleep(1)
            assert (await bank.report(dataset, "auditor")).remark == "Seen again", (
                "a later opinion takes the place of the first"
            )
            with pytest.raises(TransactionRefused, match=r"neither the owner.*nor an evaluator"):
                await bank.sign(run.file, "")
            await auditor.withdraw(dataset)
            await asyncio.sleep(1)
            assert (await bank.report(dataset, "auditor")).opinion.state == "withdrawn"

    run_virtually(scenario())


def test_what_was_not_measured_and_signed_by_the_owners_node_is_vouched_for_by_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=42, organisations=ORGANISATIONS) as world:
            owner, auditor = world["bureau"].services.quality, world["auditor"].services.quality
            dataset = await registered(world)
            file = (await owner.measure(dataset, publish=False, remark="")).file
            signed = parse_message(base64.b64decode(file), SignedRun)
            run = parse_message(signed.run, QualityRun)
            prettier = replace(run, values=tuple(replace(one, ppm=1_000_000) for one in run.values))
            other = await owner.measure(await registered(world, "others"), publish=False, remark="")
            foreign = parse_message(base64.b64decode(other.file), SignedRun)
            await asyncio.sleep(1)
            for forged in (
                replace(signed, run=encode_message(prettier)),
                replace(signed, run=encode_message(replace(run, score_ppm=run.score_ppm - 1))),
                replace(signed, envelope=foreign.envelope),
                replace(signed, envelope=signed.envelope[:-1] + bytes([signed.envelope[-1] ^ 1])),
                replace(signed, run=foreign.run),
            ):
                with pytest.raises(BadReport):
                    await auditor.sign(base64.b64encode(encode_message(forged)).decode(), "")
            stranger = resigned(world["bank"].services.quality, run)
            with pytest.raises(BadReport):
                await auditor.sign(base64.b64encode(encode_message(stranger)).decode(), "")
            # the owner itself signs a run that says it is of other rows, or whose score is not that of its values
            node = world["bureau"].services.quality
            lies = (
                replace(run, basis=Basis.SAMPLE),
                replace(run, card_commitment=bytes(32)),
                replace(run, grade=5, score_ppm=0),
                replace(run, values=(replace(run.values[0], ppm=run.values[0].ppm // 2 + 1), *run.values[1:])),
            )
            for lie in lies:
                made = resigned(node, lie)
                with pytest.raises(BadReport):
                    await auditor.sign(base64.b64encode(encode_message(made)).decode(), "")

    run_virtually(scenario())


def resigned(node: object, run: QualityRun) -> SignedRun:
    """A run that the owner's key really signed, whatever it says."""
    data = encode_message(run)
    statement = RunStatement(run_digest=run_digest(data))
    return SignedRun(run=data, envelope=node._seal(statement, Context.QUALITY_RUN))  # type: ignore[attr-defined]


def test_a_source_that_changed_a_hidden_table_and_somebody_elses_are_not_measured(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=43, organisations=ORGANISATIONS) as world:
            owner = world["bureau"].services.quality
            dataset = await registered(world)
            with pytest.raises(NoSuchThing):
                await world["bank"].services.quality.measure(dataset, publish=False, remark="")
            with pytest.raises(NothingToMeasure):
                await owner.measure(await registered(world, "secret", exposure="hidden"), publish=False, remark="")
            (world.home("bureau") / "data" / "incomes.csv").write_text("id,income,note\nP1,1,x\n")
            with pytest.raises(SourceChanged):
                await owner.measure(dataset, publish=True, remark="")

    run_virtually(scenario())


def test_a_document_that_does_not_fit_its_commitment_is_not_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=44, organisations=ORGANISATIONS) as world:
            dataset = await registered(world)
            await world["bureau"].services.quality.measure(dataset, publish=True, remark="true")
            await stands(world, "bank", dataset, "bureau")
            name = opinion_id(dataset, "bureau")
            shelf = world["bureau"].bodies
            opinion = parse_message(shelf.get(Kind.QUALITY, name) or b"", Opinion)
            shelf.keep(Kind.QUALITY, name, encode_message(replace(opinion, salt=bytes(32))))
            with pytest.raises(BodyOnItsWay):
                await world["bank"].services.quality.report(dataset, "bureau")

    run_virtually(scenario())
