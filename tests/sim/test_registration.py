"""Registration in whole nodes: copies are found, near copies without a row being shown, what is contested is decided."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import (
    AnswerRequest,
    DecideRequest,
    GiveGrant,
    OpenRequest,
    ProfileRequest,
    RegisterColumn,
    RegisterDataset,
)
from atoll.ledger.records import Check, Claim, Dataset, Dispute, Job, OprfRequest, Tag
from atoll.node.errors import NoKeyYet, NoSuchThing, TransactionRefused
from atoll.node.pending import Pending, PendingRegistrations
from atoll.node.registration import Done, Registration
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World

ROWS = [(f"P{number:05}", f"shelf {number % 97}", str(number * 7 % 1000)) for number in range(400)]
SEMICOLONS = "people.csv?delimiter=semicolon"
HEADER = ("code", "place", "amount")


def write(
    world: World, org: str, name: str, rows: Sequence[Sequence[str]], *, header: Sequence[str] = HEADER, by: str = ","
) -> None:
    lines = [by.join(header), *(by.join(row) for row in rows)]
    (world.home(org) / "data" / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")


def request_of(org: str, name: str, *, key: str = HEADER[0], **said: Any) -> RegisterDataset:
    column = RegisterColumn(name=key, exposure="after-join", normalisation="national-id/1")
    path = said.pop("path", f"{name}.csv")
    return RegisterDataset(name=name, path=path, title=f"{name} of {org}", columns=[column], **said)


async def register(world: World, org: str, name: str, **said: Any) -> Done:
    return await world[org].services.datasets.register(request_of(org, name, **said))


def version(world: World, dataset: str, at: str = "bank") -> Dataset:
    found = world[at].context.view().get(Dataset, dataset)
    assert found is not None
    return found


def state(world: World, dataset: str, at: str = "bank") -> str:
    found = world[at].context.view().get(Dataset, dataset)
    return str(found.state) if found is not None else ""


async def until(condition: Callable[[], bool], *, seconds: float = 900.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - under a virtual clock waiting costs nothing
            await asyncio.sleep(0.5)


def answers(world: World, dispute: str) -> int:
    found = world["auditor"].context.view().get(Dispute, dispute)
    return len(found.answers) if found is not None else 0


def jobs(world: World, at: str = "bank") -> list[Job]:
    return [one for one in world[at].context.records(Job) if one.kind == "similarity"]


def test_a_near_copy_is_found_and_blocked_and_nobody_sees_a_row(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=31, checks=True) as world:
            write(world, "bank", "customers", ROWS)
            await register(world, "bank", "customers")
            shuffled = [*ROWS[20:], *((f"X{number}", "elsewhere", "1") for number in range(20))]
            random.Random(1).shuffle(shuffled)
            write(world, "bureau", "people", [row[::-1] for row in shuffled], header=("c", "b", "a"), by=";")
            await register(world, "bureau", "people", key="a", path=SEMICOLONS)
            await until(lambda: state(world, "bureau/people/1") == "blocked")
            found = version(world, "bureau/people/1")
            assert (found.finding, found.first) == ("near", "bank/customers/1")
            assert sorted(one.inputs[0].rows_cap for one in jobs(world)) == [512, 2560]
            assert {one.receivers for one in jobs(world)} == {("bank",)}
            await until(lambda: state(world, "bureau/people/1", "bureau") == "blocked")
            for org in ("bank", "bureau"):
                (account,) = await world[org].services.budgets.list("bureau/people")
                assert (account.part, account.unit, account.spent, account.limit) == ("checks", "checks", 2, 16)
            assert not await world["telecom"].services.budgets.list("bureau/people")
            with pytest.raises(TransactionRefused, match="registered first"):
                await world["bureau"].services.grants.give(
                    GiveGrant(grantee="bank", dataset="bureau/people/1", uses=1, columns=["a"], purposes=["research"])
                )

    run_virtually(scenario())


def test_a_shuffled_permuted_and_re_delimited_copy_is_found_by_tags_alone_and_a_renamed_one_stands_in_doubt(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=32, oprf=True) as world:
            await world.key_stands()
            write(world, "bank", "customers", ROWS)
            done = await register(world, "bank", "customers")
            assert version(world, done.dataset).finding == "new"
            copy = [row[::-1] for row in ROWS]
            random.Random(2).shuffle(copy)
            write(world, "bureau", "people", copy, header=HEADER[::-1], by=";")
            told = await world["bureau"].services.datasets.registered(request_of("bureau", "people", path=SEMICOLONS))
            assert (told.finding, told.first, told.state) == ("same-content", "bank/customers/1", "blocked")
            assert "registered first" in told.found
            assert "own" not in told.found
            write(world, "telecom", "renamed", copy, header=("c", "b", "a"))
            told = await world["telecom"].services.datasets.registered(request_of("telecom", "renamed", key="a"))
            assert (told.finding, told.first, told.state) == ("same-content", "bank/customers/1", "review")
            assert "only the names of columns" in told.means
            assert not jobs(world)

    run_virtually(scenario())


def test_a_registrant_that_refuses_the_check_stands_under_review_for_all_to_see(tmp_path: Path) -> None:
    async def scenario() -> None:
        policy = {"bureau": 'duplicate-checks = "off"'}
        async with World(tmp_path, seed=33, checks=True, policy=policy) as world:
            write(world, "bank", "customers", ROWS)
            await register(world, "bank", "customers")
            write(world, "bureau", "people", ROWS[:390])
            await register(world, "bureau", "people")
            await until(lambda: state(world, "bureau/people/1") == "review")
            shown = await world["bank"].services.datasets.show("bureau/people/1")
            assert "not answered" in shown.found
            assert [one.reason for one in jobs(world)] == ["policy.local"]

    run_virtually(scenario())


def test_an_incumbent_that_lies_is_answered_with_evidence_and_overruled(tmp_path: Path) -> None:
    """It says near where nothing is common. The receipts commit to the true count, and it cannot open them to another."""

    async def scenario() -> None:
        async with World(tmp_path, seed=34, checks=True) as world:
            write(world, "bank", "customers", ROWS)
            await register(world, "bank", "customers")
            world["bank"].duplicates._counts = lambda check: (390, 400, 400)  # type: ignore[method-assign]
            write(world, "bureau", "people", [(f"Q{n:05}", f"rack {n}", str(n)) for n in range(400)])
            await register(world, "bureau", "people")
            await until(lambda: state(world, "bureau/people/1") == "blocked")
            bureau, bank, auditor = (world[org].services.disputes for org in ("bureau", "bank", "auditor"))
            asked = OpenRequest(subject="bureau/people/1", against="bank/customers/1", text="Open the count you committed to.")
            dispute, _ = await bureau.open(asked, "person")
            await until(lambda: version(world, "bureau/people/1", "bank").dispute.hex() == dispute)
            await bank.answer(dispute, AnswerRequest(text="We would rather not."), "person")
            await until(lambda: answers(world, dispute) == 1)
            shown = await auditor.show(dispute)
            assert [one.text for one in shown.statements] == ["Open the count you committed to.", "We would rather not."]
            assert all(one.held for one in shown.statements)
            outsider = await world["telecom"].services.disputes.show(dispute)
            assert not any(one.held or one.text for one in outsider.statements)
            await auditor.decide(dispute, DecideRequest(outcome="released", text="The count was not opened."), "person")
            await until(lambda: state(world, "bureau/people/1") == "active")
            history = await world["bureau"].services.histories.show("bureau/people/1")
            assert [one.state for one in history.states] == ["active", "blocked", "active"]
            assert history.disputes[0].reason is not None
            assert history.disputes[0].reason.text == "The count was not opened."

    run_virtually(scenario())


def test_checks_of_a_pair_are_bounded_however_many_nodes_look(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=35, checks=True) as world:
            write(world, "bank", "customers", ROWS)
            await register(world, "bank", "customers")
            write(world, "bureau", "people", ROWS[:300])
            await register(world, "bureau", "people")
            await until(lambda: state(world, "bureau/people/1") == "review")
            await asyncio.sleep(45)
            assert len(jobs(world)) == 2
            assert {one.attempts for one in world["bank"].context.records(Check)} == {1}

    run_virtually(scenario())


def test_a_restarted_node_goes_on_where_its_checks_were(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=36, checks=True) as world:
            write(world, "bank", "customers", ROWS)
            await register(world, "bank", "customers")
            await world.stop("bank")
            write(world, "bureau", "people", ROWS[:390])
            await register(world, "bureau", "people")
            world.start("bank")
            await until(lambda: state(world, "bureau/people/1") == "blocked")

    run_virtually(scenario())


class Crash(Exception):
    """The node's process ends here."""


