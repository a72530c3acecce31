"""The application's duties: the door, proposals, blocks. What fails changes nothing; the same blocks give the same roots."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.ledger.block import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, Block, BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import BadBlock, UnknownRules
from atoll.ledger.fault import ConsensusFault, FaultKind, reads_as_fault
from atoll.ledger.records import Key, Nonce
from atoll.ledger.rules.consensus import Handover, HandoverVote, SignedVote
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.rules.membership import EnrolMember, SetEndpoints
from atoll.ledger.transaction import MAX_TRANSACTION_BYTES, Transaction, parse_transaction, seal_transaction
from atoll.ordering.cometbft.admitted import Admitted, read_entry
from atoll.ordering.cometbft.application import in_order_of_nonces
from atoll.ordering.cometbft.decided import MAX_FAULTS, is_sound, proposed_bytes, sift
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.store import app_state
from atoll.ordering.embedded.replica import Replica
from atoll.ordering.embedded.store import Store
from atoll.ordering.offload import inline
from atoll.testing.abci import COMMIT, INFO, Chain, Refused, Socket, check, finalize, init_chain
from atoll.testing.abciserver import serving
from atoll.testing.consortium import FOUNDED, NEVER, FixedClock, Founding, NamedEntropy, Organisation
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.nodekeys import derive_address
from atoll.wire.message import encode_message, parse_message
from tests.unit.ordering.cometbft.desk import chained, dataset, found, signed

Status = abci.ResponseProcessProposal
DOUBLE = abci.MisbehaviorType.DUPLICATE_VOTE


def summary_bytes() -> bytes:
    summary = BlockSummary(height=1, term=1, time=1, first=2, outcomes=b"", state_root=bytes(32))
    return encode_message(summary)


def fault_of(founding: Founding, org: str, *, height: int = 1) -> abci.Misbehavior:
    address = derive_address(founding.orgs[org].public(Purpose.CONSENSUS))
    validator = abci.Validator(address=address, power=1)
    found = abci.Misbehavior(type=DOUBLE, validator=validator, height=height, total_voting_power=4)
    found.time.seconds = FOUNDED
    return found


def fault_bytes(founding: Founding, org: str) -> bytes:
    address = derive_address(founding.orgs[org].public(Purpose.CONSENSUS))
    return encode_message(ConsensusFault(kind=FaultKind.DUPLICATE_VOTE, address=address, height=1, time=FOUNDED))


def flipped(data: bytes) -> bytes:
    """Its signature is another."""
    return data[:-1] + bytes([data[-1] ^ 1])


def by_stranger(founding: Founding) -> bytes:
    return signed(founding, "stranger", dataset(9), 1, by="bank")


BAD: dict[str, tuple[Callable[[Founding], bytes], int]] = {
    "nothing": (lambda founding: b"", 1),
    "no CBOR": (lambda founding: b"\xff" * 40, 1),
    "cut short": (lambda founding: signed(founding, "bank", dataset(9), 9)[:-1], 1),
    "one byte more": (lambda founding: signed(founding, "bank", dataset(9), 9) + b"\0", 1),
    "oversized": (lambda founding: bytes(MAX_TRANSACTION_BYTES + 1), 1),
    "as large as allowed": (lambda founding: bytes(MAX_TRANSACTION_BYTES), 1),
    "a block's summary": (lambda founding: summary_bytes(), 1),
    "a fault of somebody": (lambda founding: fault_bytes(founding, "telecom"), 1),
    "flipped signature": (lambda founding: flipped(signed(founding, "bank", dataset(9), 9)), 3),
    "another signer": (lambda founding: signed(founding, "bank", dataset(9), 9, by="bureau"), 3),
    "another chain": (lambda founding: signed(founding, "bank", dataset(9), 9, chain_id="test.example/other"), 3),
    "another genesis": (lambda founding: signed(founding, "bank", dataset(9), 9, digest=bytes(32)), 3),
    "replayed": (lambda founding: signed(founding, "bank", dataset(1), 1), 4),
    "stale nonce": (lambda founding: signed(founding, "bank", dataset(9), 1), 4),
    "expired": (lambda founding: signed(founding, "bank", dataset(9), 9, expiry=1), 5),
    "a stranger": (lambda founding: by_stranger(founding), 6),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_transaction_is_refused_at_the_door_and_again_in_the_block(
    tmp_path: Path, founding: Founding, name: str
) -> None:
    make, number = BAD[name]
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        bad, before = make(founding), running.application.ledger.tree.root
        refusals = await mempool.pipeline([check(bad), check(bad, again=True)])
        assert refusals[0].check_tx.code == number
        if name != "flipped signature" and number != 3:
            assert refusals[1].check_tx.code == number
        done = await chain.decide([bad])
        assert [one.code for one in done.tx_results] == [number]
        assert running.application.ledger.tree.root == before
        good = await chain.decide([signed(founding, "bank", dataset(2), 2)])
        assert [one.code for one in good.tx_results] == [0]


async def test_results_are_the_same_on_every_node_whatever_the_words(tmp_path: Path, founding: Founding) -> None:
    """What is hashed into the header: code, data and gas. Data and gas say nothing; words stay in the log."""
    async with chained(tmp_path, founding) as (_, chain):
        done = await chain.decide([signed(founding, "bank", dataset(1), 1), b"junk"])
    assert [(one.data, one.gas_wanted, one.gas_used, len(one.events)) for one in done.tx_results] == [(b"", 0, 0, 0)] * 2
    assert done.tx_results[0].log == ""
    assert "junk" not in done.tx_results[1].log
    assert len(done.events) == 0


async def test_a_recheck_looks_at_nonce_and_expiry(tmp_path: Path, founding: Founding) -> None:
    """What was let in stays until its nonce is used or its time is over."""
    kept, used = signed(founding, "bank", dataset(5), 5), signed(founding, "bank", dataset(1), 2)
    late = signed(founding, "bureau", dataset(1, "bureau"), 1, expiry=1)
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert [one.check_tx.code for one in await mempool.pipeline([check(kept), check(used), check(late)])] == [0, 0, 0]
        await chain.decide([signed(founding, "bank", dataset(2), 3)])
        again = await mempool.pipeline([check(one, again=True) for one in (kept, used, late)])
        assert [one.check_tx.code for one in again] == [0, 4, 5]
        assert [one.check_tx.codespace for one in again] == ["", "ledger.stale_nonce", "ledger.expired"]
        assert await prepare(chain, [kept, used, late]) == [kept]


async def test_what_was_let_in_is_turned_away_once_its_key_is_worthless(tmp_path: Path, founding: Founding) -> None:
    """Else a mempool could be filled for good with what nobody can carry out."""
    waits = signed(founding, "bureau", dataset(1, "bureau"), 9)
    revoked = RevokeKey(org="bureau", purpose=Purpose.IDENTITY, second=b"")
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert (await mempool.call(check(waits))).check_tx.code == 0
        assert (await mempool.call(check(waits, again=True))).check_tx.code == 0
        assert await prepare(chain, [waits]) == [waits]
        assert (await chain.decide([signed(founding, "bureau", revoked, 1)])).tx_results[0].code == 0
        assert (await mempool.call(check(waits, again=True))).check_tx.code == 3
        assert await prepare(chain, [waits]) == []


def test_no_more_is_remembered_than_the_limit(founding: Founding) -> None:
    transactions = [signed(founding, "bank", dataset(number), number) for number in range(1, 4)]
    admitted = Admitted(2)
    for one in transactions:
        admitted.add(one, admitted.changes)
    assert [one in admitted for one in transactions] == [False, True, True]


def test_what_was_looked_at_before_a_change_is_not_remembered_after_it(founding: Founding) -> None:
    """A thread looks, meanwhile the event loop takes a block over that changes a key."""
    admitted, one = Admitted(), signed(founding, "bank", dataset(1), 1)
    before = admitted.changes
    admitted.clear()
    admitted.add(one, before)
    assert one not in admitted
    admitted.add(one, admitted.changes)
    assert one in admitted


def uninvited(founding: Founding, sender: str, nonce: int = 1) -> bytes:
    """An enrolment by itself: under a key of its own, with a token that nobody gave out."""
    stranger = Organisation("stranger")
    body = EnrolMember(enrolment=replace(stranger.enrolment(), org=sender), token_secret=bytes(32))
    transaction = Transaction(sender=sender, nonce=nonce, expiry_height=NEVER, type=body.TAG, body=body.to_map())
    sign, kid = stranger.keys[Purpose.IDENTITY].sign, f"{sender}/identity/1"
    return seal_transaction(transaction, kid=kid, sign=sign, chain_id=founding.chain_id, genesis_digest=founding.genesis_digest)


async def test_who_was_not_invited_gets_neither_into_the_mempool_nor_into_a_proposal(
    tmp_path: Path, founding: Founding
) -> None:
    """Whoever is no member loses no nonce by it, so it could fill the log for nothing."""
    enrolment = uninvited(founding, "stranger")
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert (await mempool.call(check(enrolment))).check_tx.codespace == "ledger.unknown"
        assert await prepare(chain, [enrolment]) == []
        assert await process(chain, [enrolment]) == Status.REJECT


def test_a_view_of_before_a_block_is_not_taken_for_one_of_after_it(founding: Founding) -> None:
    """A thread makes the reader while the event loop adopts a block: whatever it leaves behind is looked at again."""
    ledger = Ledger(founding.genesis_file)
    old = ledger.tree, ledger.reader()
    one = signed(founding, "bank", dataset(1), 1)
    ledger.adopt(ledger.execute(Block(height=1, term=1, time=FOUNDED + 1, transactions=(one,))))
    ledger._reader = old  # the thread is the last to write
    used = ledger.reader().get(Nonce, "bank")
    assert used is not None and used.last == 1


# -- beginning -----------------------------------------------------------------------------------------------------------------


async def test_a_new_ledger_begins_with_the_app_hash_of_its_genesis(tmp_path: Path, founding: Founding) -> None:
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        info = (await socket.call(INFO)).info
        assert (info.last_block_height, info.last_block_app_hash) == (0, b"")
        answer = (await socket.call(init_chain(founding.genesis_file))).init_chain
        assert answer.app_hash == app_state(Ledger(founding.genesis_file)).app_hash
        assert len(answer.validators) == 0


def change_chain(asked: abci.RequestInitChain) -> None:
    asked.chain_id = "other"


def change_time(asked: abci.RequestInitChain) -> None:
    asked.time.seconds += 1


def change_height(asked: abci.RequestInitChain) -> None:
    asked.initial_height = 2


def change_size(asked: abci.RequestInitChain) -> None:
    asked.consensus_params.block.max_bytes += 1


def drop_validator(asked: abci.RequestInitChain) -> None:
    del asked.validators[0]


def double_power(asked: abci.RequestInitChain) -> None:
    asked.validators[0].power = 2


def change_key(asked: abci.RequestInitChain) -> None:
    asked.validators[0].pub_key.ed25519 = bytes(32)


def change_key_type(asked: abci.RequestInitChain) -> None:
    asked.validators[0].pub_key.secp256k1 = asked.validators[0].pub_key.ed25519


def change_digest(asked: abci.RequestInitChain) -> None:
    asked.app_state_bytes = json.dumps({"genesis_digest": bytes(32).hex()}).encode()


def no_json(asked: abci.RequestInitChain) -> None:
    asked.app_state_bytes = b"{"


@pytest.mark.parametrize(
    "change",
    [
        change_chain,
        change_time,
        change_height,
        change_size,
        drop_validator,
        double_power,
        change_key,
        change_key_type,
        change_digest,
        no_json,
    ],
)
async def test_another_genesis_file_stops_the_node(
    tmp_path: Path, founding: Founding, change: Callable[[abci.RequestInitChain], None]
) -> None:
    request = init_chain(founding.genesis_file)
    change(request.init_chain)
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        with pytest.raises(Refused, match="genesis"):
            await socket.call(request)


async def test_spaces_in_the_genesis_file_mean_nothing(tmp_path: Path, founding: Founding) -> None:
    request = init_chain(founding.genesis_file)
    request.init_chain.app_state_bytes = json.dumps(json.loads(request.init_chain.app_state_bytes), indent=7).encode() + b"\n"
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        assert (await socket.call(request)).HasField("init_chain")


async def test_a_ledger_does_not_begin_twice(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide()
        with pytest.raises(Refused, match="begins anew"):
            await chain.socket.call(init_chain(founding.genesis_file))


# -- blocks --------------------------------------------------------------------------------------------------------------------


async def test_empty_blocks_leave_the_app_hash_and_the_log_alone(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain):
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        app_hash, size = chain.app_hash, running.application.ledger.log.size
        for _ in range(3):
            await chain.decide()
        tip = running.application.tip
        assert (chain.app_hash, running.application.ledger.log.size) == (app_hash, size)
        assert (tip.consensus_height, tip.height, tip.consensus_time) == (4, 1, chain.time)


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


# -- proposals -----------------------------------------------------------------------------------------------------------------


async def prepare(chain: Chain, transactions: list[bytes], max_bytes: int = MAX_BLOCK_BYTES, faults: int = 0) -> list[bytes]:
    validator = abci.Validator(address=bytes(20), power=1)
    asked = abci.RequestPrepareProposal(
        txs=transactions,
        max_tx_bytes=max_bytes,
        height=1,
        misbehavior=[abci.Misbehavior(type=DOUBLE, validator=validator, height=1)] * faults,
    )
    return list((await chain.socket.call(abci.Request(prepare_proposal=asked))).prepare_proposal.txs)


async def process(chain: Chain, transactions: list[bytes]) -> int:
    asked = abci.RequestProcessProposal(txs=transactions, height=1)
    return (await chain.socket.call(abci.Request(process_proposal=asked))).process_proposal.status


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


async def test_a_proposal_uses_each_nonce_once_and_in_order(tmp_path: Path, founding: Founding) -> None:
    first, second = (signed(founding, "bank", dataset(n), n) for n in (1, 2))
    async with chained(tmp_path, founding) as (_, chain):
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


# -- who votes -----------------------------------------------------------------------------------------------------------------


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
