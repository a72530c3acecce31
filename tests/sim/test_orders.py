"""The drill: a regulator freezes what a running job rests on; every node stops it, nobody gets anything, all can be shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.api.models import ApproverAsk, BudgetRequest, OrderRequest
from atoll.errors import AtollError
from atoll.ledger.errors import BadPaper
from atoll.ledger.evidence import encode_trust_file, narrate, parse_trust_file, verify_evidence
from atoll.ledger.paper import Paper, sign_paper
from atoll.ledger.rules.approver import NEEDED
from atoll.ledger.rules.grade import RegradeDataset
from atoll.node import runs
from atoll.node.config import Home
from atoll.storage.keyfile import load_keystore
from atoll.testing.persons import PaperPerson
from atoll.testing.virtual import run_virtually
from atoll.testing.world import ORGANISATIONS, PASSPHRASE, World
from atoll.trust.keys import SecretKey
from atoll.trust.keystore import open_keys
from atoll.wire.message import encode_message, parse_message
from tests.sim.flow import ended, prepare, specification

SUPERVISED = {**ORGANISATIONS, "authority": ("regulator",)}
STOPPED_WITHIN_SECONDS = 2.0


def signed(paper: bytes, *persons: PaperPerson) -> bytes:
    """A paper that went round."""
    found = parse_message(paper, Paper)
    for one in persons:
        found = sign_paper(found, one.key.public.data, one.key.sign)
    return encode_message(found)


async def persons_of(world: World, org: str, *names: str) -> list[PaperPerson]:
    """Approvers of an organisation, registered through its own node."""
    persons: list[PaperPerson] = []
    for name in names:
        new = PaperPerson(org, name)
        request = world[org].services.orders.ask(ApproverAsk(person=name, public=new.key.public.data.hex()))
        request = signed(request, new, *persons[:2])
        await world[org].services.orders.add(with_recovery(world, org, request) if len(persons) < NEEDED else request)
        persons.append(new)
    return persons


def with_recovery(world: World, org: str, paper: bytes) -> bytes:
    """A paper that whoever keeps the organisation's recovery key has signed too."""
    key = open_keys(load_keystore(Home(world.home(org)).keys), PASSPHRASE)[f"{org}/recovery/1"]
    assert isinstance(key, SecretKey)
    return encode_message(sign_paper(parse_message(paper, Paper), key.public.data, key.sign))


async def order(world: World, persons: list[PaperPerson], *, by: str = "authority", **asked: str) -> str:
    """An order, drawn up, signed and handed in at the regulator's node."""
    desk = world[by].services.orders
    draft = desk.draft(OrderRequest.model_validate({"reason": "complaint 17", **asked}))
    return (await desk.submit(signed(draft, *persons)))[0]


async def running(world: World, mine: str, theirs: str, grant: str) -> str:
    """A job that is in the middle of its rounds at both sides."""
    request = specification(mine, theirs, grant)
    request.spec["keys_per_round"] = 1
    job = await world["bank"].services.proposals.propose(request)
    while not all(world[org].services.jobs.show(job).progress_done for org in ("bank", "bureau")):  # noqa: ASYNC110 - virtual
        await asyncio.sleep(0.001)
    return job


