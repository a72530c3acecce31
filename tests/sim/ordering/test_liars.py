"""Seeded storms with a liar among the members: fewer than 2q - n, so nothing that it does may matter.

It forgets its votes, cosigns whatever it is shown, votes for less than it holds, keeps to old terms, shows old answers, signs a
size twice, and has its disk put back; around it the others are killed, cut off, late, hand over at random. Whatever happens, no
size of the log is ever agreed with two roots; and when the others are left in peace, they get on, the liar still lying.

ATOLL_LIARS is how many seeds are played: a few every day, many in `make long`.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering.embedded.branch import Branch
from atoll.ordering.embedded.engine import EmbeddedEngine
from atoll.ordering.embedded.messages import BLOCKS
from atoll.ordering.embedded.points import Point
from atoll.ordering.engine import Acknowledged
from atoll.ordering.errors import NotAcknowledged, NotAdmitted
from atoll.ordering.members import Handler
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, memory_folder
from atoll.testing.members import MemberNetwork
from atoll.testing.virtual import run_virtually

FIVE = ("operator", "auditor", "bank", "bureau", "telecom")
EIGHT = (*FIVE, "insurer", "clinic", "port")
SEEDS = int(os.environ.get("ATOLL_LIARS", "4"))
STORM_SECONDS = 60
PEACE_SECONDS = 120
"""Within which the honest ones get on, once they are left in peace and agree on one of them by telephone."""


class Watched(Engines):
    """Engines of which one lies; everything that any of them takes for agreed is compared."""

    def __init__(self, founding: Founding, folder: Path, *, network: MemberNetwork, liar: str, dice: random.Random) -> None:
        super().__init__(founding, folder, network=network)
        self.liar, self.dice = liar, dice
        self.roots: dict[int, set[bytes]] = {}
        """Size of the log -> all roots that anybody took for agreed."""
        self.tricks: set[str] = set()
        self.answers: list[bytes] = []

    def make(self, org: str) -> EmbeddedEngine:
        engine = super().make(org)
        told = engine.replica.on_agreed

        def on_agreed(points: list[Point]) -> None:
            for point in points:
                self.roots.setdefault(point.checkpoint.size, set()).add(point.checkpoint.root)
            told(points)

        engine.replica.on_agreed = on_agreed
        if org == self.liar:
            methods = engine.methods()
            self.network.serve(org, methods | {BLOCKS: functools.partial(self.answer, methods[BLOCKS])})
            self.lie(engine)
        return engine

    def lie(self, engine: EmbeddedEngine) -> None:
        """Let the liar do what it may not."""
        vows, replica, tricks = engine.replica.vows, engine.replica, self.tricks
        honest_take = replica.take

        async def take(branch: Branch, **how: Any) -> list[Point]:
            if "stays" in tricks and branch.handovers():
                raise NotAcknowledged(seconds=0)
            return await honest_take(branch, **how)

        replica.take = take  # type: ignore[method-assign]
        self.unless("cosigns anything", vows, "need_cosignable", True)
        self.unless("cosigns anything", replica, "need_bases", None)
        self.unless("votes low", vows, "is_cosigned", False)
        self.unless("signs anything", vows, "need_signable", True)
        self.unless("signs anything", vows, "is_begun", False)

    def unless(self, trick: str, where: object, name: str, answer: object) -> None:
        """Answer so while the trick is played, else honestly."""
        honest = getattr(where, name)
        setattr(where, name, lambda *args: answer if trick in self.tricks else honest(*args))

    async def answer(self, honest: Handler, org: str, payload: bytes) -> bytes:
        """What it answers to those who catch up: now and then what it answered somebody else long ago."""
        self.answers.append(await honest(org, payload))
        return self.dice.choice(self.answers[-20:]) if "answers of old" in self.tricks else self.answers[-1]


TRICKS = ("stays", "cosigns anything", "votes low", "signs anything", "answers of old")


class Storm:
    """One seed's weather, clients and liar."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.orgs = FIVE if seed % 3 else EIGHT
        self.liar = self.dice.choice(self.orgs)
        self.honest = [org for org in self.orgs if org != self.liar]
        self.network = MemberNetwork(seed=seed, loss=0.03, delay_seconds=(0.0, 0.08))
        self.engines = Watched(Founding(self.orgs), folder, network=self.network, liar=self.liar, dice=self.dice)
        self.acknowledged: dict[bytes, Acknowledged] = {}
        self.over = False

    async def run(self) -> None:
        try:
            await self.engines.start()
            clients = [asyncio.create_task(self.client(org)) for org in self.honest[-3:]]
            await asyncio.wait_for(self.weather(), 10 * STORM_SECONDS)
            await self.peace()
            self.over = True
            self.look()
            await asyncio.gather(*clients)
            await self.compare()
        finally:
            await self.engines.close()

    async def client(self, org: str) -> None:
        """Submits through whichever honest member is up, and tries again with the same bytes until it is told."""
        number = 0
        while not self.over:
            number += 1
            body = RegisterDataset(dataset=f"{org}/table-{number}/1", card_commitment=bytes(32), level=1)
            data = self.engines.founding.sign(org, body)
            while data not in self.acknowledged and not self.over:
                through = self.dice.choice(self.honest)
                try:
                    answer = await self.engines[through].submit(data, timeout_seconds=4)
                except NotAdmitted:
                    break  # a hand-over took the nonce; the next transaction has another one
                except (AtollError, KeyError):
                    await asyncio.sleep(0.5)
                else:
                    self.acknowledged[data] = answer
            await asyncio.sleep(self.dice.uniform(0, 2))

    def look(self) -> None:
        """No size of the log is agreed with two roots, by anybody, at any time."""
        twice = sorted(size for size, roots in self.engines.roots.items() if len(roots) > 1)
        assert not twice, f"agreed with two roots: sizes {twice}; liar {self.liar}"

    # -- misfortunes -----------------------------------------------------------------------------------------------------------

    async def weather(self) -> None:
        until = asyncio.get_running_loop().time() + STORM_SECONDS
        blows: list[Callable[[], Awaitable[None]]] = [self.kill, self.cut, self.late, self.hand_over, self.hand_over]
        while asyncio.get_running_loop().time() < until:
            self.engines.tricks = {trick for trick in TRICKS if self.dice.random() < 0.4}
            await self.dice.choice([*blows, self.forget, self.put_back])()
            await asyncio.sleep(self.dice.uniform(0.1, 2))
            self.look()

    async def kill(self) -> None:
        org = self.dice.choice(self.orgs)
        self.engines.kill_at_write(org, self.dice.randrange(3), after_commit=self.dice.random() < 0.5)
        await asyncio.sleep(self.dice.uniform(0.5, 4))
        if org in self.engines.running:
            self.engines.kill(org)
        await asyncio.sleep(self.dice.uniform(0, 3))
        await self.engines.start(org)

    async def cut(self) -> None:
        """Two halves, or one member from all; sometimes for so long that the next misfortune comes meanwhile."""
        if self.dice.random() < 0.5:
            self.network.isolate(self.dice.choice(self.orgs), list(self.orgs))
        else:
            half = self.dice.sample(self.orgs, len(self.orgs) // 2)
            for org in half:
                for other in self.orgs:
                    if other not in half:
                        self.network.cut(org, other, both_ways=self.dice.random() < 0.8)
        await asyncio.sleep(self.dice.uniform(0.5, 8))
        if self.dice.random() < 0.7:
            self.network.heal()

    async def late(self) -> None:
        self.network.delay_seconds = (0.0, self.dice.choice([0.05, 0.5, 3.0]))
        await asyncio.sleep(self.dice.uniform(0.5, 3))

    async def hand_over(self) -> None:
        candidate = self.dice.choice(self.orgs)
        for org in self.dice.sample(self.orgs, self.dice.randint(2, len(self.orgs))):
            await self.vote(org, candidate)
        await asyncio.sleep(self.dice.uniform(0, 4))

    async def vote(self, org: str, candidate: str) -> None:
        try:
            await self.engines[org].vote(candidate)
        except (AtollError, KeyError):
            return

    async def forget(self) -> None:
        """The liar forgets its vote, and votes again."""
        if self.liar in self.engines.running:
            self.engines[self.liar].replica.vows.vote = None
            await self.vote(self.liar, self.dice.choice(self.orgs))

    async def put_back(self) -> None:
        """The liar's disk of some time ago is put back, and it orders at once if it may."""
        if self.liar in self.engines.running:
            self.engines.kill(self.liar)
        disk = self.engines.store_path(self.liar)
        kept = disk.with_name("kept")
        if kept.exists() and self.dice.random() < 0.6:
            for path in disk.parent.glob(f"{disk.name}*"):
                path.unlink()
            for path in kept.iterdir():
                shutil.copy(path, disk.parent)
        else:
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            for path in disk.parent.glob(f"{disk.name}*"):
                shutil.copy(path, kept)
        await self.engines.start(self.liar)
        self.engines[self.liar]._sequencer.ready = self.dice.random() < 0.5

    # -- peace -----------------------------------------------------------------------------------------------------------------

    async def peace(self) -> None:
        """Cuts, losses and delays end; the liar does not. The honest ones agree by telephone on one of them."""
        self.network.heal()
        self.network.loss, self.network.delay_seconds = 0.0, (0.0, 0.05)
        await self.engines.start()
        began, before = asyncio.get_running_loop().time(), max(self.height(org) for org in self.honest)
        await asyncio.sleep(20)
        while not self.get_on(before):
            assert asyncio.get_running_loop().time() - began < PEACE_SECONDS, self.where()
            candidate = self.dice.choice(self.honest)
            for org in self.honest:
                await self.vote(org, candidate)
            await asyncio.sleep(20)

    def get_on(self, before: int) -> bool:
        """Whether all honest members know more to be agreed than any did before."""
        return all(self.height(org) > before for org in self.honest)

    def height(self, org: str) -> int:
        return self.engines[org].view().height

    def where(self) -> str:
        """Where everybody stands, for the one who has to find out why."""
        replicas = {org: self.engines[org].replica for org in self.orgs}
        return f"liar {self.liar}: " + "; ".join(
            f"{org} term {one.tip.after.term} of {one.tip.after.sequencer} height {one.tip.height} agreed {one.agreed_height}"
            f" promise {(one.vows.promise.new_term, one.vows.promise.new_sequencer) if one.vows.promise else None}"
            for org, one in replicas.items()
        )

    async def compare(self) -> None:
        """What was acknowledged is in every honest log once, where it was acknowledged."""
        await self.engines.settle(*self.honest)
        for org in self.honest:
            engine = self.engines[org]
            places = [
                (data, (stored.block.height, stored.summary.first + at))
                for stored in engine.store.blocks(1, engine.view().height)
                for at, data in enumerate(stored.block.transactions)
            ]
            assert len(dict(places)) == len(places), "a transaction stands twice in the log"
            for data, answer in self.acknowledged.items():
                assert dict(places)[data] == (answer.height, answer.index)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_liar_among_members_that_crash_hand_over_and_are_cut_off_changes_nothing(seed: int, tmp_path: Path) -> None:
    with memory_folder(tmp_path) as folder:

        async def play() -> None:
            await Storm(seed, folder).run()

        run_virtually(play())
