"""A seal under the members that count: the right kind, the right members, the right header, enough of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.errors import QuorumError, WrongSealError
from atoll.ledger.light.errors import BrokenLightBlock, VotePowerError
from atoll.ledger.records import EngineKind
from atoll.ledger.seal import parse_seal
from atoll.ledger.vouching import names_validators, validators_of, verify_seal
from atoll.wire.errors import MessageError
from tests.unit.evidence.header_world import HeaderWorld
from tests.unit.evidence.world import World

HEADED = HeaderWorld()
HEADED.block()
CHAIN = HEADED.founding.chain_id
NOTED = World(chain_id=CHAIN).block()
VOTING, COSIGNING = HEADED.ledger.consensus, NOTED.ledger.consensus


def test_either_kind_vouches_for_its_own_ledger() -> None:
    header = verify_seal(parse_seal(HEADED.newest), chain_id=CHAIN, consensus=VOTING)
    assert (header.checkpoint.size, header.checkpoint.root) == (HEADED.ledger.log.size, HEADED.ledger.log.root())
    assert list(header.stood_at) == ["auditor", "bank", "bureau", "operator"]
    note = verify_seal(parse_seal(NOTED.newest), chain_id=CHAIN, consensus=COSIGNING)
    assert (note.checkpoint.size, note.agreed_at) == (NOTED.ledger.log.size, NOTED.ledger.time + 2)
    assert list(note.stood_at) == ["auditor", "bank", "bureau"]


def test_neither_kind_stands_in_for_the_other() -> None:
    """Even where the very same keys would do."""
    embedded = replace(VOTING, engine=EngineKind.EMBEDDED)
    with pytest.raises(WrongSealError, match="a header cannot vouch for a ledger whose engine is embedded"):
        verify_seal(parse_seal(HEADED.newest), chain_id=CHAIN, consensus=embedded)
    cometbft = replace(COSIGNING, engine=EngineKind.COMETBFT)
    with pytest.raises(WrongSealError, match="a note cannot vouch for a ledger whose engine is cometbft"):
        verify_seal(parse_seal(NOTED.newest), chain_id=CHAIN, consensus=cometbft)


def test_a_header_needs_the_votes_of_more_than_two_thirds_of_the_members() -> None:
    verify_seal(HEADED.header_seal(by=("auditor", "bank", "operator")), chain_id=CHAIN, consensus=VOTING)
    with pytest.raises(VotePowerError):
        verify_seal(HEADED.header_seal(by=("auditor", "operator")), chain_id=CHAIN, consensus=VOTING)


def test_a_note_needs_its_quorum() -> None:
    with pytest.raises(QuorumError):
        verify_seal(parse_seal(NOTED.sign(COSIGNING, by=("auditor", "bank"))), chain_id=CHAIN, consensus=COSIGNING)


def test_a_header_is_of_the_members_that_count() -> None:
    fewer = replace(VOTING, validators=VOTING.validators[1:])
    with pytest.raises(WrongSealError, match="validators are not the members that count"):
        verify_seal(HEADED.header_seal(), chain_id=CHAIN, consensus=fewer)


def test_a_header_is_of_this_chain_log_and_state() -> None:
    seal = HEADED.header_seal()
    with pytest.raises(BrokenLightBlock):
        verify_seal(seal, chain_id="harbour.test.example", consensus=VOTING)
    for forged in (replace(seal, size=seal.size + 1), replace(seal, root=bytes(32)), replace(seal, state_root=bytes(32))):
        with pytest.raises(WrongSealError, match="log and state"):
            verify_seal(forged, chain_id=CHAIN, consensus=VOTING)


def test_validators_are_the_members_with_a_key_to_vote_with() -> None:
    without = replace(VOTING, validators=(replace(VOTING.validators[0], consensus=b""), *VOTING.validators[1:]))
    assert {one.power for one in validators_of(VOTING).validators} == {1}
    assert len(validators_of(without).validators) == 3
    assert names_validators(HEADED.header_seal().light.header, VOTING)
    assert not names_validators(HEADED.header_seal().light.header, without)
    with pytest.raises(MessageError):
        validators_of(COSIGNING)