def test_a_freeze_stops_a_running_job_at_every_node_and_leaves_nothing_but_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 3600.0)  # it is the block that stops them, not the next look

    async def scenario() -> None:
        async with World(tmp_path, seed=21, organisations=SUPERVISED) as world:
            mine, theirs, grant = await prepare(world, uses=3)
            await world["bureau"].services.budgets.set(BudgetRequest(name="files", limit=9))
            persons = await persons_of(world, "authority", "ada", "grace")
            job = await running(world, mine, theirs, grant)
            asked_at = asyncio.get_running_loop().time()
            freeze = await order(world, persons, action="freeze", target_kind="lineage", target="bureau/files")
            while any(world[org].runs.running for org in world.nodes):  # noqa: ASYNC110 - under a virtual clock waiting costs nothing
                await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() - asked_at < STOPPED_WITHIN_SECONDS

            record = await ended(world, job, "bureau", seconds=30)
            assert record.state == "failed"
            assert record.reason in ("policy.order", "transport.job_stopped")  # whichever of the two speaks first
            assert record.receipts == ()
            for org in ("bank", "bureau"):
                with pytest.raises(AtollError, match=f"frozen by order {freeze}"):
                    world[org].services.jobs.result(job, 0, "test")
                assert freeze in world[org].services.jobs.show(job).order
            accounts = {one.part: (one.left, one.spent) for one in await world["bank"].services.budgets.list("bureau/files")}
            assert accounts["all"] == (8, 1)
            found = world["auditor"].services.orders.show(freeze)
            assert found.state == "in force"
            assert found.approvers == ["ada (authority/approver/1)", "grace (authority/approver/2)"]
            assert found.reason == ""  # it stays with the regulator
            assert world["authority"].services.orders.show(freeze).reason == "complaint 17"

            await asyncio.sleep(10)
            base = world["auditor"].base.engine.ledger
            trust = parse_trust_file(encode_trust_file(base.genesis, base.genesis_digest))
            shown = verify_evidence(await world["auditor"].services.evidence.export(job, "test"), trust)
            assert [(one.action, one.target, one.approvers) for one in shown.orders] == [
                ("freeze", "bureau/files", ("authority/approver/1", "authority/approver/2"))
            ]
            assert "Two persons of Authority (authority) froze lineage bureau/files" in " ".join(narrate(shown).split())

            stopped = await world["bank"].services.datasets.show(theirs)
            assert (stopped.state, stopped.next) == ("frozen", "")
            assert freeze in stopped.means
            assert (await world["bank"].services.datasets.show(mine)).state == "active"

            refused = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            record = await ended(world, refused, seconds=60)
            assert (record.state, record.reason) == ("refused", "policy.order")

            await order(world, persons, action="unfreeze", lifts=freeze)
            again = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, again, seconds=60)).state == "completed"
            assert world["bank"].services.jobs.result(again, 0, "test").rows == 30
            assert world["bank"].services.orders.show(freeze).state == "lifted"
            assert (await world["bank"].services.datasets.show(theirs)).state == "active"

    run_virtually(scenario())


def test_a_recalled_grant_takes_results_back_that_were_there_already(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=22, organisations=SUPERVISED) as world:
            mine, theirs, grant = await prepare(world, uses=2)
            persons = await persons_of(world, "authority", "ada", "grace")
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, job)).state == "completed"
            assert world["bank"].services.jobs.result(job, 0, "test").rows == 30

            recall = await order(world, persons, action="recall", target_kind="grant", target=grant)
            await asyncio.sleep(1)
            with pytest.raises(AtollError, match=f"recalled by order {recall}"):
                world["bank"].services.jobs.result(job, 0, "test")
            info = next(one for one in await world["bank"].services.grants.list() if one.grant == grant)
            assert (info.held, recall in info.order) == ("recalled", True)
            refused = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            assert (await ended(world, refused, seconds=60)).reason == "policy.order"

    run_virtually(scenario())


def test_an_order_with_one_signature_is_not_even_handed_in_and_any_member_may_hand_in_one_with_two(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=23, organisations=SUPERVISED) as world:
            await prepare(world)
            ada, grace = await persons_of(world, "authority", "ada", "grace")
            draft = world["authority"].services.orders.draft(
                OrderRequest(action="freeze", target_kind="dataset", target="bureau/files/1", reason="drill")
            )
            once = signed(draft, ada)
            with pytest.raises(BadPaper, match="1 of 2 persons have signed"):
                await world["authority"].services.orders.submit(once)
            with pytest.raises(BadPaper, match="signed it already"):
                signed(once, ada)
            with pytest.raises(BadPaper, match="none of those that may sign"):
                signed(once, PaperPerson("authority", "mallory"))
            given, _ = await world["telecom"].services.orders.submit(signed(once, grace))
            assert world["telecom"].services.orders.show(given).regulator == "authority"

    run_virtually(scenario())


def test_data_of_the_highest_level_are_used_with_a_persons_signature_and_not_with_a_token(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=24) as world:
            mine, theirs, grant = await prepare(world)
            (ada,) = await persons_of(world, "bureau", "ada")
            await world["bureau"].context.outbox.submit(RegradeDataset(dataset=theirs, level=4, table="gb-t-43697-2024"))
            job = await world["bank"].services.proposals.propose(specification(mine, theirs, grant))
            jobs = world["bureau"].services.jobs
            async with asyncio.timeout(60):
                while job not in {one.job for one in jobs.list()} or jobs.show(job).phase != "awaiting approval":  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            with pytest.raises(AtollError, match=r"must carry the signature of one of its approvers"):
                await jobs.approve(job, "token")
            assert jobs.show(job).phase == "awaiting approval"
            paper = parse_message(signed(world["bureau"].services.orders.approval(job), ada), Paper)
            await jobs.approve(job, "ada", paper.signed[0])
            assert (await ended(world, job)).state == "completed"

    run_virtually(scenario())
