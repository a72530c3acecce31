"""Blocks that the application carries out: what fails changes nothing; the same blocks give the same roots."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import UnknownRules
from atoll.ledger.rules.consensus import Handover, HandoverVote, SignedVote
from atoll.ordering.cometbft.store import app_state
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.store import Store
from atoll.ordering.offload import inline
from atoll.testing.abci import COMMIT, INFO, Refused, Socket, check, finalize, init_chain
from atoll.testing.abciserver import serving
from atoll.testing.consortium import FOUNDED, FixedClock, Founding
from atoll.trust.keys import Purpose
from tests.unit.ordering.cometbft.bad import BAD, flipped
from tests.unit.ordering.cometbft.desk import Status, chained, dataset, found, prepare, process, signed


async def test_empty_blocks_leave_the_app_hash_and_the_log_alone(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        app_hash, size = chain.app_hash, running.application.ledger.log.size
        for _ in range(3):
            await chain.decide()
        tip = running.application.tip
        assert (chain.app_hash, running.application.ledger.log.size) == (app_hash, size)
        assert (tip.consensus_height, tip.height) == (4, 1)


async def test_carrying_out_persists_nothing_and_may_come_again(tmp_path: Path, founding: Founding) -> None:
    block = finalize(1, FOUNDED + 5, [signed(founding, "bank", dataset(1), 1)])
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        await socket.call(init_chain(founding.genesis_file))
        first = await socket.call(block)
        again = await socket.call(block)
        other = await socket.call(finalize(1, FOUNDED + 5, [signed(founding, "bank", dataset(2), 1)]))
        assert first == again
        assert other != first
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        assert (await socket.call(INFO)).info.last_block_height == 0
        await socket.call(init_chain(founding.genesis_file))
        assert await socket.call(block) == first
        await socket.call(COMMIT)
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        info = (await socket.call(INFO)).info
        assert (info.last_block_height, info.last_block_app_hash) == (1, first.finalize_block.app_hash)


@pytest.mark.parametrize("height", [0, 1, 3])
async def test_a_block_out_of_turn_stops_the_node(tmp_path: Path, founding: Founding, height: int) -> None:
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide()
        with pytest.raises(Refused, match="stands at 1"):
            await chain.socket.call(finalize(height, FOUNDED + 9, []))


async def test_a_commit_without_a_block_stops_the_node(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide()
        with pytest.raises(Refused, match="commits a block"):
            await chain.socket.call(COMMIT)


async def test_time_never_goes_back_and_is_in_whole_seconds(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        last = chain.time
        chain.time -= 100
        await chain.decide([signed(founding, "bank", dataset(2), 2)])
        assert running.application.ledger.time == last


async def test_the_same_blocks_give_the_same_roots_on_both_engines(tmp_path: Path) -> None:
    """Random transactions, good and bad ones, through the application, the embedded engine's replica, and a bare ledger."""
    founding, chance = found(), random.Random(7)
    orgs = sorted(founding.orgs)
    bare = Ledger(founding.genesis_file)
    store = Store(tmp_path / "embedded")
    clock = FixedClock(FOUNDED + 20_000)
    replica = Replica(org="bank", genesis_file=founding.genesis_file, store=store, clock=clock, offload=inline)
    nonces = dict.fromkeys(orgs, 0)
    numbers: set[int] = set()
    async with chained(tmp_path, founding) as (_, chain):
        for _ in range(30):
            transactions = []
            for _ in range(chance.randrange(6)):
                org = chance.choice(orgs)
                nonces[org] += chance.choice((0, 1, 1, 1, 2))
                data = signed(
                    founding, org, dataset(chance.randrange(6), org), nonces[org], by=chance.choice((org, org, "bank"))
                )
                transactions.append(chance.choice((data, data, data, flipped(data), data[:50])))
            done = await chain.decide(transactions)
            if transactions:
                block = Block(height=bare.height + 1, term=1, time=chain.time, transactions=tuple(transactions))
                executed = bare.execute(block)
                bare.adopt(executed)
                await replica.add(block)
                numbers |= {one.number for one in executed.outcomes}
                assert [one.code for one in done.tx_results] == [one.number for one in executed.outcomes]
            assert done.app_hash == app_state(bare).app_hash == app_state(replica.ledger).app_hash
    await replica.close()
    assert numbers >= {0, 1, 3, 4, 9}, "good ones, and refusals of several kinds"


