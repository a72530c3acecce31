"""Two decided blocks of one height are a fork, and it has names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.light import find_fork
from atoll.ledger.light.errors import VotePowerError
from tests.unit.light.world import CHAIN, Chain, public

CHAINED = Chain()
ONE = CHAINED.light(11, voters=[1, 2, 3])
OTHER = CHAINED.light(11, voters=[2, 3, 4], app_hash=bytes(32))


def test_a_fork_names_everybody_who_voted_for_both() -> None:
    fork = find_fork(ONE, OTHER, chain_id=CHAIN)
    assert fork is not None
    assert (fork.height, fork.in_one_round) == (11, True)
    assert set(fork.both) == {public(2), public(3)}
    assert fork.hashes == (ONE.header.hash(), OTHER.header.hash())


def test_a_vote_in_a_later_round_is_a_vote_for_both_too() -> None:
    later = CHAINED.sign(replace(OTHER, commit=replace(OTHER.commit, round=1)))
    fork = find_fork(ONE, later, chain_id=CHAIN)
    assert fork is not None and not fork.in_one_round
    assert set(fork.both) == {public(2), public(3)}


def test_a_vote_for_no_block_is_no_vote_for_both() -> None:
    fork = find_fork(ONE, CHAINED.light(11, voters=[1, 2, 4], nil=[3], app_hash=bytes(32)), chain_id=CHAIN)
    assert fork is not None and set(fork.both) == {public(1), public(2)}


def test_other_votes_for_one_block_and_blocks_of_other_heights_are_no_fork() -> None:
    assert find_fork(ONE, CHAINED.light(11, voters=[2, 3, 4]), chain_id=CHAIN) is None
    assert find_fork(ONE, CHAINED.light(12), chain_id=CHAIN) is None


def test_a_block_that_was_not_decided_makes_no_fork() -> None:
    with pytest.raises(VotePowerError):
        find_fork(ONE, CHAINED.light(11, voters=[3, 4], app_hash=bytes(32)), chain_id=CHAIN)
