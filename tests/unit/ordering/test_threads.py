"""The engines as a node runs them: the system's clock, a real event loop, blocks carried out and written in threads."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering.embedded.engine import EmbeddedEngine, Signers
from atoll.ports import SystemClock
from atoll.testing.consortium import Founding
from atoll.testing.members import MemberNetwork
from atoll.trust.keys import Purpose


async def test_many_clients_at_once_under_threads(tmp_path: Path) -> None:
    founding = Founding(("operator", "bank", "bureau"), time=int(time.time()) - 10)
    network = MemberNetwork()
    engines = {}
    for org in founding.orgs:
        keys = founding.keys[org]
        engines[org] = EmbeddedEngine(
            org=org,
            genesis_file=founding.genesis_file,
            store_path=tmp_path / org,
            signers=Signers(identity=keys[Purpose.IDENTITY].sign, cosign=keys[Purpose.COSIGN].sign, log=keys[Purpose.LOG].sign),
            clock=SystemClock(),
            members=network.port(org),
        )
        network.serve(org, engines[org].methods())
        await engines[org].start()
    orgs = list(engines)
    data = [
        founding.sign(owner, RegisterDataset(dataset=f"{owner}/table-{number}/1", card_commitment=bytes(32), level=1))
        for number in range(100)
        for owner in ("bank", "bureau")
    ]
    # Each sender goes through one member, so that its nonces come in order.
    answers = await asyncio.gather(*(engines[orgs[at % 2]].submit(one, timeout_seconds=60) for at, one in enumerate(data)))
    assert all(answer.outcome.ok for answer in answers)
    assert len({answer.index for answer in answers}) == len(data)
    size = engines["operator"].replica.ledger.log.size
    async with asyncio.timeout(60):  # two of three are a quorum, so one may be behind
        while {engine.replica.ledger.log.size for engine in engines.values()} != {size}:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    for engine in engines.values():
        await engine.stop()
