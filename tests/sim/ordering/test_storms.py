"""Seeded storms: losses, delays, cuts, kills in mid-write and hand-overs, all at once; then calm, and the books are compared.

What must hold whatever happens: an acknowledged transaction is in every ledger once, at the place that was told; no two members
ever agree on different blocks of one height; and when the storm is over, everybody gets on.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAdmitted
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, memory_folder
from atoll.testing.members import MemberNetwork
from atoll.testing.virtual import run_virtually

ORGS = ("operator", "auditor", "bank", "bureau", "telecom")
STORM_SECONDS = 40


class Storm:
    """One seed's weather, clients and bookkeeping."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.network = MemberNetwork(seed=seed, loss=0.05, delay_seconds=(0.0, 0.08))
        self.engines = Engines(Founding(ORGS), folder, network=self.network)
        self.acknowledged: dict[bytes, Acknowledged] = {}
        self.agreed: dict[int, bytes] = {}
        self.over = False

    async def run(self) -> None:
        try:
            await self.engines.start()
            clients = [asyncio.create_task(self.client(org)) for org in ("bank", "bureau", "telecom")]
            await asyncio.wait_for(self.weather(), 10 * STORM_SECONDS)
            self.over = True
            await self.calm()
            await asyncio.gather(*clients)
            await self.compare()
        finally:
            await self.engines.close()

    async def client(self, org: str) -> None:
        """Submits through whoever is up, and tries again with the same bytes until it is told."""
        number = 0
        while not self.over:
            number += 1
            body = RegisterDataset(dataset=f"{org}/table-{number}/1", card_commitment=bytes(32), level=1)
            data = self.engines.founding.sign(org, body)
            while data not in self.acknowledged:
                through = self.dice.choice(sorted(self.engines.running) or [org])
                try:
                    answer = await self.engines[through].submit(data, timeout_seconds=4)
                except NotAdmitted:
                    break  # a hand-over took the nonce; the next transaction has another one
                except (AtollError, KeyError):
                    await asyncio.sleep(0.5)
                else:
                    self.acknowledged[data] = answer
            await asyncio.sleep(self.dice.uniform(0, 2))

    async def weather(self) -> None:
        """One misfortune after the other; at most one member is down, and one cut off, at a time."""
        until = asyncio.get_running_loop().time() + STORM_SECONDS
        while asyncio.get_running_loop().time() < until:
            await self.dice.choice([self.kill, self.cut, self.hand_over])()
            await asyncio.sleep(self.dice.uniform(0.2, 3))
            self.look()

    async def kill(self) -> None:
        org = self.dice.choice(ORGS)
        self.engines.kill_at_write(org, self.dice.randrange(3), after_commit=self.dice.random() < 0.5)
        await asyncio.sleep(self.dice.uniform(0.5, 5))
        if org in self.engines.running:
            self.engines.kill(org)
        await asyncio.sleep(self.dice.uniform(0, 3))
        await self.engines.start(org)

    async def cut(self) -> None:
        one, other = self.dice.sample(ORGS, 2)
        if self.dice.random() < 0.4:
            self.network.isolate(one, list(ORGS))
        else:
            self.network.cut(one, other, both_ways=self.dice.random() < 0.5)
        await asyncio.sleep(self.dice.uniform(1, 12))
        self.network.heal()

    async def hand_over(self) -> None:
        candidate = self.dice.choice(ORGS)
        for org in self.dice.sample(ORGS, self.dice.randint(2, 5)):
            try:
                await self.engines[org].vote(candidate)
            except AtollError:
                continue
        await asyncio.sleep(self.dice.uniform(0, 4))

    async def calm(self) -> None:
        """The network is mended and the operators agree on one sequencer by telephone, should there be none in office."""
        self.network.heal()
        self.network.loss = 0.0
        await self.engines.start()
        await asyncio.sleep(20)
        for candidate in ("auditor", "bank"):
            if not self.in_office():
                for org in ORGS:
                    try:
                        await self.engines[org].vote(candidate)
                    except AtollError:
                        continue
                await asyncio.sleep(15)
        await self.engines.until(self.in_office)

    def in_office(self) -> bool:
        """Whether everybody follows one sequencer and has no promise to another."""
        terms = {self.engines[org].replica.tip.after.term for org in ORGS}
        promised = [vote.new_term for org in ORGS if (vote := self.engines[org].replica.vows.promise) is not None]
        return len(terms) == 1 and max(promised, default=0) <= max(terms)

    def look(self) -> None:
        """Two members never agree on different roots for one height."""
        for engine in self.engines.running.values():
            view = engine.view()
            assert self.agreed.setdefault(view.height, view.log_root) == view.log_root

    async def compare(self) -> None:
        await self.engines.settle()
        self.look()
        for org in ORGS:
            engine = self.engines[org]
            places = [
                (data, (stored.block.height, stored.summary.first + at))
                for stored in engine.store.blocks(1, engine.view().height)
                for at, data in enumerate(stored.block.transactions)
            ]
            where = dict(places)
            assert len(where) == len(places), "a transaction stands twice in the log"
            for data, answer in self.acknowledged.items():
                assert where[data] == (answer.height, answer.index)
        assert self.acknowledged


@pytest.mark.parametrize("seed", range(8))
def test_a_storm_loses_doubles_and_moves_nothing(seed: int, tmp_path: Path) -> None:
    with memory_folder(tmp_path) as folder:

        async def play() -> None:
            await Storm(seed, folder).run()

        run_virtually(play())
