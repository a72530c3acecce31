"""Records below a header: there, with this value, or not there; and no proof says more than it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.app_hash import AppState
from atoll.ledger.light import verify_absence, verify_presence
from atoll.primitives.errors import CommitmentProofError
from atoll.primitives.smt import Tree
from tests.unit.light.world import HASH, Chain

RECORDS = {f"dataset\0lab/{number}".encode(): b"value %d" % number for number in range(50)}
TREE = Tree.of(RECORDS)
STATE = AppState(log_size=12, log_root=HASH, state_root=TREE.root)
HEADER = Chain().header(5, app_hash=STATE.app_hash)
KEY, OTHER, MISSING = b"dataset\0lab/7", b"dataset\0lab/8", b"dataset\0lab/99"


def test_a_record_is_shown_with_its_value() -> None:
    verify_presence(HEADER, STATE.prove_state(), TREE.prove(KEY), raw_key=KEY, value=b"value 7")
    verify_absence(HEADER, STATE.prove_state(), TREE.prove(MISSING), raw_key=MISSING)


@pytest.mark.parametrize(("key", "value"), [(KEY, b"value 8"), (OTHER, b"value 7"), (OTHER, b"value 8"), (MISSING, b"")])
def test_a_proof_of_one_record_is_none_of_another(key: bytes, value: bytes) -> None:
    with pytest.raises(CommitmentProofError):
        verify_presence(HEADER, STATE.prove_state(), TREE.prove(KEY), raw_key=key, value=value)


def test_what_is_there_is_not_shown_to_be_missing() -> None:
    for proof in (TREE.prove(KEY), TREE.prove(MISSING)):
        with pytest.raises(CommitmentProofError):
            verify_absence(HEADER, STATE.prove_state(), proof, raw_key=KEY)


def test_the_state_is_that_of_the_header() -> None:
    other_tree = Tree.of(RECORDS | {KEY: b"forged"})
    other = replace(STATE, state_root=other_tree.root)
    with pytest.raises(CommitmentProofError):
        verify_presence(HEADER, other.prove_state(), other_tree.prove(KEY), raw_key=KEY, value=b"forged")
    with pytest.raises(CommitmentProofError):
        verify_absence(HEADER, other.prove_state(), other_tree.prove(MISSING), raw_key=MISSING)
    with pytest.raises(CommitmentProofError):  # the log's root is no state root
        verify_presence(HEADER, STATE.prove_log(), TREE.prove(KEY), raw_key=KEY, value=b"value 7")
