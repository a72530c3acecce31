"""Every output and every protocol through whole nodes, over a simulated network and clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from atoll.api.models import GiveGrant, ProposeJob
from atoll.jobs.payload import encode_payloads
from atoll.jobs.table import Rows
from atoll.ledger.detail import ReceiptDetail
from atoll.node.bodies import Kind
from atoll.primitives import elgamal
from atoll.protocols.psi.items import Bucket
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World
from atoll.wire.message import parse_message
from tests.sim.flow import agreed_everywhere, ended
from tests.sim.sides import TABLES, register, side, table
from tests.unit.dh.runs import narrow_sums, spoils

__all__ = ["narrow_sums"]


async def permit(world: World, owner: str, grantee: str, dataset: str) -> dict[str, Any]:
    """A grant for everything there is."""
    request = GiveGrant(
        grantee=grantee,
        uses=20,
        dataset=dataset,
        columns=["id", "amount"],
        purposes=["research"],
        outputs=["identifiers", "rows", "cardinality", "sum"],
        payload=["amount"],
        min_count=5,
    )
    grant, _ = await world[owner].services.grants.give(request)
    return {"grant": grant, "version": 1}


@dataclass(frozen=True, slots=True)
class Agreed:
    """Tables, and the grants that go with them."""

    sets: dict[str, str]
    grants: dict[str, dict[str, Any]]
    back: dict[str, Any]
    """The bank's grant to the bureau."""


async def agree(world: World) -> Agreed:
    """Everybody registers a table; the others permit the bank, and the bank the bureau."""
    sets = {org: await register(world, org) for org in TABLES}
    grants = {org: await permit(world, org, "bank", sets[org]) for org in ("bureau", "telecom")}
    return Agreed(sets, grants, await permit(world, "bank", "bureau", sets["bank"]))


async def run(world: World, agreed: Agreed, *owners: str, both: bool = False, shows: tuple[str, ...] = (), **asked: Any) -> str:
    """Propose and wait; the job."""
    mine = side("bank", agreed.sets["bank"], [agreed.back] if both else [], shows=list(shows) if both else [])
    others = [side(org, agreed.sets[org], [agreed.grants[org]], shows=list(shows)) for org in owners]
    spec = {"receivers": [mine, *others] if both else [mine], "owners": [] if both else others, **asked}
    request = ProposeJob(kind="intersection", spec=spec, purpose="research")
    job = await world["bank"].services.proposals.propose(request)
    record = await ended(world, job)
    assert (record.state, record.reason) == ("completed", "")
    await agreed_everywhere(world, job)
    return job


BOTH = [[f"P{number:03}"] for number in range(30, 60)]
CASES: dict[str, tuple[dict[str, Any], Sequence[Sequence[str | None]]]] = {
    "rr22": ({"protocol": "psi-rr22"}, BOTH),
    "malicious": ({"security": "malicious"}, BOTH),
    "ecdh": ({"protocol": "psi-ecdh-curve25519"}, BOTH),
    "few keys against a table": ({"protocol": "psi-oprf-ristretto255"}, BOTH),
    "the same table again": ({"protocol": "psi-oprf-ristretto255"}, BOTH),
    "cardinality": ({"output": "cardinality"}, [["30"]]),
    "sum": ({"output": "sum", "shows": ("amount",), "min_count": 5}, [["30", str(sum(range(30, 60)))]]),
    "withheld": ({"output": "sum", "shows": ("amount",), "min_count": 31}, [["30", None]]),
    "anti": ({"join": "anti"}, [[f"P{number:03}"] for number in range(30)]),
    "rows": ({"output": "rows", "shows": ("amount",)}, [[f"P{number:03}", str(number)] for number in range(30, 60)]),
    "left": (
        {"output": "rows", "shows": ("amount",), "join": "left"},
        [[f"P{number:03}", str(number) if number >= 30 else None] for number in range(60)],
    ),
}


