"""What a node shows, and when: nothing before the header over it and enough votes for that header are here."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from atoll.ledger.light import make_validator_set
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.cometbft import provable as module
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.provable import Provable
from atoll.ordering.cometbft.seals import SealStore
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.errors import SealBroken, StoreCorrupt
from atoll.ordering.offload import inline
from atoll.testing.consortium import FOUNDED, Founding
from atoll.testing.virtual import run_virtually
from atoll.trust.keys import Purpose
from tests.unit.ordering.cometbft.desk import dataset, signed
from tests.unit.ordering.cometbft.headers import Headers, decide

ORGS = ("bank", "bureau", "operator", "telecom")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)


class Node:
    """An application, CometBFT's headers, and what is shown of both."""

    def __init__(self, founding: Founding, folder: Path, headers: Headers | None = None) -> None:
        self.founding = founding
        self.application = Application(genesis_file=founding.genesis_file, store=CometStore(folder / "ledger"), offload=inline)
        self.headers = headers or Headers(founding)
        self.seals = SealStore(folder / "seals", chain_id=founding.chain_id)
        self.provable = Provable(self.application, self.headers, self.seals)
        self.application.on_commit = lambda committed: self.provable.take_note(committed.tip)

    async def close(self) -> None:
        self.provable.take_down()
        self.seals.close()
        await self.headers.close()
        await self.application.close()


def played(node: Node, test: Callable[[Node], Awaitable[None]]) -> None:
    """Run a test while what is committed is being proved; then close the node."""

    async def whole() -> None:
        proving = asyncio.create_task(node.provable.run())
        try:
            await test(node)
        finally:
            proving.cancel()
            await asyncio.wait([proving])
            await node.close()

    run_virtually(whole())


async def soon() -> None:
    """What can happen by itself has happened."""
    await asyncio.sleep(0.02)