STEPS = ("_tag", "_claim", "_submit", "after evaluation", "after the claim", "after the ledger")


def test_a_registration_cut_short_anywhere_goes_on_and_asks_and_registers_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=37, oprf=True) as world:
            await world.key_stands()
            for at, step in enumerate(STEPS):
                name = f"table{at}"
                write(world, "bank", name, [(f"{name}-{one}", two, three) for one, two, three in ROWS])
                with monkeypatch.context() as patched:
                    break_at(patched, world, step)
                    with pytest.raises(Crash):
                        await register(world, "bank", name)
                await world.stop("bank")
                world.start("bank")
                await world.settle()
                assert (await register(world, "bank", name)).dataset == f"bank/{name}/1", step
                versions = [one for one in world["bank"].context.records(Dataset) if one.lineage == f"bank/{name}"]
                assert [(one.dataset, one.finding) for one in versions] == [(f"bank/{name}/1", "new")], step
                asked = [one for one in world["bank"].context.records(OprfRequest) if one.org == "bank"]
                assert len(asked) == at + 1, step
                claims = {one.evaluation: one.height for one in world["bank"].context.records(Claim)}
                assert len(claims) == at + 1, step
                tags = versions[0].tags
                held = {one.priority for one in world["bank"].context.records(Tag) if one.tag in tags}
                assert held == {claims[versions[0].evaluation]}, step

    run_virtually(scenario())