@pytest.mark.usefixtures("narrow_sums")
def test_two_organisations_get_what_the_tables_say_whatever_is_asked_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=11) as world:
            agreed = await agree(world)
            for case, (asked, expected) in CASES.items():
                job = await run(world, agreed, "bureau", **asked)
                assert sorted(table(world, job)) == expected, case

    run_virtually(scenario())


def test_spoiled_records_are_known_to_their_receiver_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same job with one key's payload garbled, common or not: the owner has the same receipts as of the honest one."""
    garbled = b""

    def spoil(keys: Bucket, table: Rows, columns: Sequence[str], width: int) -> bytes:
        data = encode_payloads(keys, table, columns, width)
        slots = [data[at : at + width] for at in range(0, len(data), width)]
        return b"".join(bytes(width) if garbled and garbled in one else one for one in slots)

    monkeypatch.setattr("atoll.jobs.intersection.protocols.psi_payload.encode_payloads", spoil)

    async def scenario() -> None:
        nonlocal garbled
        async with World(tmp_path, seed=13) as world:
            agreed = await agree(world)
            seen = []
            for cell, spoiled in ((b"", 0), (b"75", 0), (b"45", 1)):
                garbled = cell
                job = await run(world, agreed, "bureau", output="rows", shows=("amount",))
                told = world["bank"].services.jobs.result(job, 0, "test")
                assert (told.spoiled, told.rows) == (spoiled, 30 - spoiled)
                seen.append(await receipts(world, job))
            assert seen[0] == seen[1] == seen[2]
            warned = [one.spoiled for one in caplog.records if hasattr(one, "spoiled")]
            assert warned == [1], "and the bank's log"

    run_virtually(scenario())


@pytest.mark.usefixtures("narrow_sums")
def test_a_spoiled_sum_is_known_to_its_receiver_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same job with the value of one key spoiled, common or not: the owner has the same receipts as of the honest one."""
    honest = elgamal.encrypt

    async def scenario() -> None:
        async with World(tmp_path, seed=14) as world:
            agreed = await agree(world)
            seen = []
            for encrypt, spoiled in ((honest, 0), (spoils(75), 0), (spoils(45), 30)):
                monkeypatch.setattr(elgamal, "encrypt", encrypt)
                job = await run(world, agreed, "bureau", output="sum", shows=("amount",), min_count=5)
                told = world["bank"].services.jobs.result(job, 0, "test")
                total = None if spoiled else str(sum(range(30, 60)))
                assert (told.spoiled, told.table) == (spoiled, [["30", total]])
                seen.append(await receipts(world, job))
            assert seen[0] == seen[1] == seen[2]
            warned = [one.spoiled for one in caplog.records if hasattr(one, "spoiled")]
            assert warned == [30], "and the bank's log"

    run_virtually(scenario())


async def receipts(world: World, job: str) -> list[ReceiptDetail]:
    """What the parties' receipts of a job say, as the owner has them, without what differs from job to job."""
    found = []
    for org in ("bank", "bureau"):
        while (body := world["bureau"].bodies.get(Kind.DETAIL, f"{job}/{org}")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        found.append(replace(parse_message(body, ReceiptDetail), salt=bytes(32), job_id=bytes(16), seconds=0))
    return found


def test_three_learn_what_all_have_and_of_two_receivers_each_gets_its_own_result(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with World(tmp_path, seed=12, policy={"bureau": 'trusted-proposers = ["bank"]'}) as world:
            agreed = await agree(world)
            job = await run(world, agreed, "bureau", "telecom")
            assert sorted(table(world, job)) == [[f"P{number:03}"] for number in range(40, 60)]
            assert world["bank"].services.jobs.show(job).receipts == ["bank", "bureau", "telecom"]
            job = await run(world, agreed, "bureau", both=True, output="rows", shows=("amount",))
            assert sorted(table(world, job)) == [[f"P{number:03}", str(number)] for number in range(30, 60)]
            assert sorted(table(world, job, "bureau")) == [[f"p{number:03}", str(100 * number)] for number in range(30, 60)]

    run_virtually(scenario())