def test_a_block_is_shown_once_the_header_over_it_is_here_and_not_before(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        genesis = node.application.tip.app_hash
        node.headers.vote(1, genesis)
        after = await decide(node.application, signed(founding, "bank", dataset(1), nonce=1))
        await soon()
        assert node.application.tip.height == 1
        assert node.provable.view.height == 0
        node.headers.vote(2, after)
        await decide(node.application)
        await soon()
        view = node.provable.view
        assert view.height == 1
        seal = parse_seal(node.provable.seal or b"")
        assert isinstance(seal, HeaderSeal) and seal.is_of_header()
        assert (seal.checkpoint.size, seal.checkpoint.root) == (view.log_size, view.log_root)
        assert seal.state_root == view.tree.root

    played(Node(founding, tmp_path), test)


def test_too_few_votes_show_nothing(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        after = await decide(node.application, signed(founding, "bank", dataset(1), nonce=1))
        node.headers.vote(2, after, orgs=ORGS[:2])
        await decide(node.application)
        await soon()
        assert (node.provable.view.height, node.provable.seal) == (0, None)
        node.headers.vote(3, after)
        await decide(node.application)
        await soon()
        assert node.provable.view.height == 1

    played(Node(founding, tmp_path), test)


def test_votes_that_are_too_few_for_the_newest_header_do_not_hide_the_one_before(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        app_hash = node.application.tip.app_hash
        for height in range(1, 7):
            node.headers.vote(height, app_hash, orgs=ORGS[:2])  # what this node has of it at once
            app_hash = await decide(node.application, signed(founding, "bank", dataset(height), nonce=height))
            await soon()
            assert node.provable.view.height == max(0, height - 2)
            node.headers.vote_again(height)  # what the next block holds of it
        assert node.provable.seal is not None

    played(Node(founding, tmp_path), test)


@pytest.mark.parametrize("time", [-1, -62_135_596_800, 253_402_300_799])
def test_a_vote_of_another_century_counts_and_takes_no_other_along(founding: Founding, tmp_path: Path, time: int) -> None:
    async def test(node: Node) -> None:
        app_hash = await decide(node.application, signed(founding, "bank", dataset(1), nonce=1))
        node.headers.vote(2, app_hash, orgs=ORGS[:3], times=[time])
        await decide(node.application)
        await soon()
        assert node.provable.view.height == 1

    played(Node(founding, tmp_path), test)


def test_a_change_of_voters_that_cannot_be_proved_is_missing_and_stops_nothing(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        fewer = make_validator_set((founding.orgs[org].public(Purpose.CONSENSUS), 1) for org in ORGS[1:])
        app_hash = node.application.tip.app_hash
        for height in range(1, 8):
            change = height == 3
            node.headers.vote(height, app_hash, orgs=ORGS[:2] if change else None, next_voters=fewer if change else None)
            app_hash = await decide(node.application, signed(founding, "bank", dataset(height), nonce=height))
            await soon()
        assert node.provable.view.height == 6
        assert node.seals.is_missing

    played(Node(founding, tmp_path), test)


def test_votes_for_another_ledger_end_the_node(founding: Founding, tmp_path: Path) -> None:
    async def whole() -> None:
        node = Node(founding, tmp_path)
        await decide(node.application, signed(founding, "bank", dataset(1), nonce=1))
        node.headers.vote(2, bytes(32))
        await decide(node.application)
        async with asyncio.timeout(5):
            with pytest.raises(SealBroken):
                await node.provable.run()
        assert node.provable.seal is None
        await node.close()

    run_virtually(whole())


def test_a_view_is_as_old_as_the_qth_newest_vote(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        times = [FOUNDED + 40, FOUNDED + 10, FOUNDED + 30, FOUNDED + 20]
        node.headers.vote(1, node.application.tip.app_hash, orgs=ORGS, times=times)
        await decide(node.application)
        await soon()
        assert node.provable.view.agreed_at == FOUNDED + 20  # three of four have voted since then

    played(Node(founding, tmp_path), test)


def test_a_header_that_is_not_here_yet_is_asked_for_again(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        genesis = node.application.tip.app_hash
        await decide(node.application)
        await asyncio.sleep(0.05)
        assert node.headers.asked.count(1) > 1
        node.headers.vote(1, genesis)
        await asyncio.sleep(0.05)
        assert node.provable.seal is not None

    played(Node(founding, tmp_path), test)


def test_seals_of_headers_that_name_other_voters_are_kept_and_others_are_not(founding: Founding, tmp_path: Path) -> None:
    async def test(node: Node) -> None:
        fewer = make_validator_set((founding.orgs[org].public(Purpose.CONSENSUS), 1) for org in ORGS[1:])
        app_hash = await decide(node.application, signed(founding, "bank", dataset(1), nonce=1))
        for height in range(2, 6):
            node.headers.vote(height, app_hash, next_voters=fewer if height == 3 else None)
            app_hash = await decide(node.application, signed(founding, "bank", dataset(height), nonce=height))
            await soon()
        assert node.provable.view.height == 4
        kept = parse_seal(node.provable.seal_of(1) or b"")
        assert isinstance(kept, HeaderSeal) and kept.light.header.height == 3
        assert len(kept.light.validators.validators) == 4
        assert node.provable.seal_of(2) == node.provable.seal_of(1)
        assert node.provable.seal_of(3) == node.provable.seal

    played(Node(founding, tmp_path), test)


def test_headers_that_went_by_unseen_are_looked_through(founding: Founding, tmp_path: Path) -> None:
    headers = Headers(founding)

    async def unseen() -> None:
        node = Node(founding, tmp_path, headers)
        fewer = make_validator_set((founding.orgs[org].public(Purpose.CONSENSUS), 1) for org in ORGS[1:])
        app_hash = node.application.tip.app_hash
        for height in range(1, 9):
            headers.vote(height, app_hash, next_voters=fewer if height == 4 else None)
            app_hash = await decide(node.application, signed(founding, "bank", dataset(height), nonce=height))
        await node.close()

    async def test(node: Node) -> None:
        assert node.provable.view.height == 8  # what was committed before, though nothing proves it yet
        assert node.provable.seal is None
        headers.vote(9, node.application.tip.app_hash)
        await decide(node.application)
        await soon()
        assert (node.provable.view.height, node.provable.view.agreed_at) == (8, FOUNDED + 10)
        kept = parse_seal(node.provable.seal_of(1) or b"")
        assert isinstance(kept, HeaderSeal) and kept.light.header.height == 4
        assert sorted(set(headers.asked)) == [4, 8, 9]  # of those in between it is known that they change nothing

    run_virtually(unseen())
    played(Node(founding, tmp_path, headers), test)


def test_a_kept_seal_that_was_changed_is_found_when_the_node_starts(founding: Founding, tmp_path: Path) -> None:
    test_seals_of_headers_that_name_other_voters_are_kept_and_others_are_not(founding, tmp_path)
    with sqlite3.connect(tmp_path / "seals") as db:
        height, seal = db.execute("SELECT height, seal FROM seals").fetchone()
        SealStore(tmp_path / "seals", chain_id=founding.chain_id).close()
        for at in range(0, len(seal), 97):
            db.execute("UPDATE seals SET seal = ?", (seal[:at] + bytes([seal[at] ^ 1]) + seal[at + 1 :],))
            db.commit()
            with pytest.raises(StoreCorrupt):
                SealStore(tmp_path / "seals", chain_id=founding.chain_id)
    assert height == 2