def break_at(patched: pytest.MonkeyPatch, world: World, step: str) -> None:
    """Have the bank's next registration end there."""

    async def crash(*_: object, **__: object) -> None:
        raise Crash

    node = world["bank"]
    if step == "after evaluation":
        evaluate = node.evaluator.evaluate

        async def evaluate_and_crash(inputs: Sequence[bytes], *, seed: bytes | None = None) -> None:
            await evaluate(inputs, seed=seed)
            raise Crash

        patched.setattr(node.evaluator, "evaluate", evaluate_and_crash)
    elif step == "after the claim":
        claim = Registration._claim

        async def claim_and_crash(self: Registration, name: str, pending: Pending) -> None:
            await claim(self, name, pending)
            raise Crash

        patched.setattr(Registration, "_claim", claim_and_crash)
    elif step == "after the ledger":
        patched.setattr(PendingRegistrations, "clear", lambda *_: (_ for _ in ()).throw(Crash()))
    else:
        patched.setattr(Registration, step, crash)


def test_a_source_is_registered_once_and_looked_at_again_and_profiled_where_it_lies(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=38) as world:
            write(world, "bank", "customers", ROWS)
            first = await register(world, "bank", "customers")
            again = await register(world, "bank", "customers")
            assert (again.dataset, again.acknowledged) == (first.dataset, None)
            services = world["bank"].services
            assert (await services.datasets.show("bank/customers/1", check=True)).unchanged is True
            write(world, "bank", "customers", ROWS[:100])
            assert (await services.datasets.show("bank/customers/1", check=True)).unchanged is False
            assert (await services.datasets.show("bank/customers/1")).unchanged is None
            assert (await register(world, "bank", "customers")).dataset == "bank/customers/2"
            before = sorted(world.home("bank").rglob("*"))
            found = await services.profiles.show("bank/customers/2", ProfileRequest())
            assert (found.rows, [one.grade.name for one in found.columns]) == (100, list(HEADER))
            assert not any(one.frequent for one in found.columns)
            assert sorted(world.home("bank").rglob("*")) == before
            with pytest.raises(NoSuchThing):
                await world["bureau"].services.profiles.show("bank/customers/2", ProfileRequest())

    run_virtually(scenario())


def test_a_registration_waits_for_the_members_key_unless_it_is_told_not_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=40, oprf=True) as world:
            assert not world["bank"].evaluator.is_ready
            write(world, "bank", "customers", ROWS)
            write(world, "bureau", "files", ROWS)
            waiting = asyncio.create_task(register(world, "bank", "customers"))
            hurried = await register(world, "bureau", "files", allow_unchecked=True)
            done = await waiting
            assert version(world, done.dataset).finding == "new"
            assert version(world, hurried.dataset, "bureau").finding == "unchecked"

    run_virtually(scenario())


def test_without_a_key_a_registration_says_what_to_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=41, oprf=True) as world:
            for org in ("auditor", "bureau", "telecom"):
                world.fabric.cut("bank", org)
            await world.stop("telecom")
            write(world, "bank", "customers", ROWS)
            with pytest.raises(NoKeyYet):
                await register(world, "bank", "customers")

    run_virtually(scenario())