async def test_a_handover_is_refused_and_the_node_goes_on(tmp_path: Path, founding: Founding) -> None:
    """The term stays 1 for ever: a rule, not luck, keeps a block from changing it."""
    vote = HandoverVote(
        genesis_digest=founding.genesis_digest, org="bank", new_term=2, new_sequencer="bank", height=0, size=2, root=bytes(32)
    )
    sign = founding.orgs["bank"].keys[Purpose.IDENTITY].sign
    handover = Handover(new_term=2, votes=(SignedVote(vote=vote, signature=sign(vote.signed_bytes())),))
    async with chained(tmp_path, founding) as (running, chain):
        done = await chain.decide([signed(founding, "bank", handover, 1)])
        assert done.tx_results[0].code == 7
        assert running.application.ledger.consensus.term == 1


async def test_where_the_next_block_needs_rules_of_a_newer_release_the_node_stops_with_all_it_has(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block that put them in force is durable; nothing is carried out by rules that are guessed."""

    def need_rules(ledger: Ledger) -> None:
        if ledger.height == 1:
            raise UnknownRules(height=2, version=9, known=1)

    async with chained(tmp_path, founding) as (_, chain):
        monkeypatch.setattr(Ledger, "need_rules", need_rules)
        with pytest.raises(Refused, match="version 9 of the rules"):
            await chain.decide([signed(founding, "bank", dataset(1), 1)])
    with pytest.raises(UnknownRules):
        async with chained(tmp_path, founding):
            pass
    monkeypatch.undo()
    async with chained(tmp_path, founding) as (running, _):
        assert running.application.tip.height == 1


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_a_member_or_proposer_sends_ends_the_application(
    tmp_path: Path, founding: Founding, seed: int
) -> None:
    """Mutated, cut, joined and invented ones, at the door and in blocks: all answered, a good one still carried out."""
    chance = random.Random(seed)
    seeds = [make(founding) for make, _ in BAD.values()] + [signed(founding, "bank", dataset(n), n) for n in range(1, 5)]

    def invented() -> bytes:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(4):
                case 0:
                    data[at : at + 1] = chance.randbytes(1)
                case 1:
                    del data[at : at + chance.randrange(1, 40)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(1, 40))
                case _:
                    data[at:] = chance.choice(seeds)[at:]
        return bytes(data)

    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        for _ in range(5):
            transactions = [invented() for _ in range(30)]
            checked = await mempool.pipeline([check(one, again=chance.random() < 0.2) for one in transactions])
            assert len(checked) == 30
            await prepare(chain, transactions)
            assert await process(chain, transactions) in (Status.ACCEPT, Status.REJECT)
            done = await chain.decide(transactions)
            assert len(done.tx_results) == 30
        last = signed(founding, "bureau", dataset(1, "bureau"), 1)
        assert [one.code for one in (await chain.decide([last])).tx_results] == [0]
        replayed = Ledger(founding.genesis_file)
        replayed.replay(one.block for one in running.application.store.blocks(1, 10_000))
        assert app_state(replayed).app_hash == chain.app_hash


async def test_cometbft_is_told_what_it_may_forget(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding, retain_blocks=2) as (_, chain):
        retained = []
        for height in range(1, 5):
            await chain.socket.call(finalize(height, chain.time, []))
            retained.append((await chain.socket.call(COMMIT)).commit.retain_height)
    assert retained == [0, 1, 2, 3]
