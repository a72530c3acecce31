"""What `follow`, `view`, `prove` and `snapshot` promise: agreed blocks only, in one order, provable to outsiders."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.agreement import verify_agreement
from atoll.ledger.block import BlockSummary
from atoll.ledger.note import parse_note
from atoll.ledger.records import ConsensusSet, Dataset, Member, record_key
from atoll.ordering.engine import AgreedBlock
from atoll.ordering.errors import NotAgreedYet
from atoll.primitives.ics23 import SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.merkle import leaf_hash, verify_inclusion
from atoll.primitives.smt import Tree
from atoll.testing.engines import Engines
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Play, dataset


def test_every_member_follows_the_same_blocks_in_the_same_order(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        followers = {org: asyncio.create_task(_collect(engines, org, 20)) for org in engines.orgs}
        for at in range(0, 20, 2):
            senders = engines.orgs[at % 5], engines.orgs[(at + 1) % 5]
            bodies = (engines.founding.sign("bank", dataset(at)), engines.founding.sign("bureau", dataset(at, "bureau")))
            await asyncio.gather(*(engines[org].submit(data) for org, data in zip(senders, bodies, strict=True)))
        logs = {org: await task for org, task in followers.items()}
        assert all(one == logs["operator"] for one in logs.values())
        assert [outcome.ok for block in logs["bank"] for outcome in block.outcomes] == [True] * 20

    play(scenario)


def test_following_begins_where_it_is_asked_to_and_ends_with_the_engine(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        for at in range(3):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(at)))
        task = asyncio.create_task(_collect(engines, "operator", 100, from_height=2))
        await asyncio.sleep(1)
        await engines.stop("operator")
        assert [block.block.height for block in await task] == [2, 3]

    play(scenario)


def test_a_view_is_a_value(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        before = engines["operator"].view()
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        after = engines["operator"].view()
        assert before.get(Dataset, "bank/table-1/1") is None
        assert after.get(Dataset, "bank/table-1/1") is not None
        assert (before.height, after.height) == (0, 1)
        assert [one.org for one in after.all(Member)] == sorted(engines.orgs)
        assert after.consensus.sequencer == "operator"
        assert after.chain.genesis_digest == engines.founding.genesis_digest

    play(scenario)


def test_a_record_and_its_absence_are_provable_from_one_signed_note(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await engines.settle()
        there, missing = record_key(Dataset, "bank/table-1/1"), record_key(Dataset, "bank/table-2/1")
        for key in (there, missing):
            proof = engines["telecom"].prove(key)
            genesis_set = engines.founding.genesis.sequencer
            consensus = engines["bank"].view().get(ConsensusSet, "0")
            assert consensus is not None and consensus.sequencer == genesis_set
            agreement = verify_agreement(parse_note(proof.seal), chain_id=engines.founding.chain_id, consensus=consensus)
            size, root = agreement.checkpoint.size, agreement.checkpoint.root
            verify_inclusion(leaf=leaf_hash(proof.summary), index=size - 1, size=size, proof=proof.log_proof, root=root)
            summary = parse_message(proof.summary, BlockSummary)
            if key == there:
                assert proof.value is not None
                verify_membership(SMT_SPEC, summary.state_root, proof.state_proof, key, proof.value)
            else:
                assert proof.value is None
                verify_non_membership(SMT_SPEC, summary.state_root, proof.state_proof, key)

    play(scenario)


def test_a_snapshot_holds_the_whole_agreed_state(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        snapshot = engines["operator"].snapshot()
        summary = parse_message(snapshot.summary, BlockSummary)
        assert Tree.of(snapshot.records).root == summary.state_root == engines["operator"].view().tree.root
        assert snapshot.height == summary.height == 1

    play(scenario)


def test_before_any_quorum_there_is_nothing_to_prove(play: Play) -> None:
    async def scenario(engines: Engines) -> None:
        await engines.start("operator")
        await asyncio.sleep(5)
        assert engines["operator"].freshness() == 0
        with pytest.raises(NotAgreedYet):
            engines["operator"].prove(b"chain\x000")
        with pytest.raises(NotAgreedYet):
            engines["operator"].snapshot()

    play(scenario, start=False)


async def _collect(engines: Engines, org: str, transactions: int, from_height: int = 1) -> list[AgreedBlock]:
    """Blocks until so many transactions have been seen, or the engine stops."""
    blocks: list[AgreedBlock] = []
    async for block in engines[org].follow(from_height):
        blocks.append(block)
        if sum(len(one.outcomes) for one in blocks) >= transactions:
            break
    return blocks
