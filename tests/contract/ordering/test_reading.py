"""What `follow`, `view`, `prove` and `snapshot` promise: agreed blocks only, in one order, provable to outsiders."""

from __future__ import annotations

import asyncio

import pytest

from atoll.ledger.agreement import verify_agreement
from atoll.ledger.block import BlockSummary
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.genesis import consensus_of
from atoll.ledger.light import make_validator_set
from atoll.ledger.light.verify import verify_light_block
from atoll.ledger.records import Dataset, Member, record_key
from atoll.ledger.seal import NoteSeal, parse_seal
from atoll.ordering.engine import AgreedBlock
from atoll.ordering.errors import NotAgreedYet
from atoll.primitives.ics23 import SMT_SPEC, verify_membership, verify_non_membership
from atoll.primitives.merkle import leaf_hash, verify_inclusion
from atoll.primitives.smt import Tree
from atoll.testing.consortium import Founding
from atoll.wire.message import parse_message
from tests.contract.ordering.conftest import Consortium, Play, dataset


def test_every_member_follows_the_same_blocks_in_the_same_order(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
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
    async def scenario(engines: Consortium) -> None:
        for at in range(3):
            await engines["operator"].submit(engines.founding.sign("bank", dataset(at)))
        task = asyncio.create_task(_collect(engines, "operator", 100, from_height=2))
        await asyncio.sleep(1)
        await engines.stop("operator")
        assert [block.block.height for block in await task] == [2, 3]

    play(scenario)


def test_a_view_is_a_value(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
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


def test_a_record_and_its_absence_are_provable_from_one_seal(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        await engines.settle()
        there, missing = record_key(Dataset, "bank/table-1/1"), record_key(Dataset, "bank/table-2/1")
        for key in (there, missing):
            proof = engines["telecom"].prove(key)
            checkpoint = verified(engines.founding, proof.seal)
            verify_inclusion(
                leaf=leaf_hash(proof.summary),
                index=checkpoint.size - 1,
                size=checkpoint.size,
                proof=proof.log_proof,
                root=checkpoint.root,
            )
            summary = parse_message(proof.summary, BlockSummary)
            if key == there:
                assert proof.value is not None
                verify_membership(SMT_SPEC, summary.state_root, proof.state_proof, key, proof.value)
            else:
                assert proof.value is None
                verify_non_membership(SMT_SPEC, summary.state_root, proof.state_proof, key)

    play(scenario)


def verified(founding: Founding, data: bytes) -> Checkpoint:
    """The checkpoint of a seal, verified by nothing but the genesis."""
    seal, consensus = parse_seal(data), consensus_of(founding.genesis)
    if isinstance(seal, NoteSeal):
        return verify_agreement(seal.note, chain_id=founding.chain_id, consensus=consensus).checkpoint
    assert seal.light.validators == make_validator_set((one.consensus, 1) for one in consensus.counted())
    verify_light_block(seal.light, chain_id=founding.chain_id)
    assert seal.is_of_header()
    return seal.checkpoint


def test_a_snapshot_holds_the_whole_agreed_state(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        await engines["operator"].submit(engines.founding.sign("bank", dataset(1)))
        snapshot = engines["operator"].snapshot()
        summary = parse_message(snapshot.summary, BlockSummary)
        assert Tree.of(snapshot.records).root == summary.state_root == engines["operator"].view().tree.root
        assert snapshot.height == summary.height == 1

    play(scenario)


def test_before_any_quorum_there_is_nothing_to_prove(play: Play) -> None:
    async def scenario(engines: Consortium) -> None:
        await engines.start("operator")
        await asyncio.sleep(engines.patience_seconds / 4)
        assert engines["operator"].freshness() == 0
        with pytest.raises(NotAgreedYet):
            engines["operator"].prove(b"chain\x000")
        with pytest.raises(NotAgreedYet):
            engines["operator"].snapshot()

    play(scenario, start=False)


async def _collect(engines: Consortium, org: str, transactions: int, from_height: int = 1) -> list[AgreedBlock]:
    """Blocks until so many transactions have been seen, or the engine stops."""
    blocks: list[AgreedBlock] = []
    async for block in engines[org].follow(from_height):
        blocks.append(block)
        if sum(len(one.outcomes) for one in blocks) >= transactions:
            break
    return blocks
