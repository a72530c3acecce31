"""What a plan allows is held to what this node's owner allows."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.jobs.kind import Inputs
from atoll.ledger.plan import Limits
from atoll.node.ceilings import Ceilings
from atoll.node.execution import Execution
from atoll.node.job_orders import Orders
from atoll.node.order import WorkerOrder
from atoll.primitives.drbg import SeededEntropy
from atoll.storage.store import LocalDataset
from atoll.transport.errors import JobStopped
from atoll.transport.memory import MemoryFabric
from atoll.transport.options import RunOptions
from tests.unit.node.offices import CUSTOMERS, Offices

GREEDY = Limits(memory_bytes=1 << 44, traffic_bytes=1 << 50, attempts=2)


async def ordered(offices: Offices, tmp_path: Any, limits: Limits) -> WorkerOrder:
    plan = offices.plan(limits=limits)
    job = offices.propose(plan)
    for org in ("bank", "bureau"):
        await offices[org].consents.consider(job)
        job = offices.job()
    bank = offices["bank"]
    bank.store.set_dataset(LocalDataset(id=CUSTOMERS, path="c.csv", table="", digest="sha256:00", content_salt=""))
    keys: Any = SimpleNamespace(
        tls=lambda _: SimpleNamespace(expose_scalar=lambda: b"T" * 32, certificate=bytes(200)), storage_key=lambda: bytes(32)
    )
    directory: Any = SimpleNamespace(certificates=dict)
    return Orders(bank.context, bank.bodies, keys, directory).write(plan, job, job_key=b"J" * 32, attempt=1, journal=tmp_path)


@pytest.mark.parametrize(
    ("limits", "memory_bytes", "traffic_bytes"),
    [(GREEDY, 1 << 30, 1 << 32), (Limits(memory_bytes=1 << 28, traffic_bytes=1 << 20, attempts=2), 1 << 28, 1 << 20)],
)
async def test_a_job_process_is_held_to_the_smaller_of_the_plans_word_and_the_owners(
    offices: Offices, tmp_path: Any, limits: Limits, memory_bytes: int, traffic_bytes: int
) -> None:
    context = offices["bank"].context
    ceilings = Ceilings(memory_bytes=1 << 30, traffic_bytes=1 << 32)
    object.__setattr__(context, "config", replace(context.config, ceilings=ceilings))
    order = await ordered(offices, tmp_path, limits)
    assert (order.memory_bytes, order.traffic_bytes) == (memory_bytes, traffic_bytes)


async def test_what_the_process_sends_is_held_to_its_order_and_not_to_its_plan(
    offices: Offices, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def run_role(*_: Any, options: RunOptions, **__: Any) -> None:
        seen.append(options.traffic_bytes)
        raise JobStopped()

    monkeypatch.setattr("atoll.node.execution.run_role", run_role)
    monkeypatch.setattr(Execution, "_read_inputs", lambda *_: Inputs())
    order = replace(await ordered(offices, tmp_path, GREEDY), traffic_bytes=12_345)
    network = MemoryFabric().network("bank")
    said: list[dict[str, Any]] = []
    assert await Execution(
        order, network=network, tell=said.append, entropy=SeededEntropy(bytes(32)), threads=False
    ).run_to_status()
    assert seen == [12_345], said


def test_left_out_a_job_gets_no_more_than_half_of_the_machine() -> None:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert Ceilings().hold(GREEDY) == (whole // 2, GREEDY.traffic_bytes)
