"""A ledger in memory: what a block does, and that nothing but blocks that follow does anything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from atoll.ledger import chain as module
from atoll.ledger.block import Block, BlockSummary
from atoll.ledger.chain import Ledger
from atoll.ledger.errors import BadBlock, UnknownRules
from atoll.ledger.records import Dataset, MotionKind
from atoll.ledger.rules import RULES
from atoll.ledger.rules.consensus import Handover, HandoverVote, SignedVote
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ledger.rules.errors import BadTransaction, StaleNonce
from atoll.ledger.rules.motion import ApproveMotion, OpenMotion
from atoll.primitives.merkle import leaf_hash, verify_consistency
from atoll.primitives.smt import Tree
from atoll.testing.consortium import FOUNDED, Founding
from atoll.trust.keys import Purpose
from atoll.wire.message import encode_message, parse_message

FOUNDING = Founding(("operator", "auditor", "bank", "bureau"))


def dataset(number: int) -> RegisterDataset:
    return RegisterDataset(dataset=f"bank/table-{number}/1", card_commitment=bytes(32), level=1)


def signed(number: int) -> bytes:
    return FOUNDING.sign("bank", dataset(number), nonce=number)


def next_block(ledger: Ledger, *transactions: bytes, term: int = 1, time: int = 0, height: int = 0) -> Block:
    return Block(height=height or ledger.height + 1, term=term, time=time or ledger.time + 1, transactions=transactions)


def grown(*blocks: Sequence[bytes]) -> Ledger:
    ledger = Ledger(FOUNDING.genesis_file)
    for transactions in blocks:
        ledger.adopt(ledger.execute(next_block(ledger, *transactions)))
    return ledger


def test_a_fresh_ledger_has_the_genesis_and_its_summary_as_its_log() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    assert (ledger.height, ledger.log.size, ledger.time) == (0, 2, FOUNDED)
    assert ledger.genesis_entries[0] == FOUNDING.genesis_file
    summary = parse_message(ledger.genesis_entries[1], BlockSummary)
    assert (summary.height, summary.state_root) == (0, ledger.tree.root)


def test_carrying_out_changes_nothing_until_it_is_adopted() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    before = (ledger.height, ledger.log.root(), ledger.tree.root, ledger.records)
    executed = ledger.execute(next_block(ledger, signed(1)))
    assert (ledger.height, ledger.log.root(), ledger.tree.root, ledger.records) == before
    ledger.adopt(executed)
    assert ledger.view().get(Dataset, "bank/table-1/1") is not None
    assert ledger.tree.root == executed.summary.state_root == Tree.of(ledger.records).root


def test_the_log_gets_the_received_bytes_and_then_the_summary() -> None:
    ledger = grown([signed(1), signed(2)], [signed(3)])
    assert ledger.log.size == 2 + 3 + 2
    for at, data in ((2, signed(1)), (3, signed(2)), (5, signed(3))):
        assert ledger.log.node(0, at) == leaf_hash(data)


def test_a_refused_transaction_is_on_the_log_with_its_number() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    executed = ledger.execute(next_block(ledger, signed(1), signed(1), b"junk"))
    assert list(executed.summary.outcomes) == [0, StaleNonce.number, BadTransaction.number]
    assert [executed.summary.outcome_of(index) for index in (2, 3, 4, 5)] == [0, StaleNonce.number, BadTransaction.number, None]


def test_equal_blocks_give_equal_ledgers_and_the_log_only_grows() -> None:
    blocks = [[signed(1)], [signed(2), signed(3)], [], [b"junk"]]
    one, other = grown(*blocks), grown(*blocks)
    assert (one.log.root(), one.tree.root, one.records) == (other.log.root(), other.tree.root, other.records)
    shorter = grown(*blocks[:2])
    verify_consistency(
        old_size=shorter.log.size,
        old_root=shorter.log.root(),
        new_size=one.log.size,
        new_root=one.log.root(),
        proof=one.log.consistency_proof(shorter.log.size),
    )


@pytest.mark.parametrize("height", [1, 3, 100])
def test_a_block_of_another_height_does_not_follow(height: int) -> None:
    ledger = grown([signed(1)])
    with pytest.raises(BadBlock):
        ledger.execute(next_block(ledger, height=height))


def test_time_never_goes_back_and_may_stand_still() -> None:
    ledger = grown([signed(1)])
    ledger.execute(next_block(ledger, time=ledger.time))
    with pytest.raises(BadBlock):
        ledger.execute(next_block(ledger, time=ledger.time - 1))


def test_what_was_computed_on_another_state_is_not_adopted() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    one, other = ledger.execute(next_block(ledger, signed(1))), ledger.execute(next_block(ledger, signed(2)))
    ledger.adopt(one)
    with pytest.raises(BadBlock):
        ledger.adopt(other)


def test_a_transaction_that_reads_as_a_summary_is_in_no_block() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    forged = encode_message(BlockSummary(height=1, term=1, time=1, first=1, outcomes=b"", state_root=bytes(32)))
    with pytest.raises(BadBlock):
        ledger.execute(next_block(ledger, forged))


# -- terms ---------------------------------------------------------------------------------------------------------------------


def handover(
    term: int = 2, by: str = "bank", voters: Sequence[str] = ("auditor", "bank", "bureau"), nonce: int = 1000
) -> bytes:
    votes = []
    for org in voters:
        vote = HandoverVote(
            genesis_digest=FOUNDING.genesis_digest, org=org, new_term=term, new_sequencer=by, height=0, size=2, root=bytes(32)
        )
        votes.append(SignedVote(vote=vote, signature=FOUNDING.keys[org][Purpose.IDENTITY].sign(vote.signed_bytes())))
    return FOUNDING.sign(by, Handover(new_term=term, votes=tuple(votes)), nonce=nonce)


def test_a_term_begins_with_its_handover() -> None:
    ledger = grown([signed(1)])
    ledger.adopt(ledger.execute(next_block(ledger, handover(), signed(2000), term=2)))
    assert (ledger.consensus.term, ledger.consensus.sequencer) == (2, "bank")
    ledger.execute(next_block(ledger, term=2))
    for term in (1, 3):
        with pytest.raises(BadBlock):
            ledger.execute(next_block(ledger, term=term))


@pytest.mark.parametrize(
    ("transactions", "term"),
    [
        ((), 2),
        ((signed(5),), 2),
        ((signed(5), handover()), 2),  # not the first
        ((handover(),), 1),  # in a block of the old term
        ((handover(),), 3),  # in a block of yet another
        ((handover(voters=("auditor", "bank")),), 2),  # too few votes
        ((handover(), handover(term=3, voters=("auditor", "bureau", "operator"), nonce=1001)), 2),  # two at once
    ],
)
def test_a_block_whose_term_is_not_that_of_its_handover_is_refused(transactions: tuple[bytes, ...], term: int) -> None:
    ledger = grown([signed(1)])
    with pytest.raises(BadBlock):
        ledger.execute(next_block(ledger, *transactions, term=term))


# -- going back ----------------------------------------------------------------------------------------------------------------


def test_a_ledger_goes_back_to_a_recent_height_and_from_there_another_way() -> None:
    ledger = grown([signed(1)], [signed(2)], [signed(3)])
    reference = grown([signed(1)])
    back = ledger.back_to(1, time=reference.time, log_size=reference.log.size)
    assert back is not None
    assert (back.height, back.log.root(), back.tree.root, back.records) == (
        1,
        reference.log.root(),
        reference.tree.root,
        reference.records,
    )
    back.adopt(back.execute(next_block(back, signed(9))))
    assert ledger.height == 3 and ledger.view().get(Dataset, "bank/table-9/1") is None
    assert back.view().get(Dataset, "bank/table-3/1") is None
    assert back.tree_at(3) is None and ledger.tree_at(3) is not None


def test_only_so_many_heights_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HISTORY_HEIGHTS", 2)
    ledger = grown([], [], [])
    assert [ledger.tree_at(height) is not None for height in range(4)] == [False, False, True, True]
    assert ledger.back_to(1, time=ledger.time, log_size=3) is None


def test_a_restored_ledger_goes_on_like_the_one_it_was_taken_from() -> None:
    ledger = grown([signed(1)], [signed(2)])
    restored = Ledger(FOUNDING.genesis_file)
    leaves = [ledger.log.node(0, at) for at in range(2, ledger.log.size)]
    restored.restore(records=ledger.records, height=2, time=ledger.time, leaves=leaves)
    assert (restored.log.root(), restored.tree.root) == (ledger.log.root(), ledger.tree.root)
    block = next_block(ledger, signed(3), signed(3))
    assert restored.execute(block) == ledger.execute(block)


def test_replay_gives_the_same_ledger() -> None:
    ledger = Ledger(FOUNDING.genesis_file)
    blocks = []
    for number in range(1, 4):
        blocks.append(next_block(ledger, signed(number)))
        ledger.adopt(ledger.execute(blocks[-1]))
    again = Ledger(FOUNDING.genesis_file)
    again.replay(blocks)
    assert again.log.root() == ledger.log.root()


def test_a_block_under_rules_that_are_not_known_here_is_not_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    founding = Founding(("operator", "auditor", "bank", "bureau"))
    ledger = Ledger(founding.genesis_file)
    asked = OpenMotion(kind=MotionKind.UPGRADE, org="", rules_version=2, from_height=6, expires_at=FOUNDED + 1000)
    yes = [founding.sign(org, ApproveMotion(number=1)) for org in ("auditor", "bureau")]
    ledger.adopt(ledger.execute(next_block(ledger, founding.sign("bank", asked), *yes)))
    for number in range(1, 5):
        ledger.adopt(ledger.execute(next_block(ledger, founding.sign("bank", dataset(number)))))
    block = next_block(ledger, founding.sign("bank", dataset(5)))
    with pytest.raises(UnknownRules) as refused:
        ledger.execute(block)
    assert (refused.value.operands["height"], refused.value.operands["version"], ledger.height) == (6, 2, 5)
    monkeypatch.setattr(module, "RULES", {**RULES, 2: RULES[1]})
    monkeypatch.setattr("atoll.ledger.apply.RULES", {**RULES, 2: RULES[1]})
    assert ledger.execute(block).outcomes[0].ok
