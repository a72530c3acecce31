"""What is proposed is what a block may hold; what is not is rejected, and what is decided all the same is survived."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.ledger.block import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, Block
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.transaction import parse_transaction
from atoll.ordering.cometbft.admitted import read_entry
from atoll.ordering.cometbft.decided import is_sound, proposed_bytes, sift
from atoll.ordering.cometbft.proposals import in_order_of_nonces
from atoll.testing.abci import Socket, check
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.bad import BAD
from tests.unit.ordering.cometbft.desk import Status, chained, dataset, prepare, process, signed


async def test_a_proposal_keeps_each_senders_nonces_in_order(tmp_path: Path, founding: Founding) -> None:
    transactions = [signed(founding, org, dataset(nonce, org), nonce) for nonce in (3, 1, 2) for org in ("bank", "bureau")]
    async with chained(tmp_path, founding) as (_, chain):
        chosen = await prepare(chain, transactions)
        read = [parse_transaction(one)[1] for one in chosen]
        assert [(one.sender, one.nonce) for one in read] == [(org, n) for n in (1, 2, 3) for org in ("bank", "bureau")]
        assert {one.code for one in (await chain.decide(chosen)).tx_results} == {0}


async def test_a_proposal_leaves_out_what_would_be_turned_away(tmp_path: Path, founding: Founding) -> None:
    good = signed(founding, "bank", dataset(2), 2)
    twice = signed(founding, "bank", dataset(3), 2)
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        bad = [make(founding) for make, _ in BAD.values()]
        assert await prepare(chain, [*bad, good, twice]) == [good]


async def test_a_proposal_fits_its_room(tmp_path: Path, founding: Founding) -> None:
    transactions = [signed(founding, "bank", dataset(n), n) for n in range(1, 6)]
    async with chained(tmp_path, founding) as (_, chain):
        room = sum(proposed_bytes(one) for one in transactions[:3])
        assert await prepare(chain, transactions, room) == transactions[:3]
        assert await prepare(chain, transactions, room - 1) == transactions[:2]


async def test_a_proposal_holds_no_more_than_a_block_of_the_ledger_can(tmp_path: Path, founding: Founding) -> None:
    transactions = [signed(founding, "bank", dataset(n), n) for n in range(1, MAX_BLOCK_TRANSACTIONS + 6)]
    async with chained(tmp_path, founding) as (_, chain):
        assert len(await prepare(chain, transactions)) == MAX_BLOCK_TRANSACTIONS
        assert len(await prepare(chain, transactions, faults=3)) == MAX_BLOCK_TRANSACTIONS - 3
        assert await process(chain, transactions[:MAX_BLOCK_TRANSACTIONS]) == Status.ACCEPT
        assert await process(chain, transactions[: MAX_BLOCK_TRANSACTIONS + 1]) == Status.REJECT


@pytest.mark.parametrize("name", BAD)
async def test_a_proposal_with_one_transaction_that_would_not_be_let_in_is_rejected(
    tmp_path: Path, founding: Founding, name: str
) -> None:
    """Else a proposer could fill everybody's disk for good, in nobody's name."""
    make, _ = BAD[name]
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        good = signed(founding, "bank", dataset(2), 2)
        for _ in range(2):
            assert await process(chain, [good, make(founding)]) == Status.REJECT
            assert await process(chain, [good]) == Status.ACCEPT


@pytest.mark.parametrize("let_in", [False, True], ids=["never seen before", "let in before"])
async def test_a_proposal_uses_each_nonce_once_and_in_order(tmp_path: Path, founding: Founding, let_in: bool) -> None:
    first, second = (signed(founding, "bank", dataset(n), n) for n in (1, 2))
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        for one in (first, second) if let_in else ():
            assert (await mempool.call(check(one))).check_tx.code == 0
        assert await prepare(chain, [second, first, first]) == [first, second]
        assert await process(chain, [first, first]) == Status.REJECT
        assert await process(chain, [second, first]) == Status.REJECT
        assert await process(chain, [first, second]) == Status.ACCEPT


async def test_should_too_large_a_block_be_decided_all_the_same_the_rest_of_it_is_carried_out(
    tmp_path: Path, founding: Founding
) -> None:
    body = SetEndpoints(peer="", https="", consensus_peer=f"{founding.orgs['bank'].node_id}@")
    transactions = [signed(founding, "bank", body, n) for n in range(1, MAX_BLOCK_TRANSACTIONS + 3)]
    async with chained(tmp_path, founding) as (running, chain):
        done = await chain.decide([b"x" * 70_000, *transactions])
        codes = [one.code for one in done.tx_results]
        assert codes == [1, *[0] * MAX_BLOCK_TRANSACTIONS, 1, 1]
        assert (await chain.decide(transactions[-2:])).tx_results[0].code == 0
        assert running.application.ledger.height == 2


def test_a_decided_block_becomes_a_block_that_can_be_stored() -> None:
    """However large CometBFT's block is."""
    transactions = [bytes([1]) * 60_000] * 80
    sifted = sift(transactions)
    block = Block(height=2**50, term=2**30, time=2**39, transactions=sifted.entries)
    assert MAX_BLOCK_BYTES - 60_100 < len(block.encode()) <= MAX_BLOCK_BYTES
    assert not is_sound(transactions)


def test_transactions_of_others_stay_where_they_are(founding: Founding) -> None:
    transactions = [signed(founding, "bank", dataset(1), 5), signed(founding, "bureau", dataset(1, "bureau"), 1)]
    first, between, second = [(one, read_entry(one)) for one in (*transactions, signed(founding, "bank", dataset(2), 4))]
    assert in_order_of_nonces([first, between, second]) == [second, between, first]
