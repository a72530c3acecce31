"""Who votes and who may connect follows the ledger; a double vote costs the vote."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import BadBlock
from atoll.ledger.fault import ConsensusFault, FaultKind, reads_as_fault
from atoll.ledger.records import Key
from atoll.ledger.rules.keys import RotateKey
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ordering.cometbft.decided import MAX_FAULTS, sift
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.store import app_state
from atoll.testing.consortium import FOUNDED, Founding, NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.nodekeys import derive_address
from atoll.wire.message import encode_message, parse_message
from tests.unit.ordering.cometbft.desk import DOUBLE, chained, dataset, found, signed


def fault_of(founding: Founding, org: str, *, height: int = 1) -> abci.Misbehavior:
    address = derive_address(founding.orgs[org].public(Purpose.CONSENSUS))
    validator = abci.Validator(address=address, power=1)
    found = abci.Misbehavior(type=DOUBLE, validator=validator, height=height, total_voting_power=4)
    found.time.seconds = FOUNDED
    return found


async def test_a_rotated_key_is_told_to_cometbft_once(tmp_path: Path, founding: Founding) -> None:
    new = SecretKey.generate(Purpose.CONSENSUS, NamedEntropy("new")).public.data
    newer = SecretKey.generate(Purpose.CONSENSUS, NamedEntropy("newer")).public.data
    old = founding.orgs["bank"].public(Purpose.CONSENSUS)
    rotations = [RotateKey(purpose=Purpose.CONSENSUS, public=one, second=b"") for one in (new, newer)]
    async with chained(tmp_path, founding) as (running, chain):
        seen = []
        running.application.on_commit = lambda committed: seen.append(committed.changes_consensus)
        done = await chain.decide([signed(founding, "bank", body, n) for n, body in enumerate(rotations, 1)])
        assert [one.code for one in done.tx_results] == [0, 0]
        updates = [(one.pub_key.ed25519, one.power) for one in done.validator_updates]
        assert updates == sorted([(old, 0), (newer, 1)])
        done = await chain.decide([signed(founding, "bank", dataset(1), 3)])
        assert len(done.validator_updates) == 0
        assert seen == [True, False]


async def test_a_double_vote_costs_the_vote_and_stands_in_the_log(tmp_path: Path, founding: Founding) -> None:
    telecom = founding.orgs["telecom"].public(Purpose.CONSENSUS)
    async with chained(tmp_path, founding) as (running, chain):
        ledger, blocks = running.application.ledger, []
        running.application.on_commit = lambda committed: blocks.append(committed.agreed)
        faults = [fault_of(founding, "telecom", height=7), fault_of(founding, "telecom", height=8)]
        done = await chain.decide([signed(founding, "bank", dataset(1), 1)], faults)
        assert [one.code for one in done.tx_results] == [0]
        assert [(one.pub_key.ed25519, one.power) for one in done.validator_updates] == [(telecom, 0)]
        assert [one.org for one in ledger.consensus.counted()] == ["bank", "bureau", "operator"]
        entry = running.application.store.block(1).entries[0]  # type: ignore[union-attr]
        assert reads_as_fault(entry) and parse_message(entry, ConsensusFault).height == 7
        assert blocks[0] is not None
        assert [one.sender for one in blocks[0].carried_out()] == ["bank"], "nobody has signed the fault"
        key = ledger.view().get(Key, "telecom/consensus/1")
        assert key is not None and not key.is_valid_at(2)
        done = await chain.decide([], faults)
        assert len(done.validator_updates) == 0 and ledger.height == 2
        replayed = Ledger(founding.genesis_file)
        replayed.replay(one.block for one in running.application.store.blocks(1, 2))
        assert app_state(replayed).app_hash == done.app_hash


async def test_a_block_of_nothing_but_faults_is_a_block(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        before = chain.app_hash
        done = await chain.decide([], [fault_of(founding, "bank")])
        assert done.app_hash != before and running.application.ledger.height == 1
    async with chained(tmp_path, founding) as (running, _):
        assert running.application.tip.app_hash == done.app_hash


async def test_the_last_vote_is_never_taken(tmp_path: Path) -> None:
    founding = found("bank")
    async with chained(tmp_path, founding) as (running, chain):
        done = await chain.decide([], [fault_of(founding, "bank"), fault_of(founding, "operator")])
        assert len(done.validator_updates) == 1
        assert len(running.application.ledger.consensus.counted()) == 1


def test_faults_are_sorted_each_key_once_and_bounded() -> None:
    faults = [
        ConsensusFault(kind=FaultKind.DUPLICATE_VOTE, address=number.to_bytes(20), height=1, time=1)
        for number in (*range(MAX_FAULTS, 0, -1), 5, 500)
    ]
    sifted = sift([b"x"], faults)
    read = [parse_message(one, ConsensusFault).address for one in sifted.entries[:-1]]
    assert read == [number.to_bytes(20) for number in range(1, MAX_FAULTS + 1)]
    assert (sifted.faults, sifted.entries[-1], sifted.refusals) == (MAX_FAULTS, b"x", (None,))


def test_on_an_embedded_ledger_there_are_no_faults() -> None:
    embedded = Founding(("operator", "bank"))
    ledger = Ledger(embedded.genesis_file)
    data = encode_message(ConsensusFault(kind=FaultKind.DUPLICATE_VOTE, address=bytes(20), height=1, time=1))
    block = Block(height=1, term=1, time=FOUNDED, transactions=(data,))
    with pytest.raises(BadBlock, match="nobody votes"):
        ledger.execute(block)


async def test_who_may_connect_follows_the_members_records(tmp_path: Path, founding: Founding) -> None:
    bank = founding.orgs["bank"].node_id

    async def filtered(path: str) -> int:
        query = abci.Request(query=abci.RequestQuery(path=f"/p2p/filter/{path}"))
        return (await chain.socket.call(query)).query.code

    async with chained(tmp_path, founding) as (_, chain):
        assert await filtered(f"id/{bank}") == 0
        assert await filtered("addr/203.0.113.5:26656") == 0
        assert await filtered(f"id/{'a' * 40}") != 0
        assert await filtered("id/") != 0
        moved = SetEndpoints(peer="", https="", consensus_peer=f"{'b' * 40}@127.0.0.1:1")
        assert (await chain.decide([signed(founding, "bank", moved, 1)])).tx_results[0].code == 0
        assert await filtered(f"id/{bank}") != 0
        assert await filtered(f"id/{'b' * 40}") == 0
