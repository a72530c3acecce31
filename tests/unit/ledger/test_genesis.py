"""The genesis: signed by all founders, free of contradictions, and a name for the consortium."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.errors import BadGenesis
from atoll.ledger.genesis import (
    FounderSignature,
    Genesis,
    SignedGenesis,
    consensus_of,
    encode_genesis,
    first_state,
    genesis_digest,
    genesis_signed_bytes,
    verify_genesis,
)
from atoll.ledger.records import Chain, EngineKind, Key, Member, MemberState
from atoll.ledger.state import State
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose
from atoll.wire.errors import MessageError
from atoll.wire.message import encode_message, parse_message

FOUNDING = Founding(("auditor", "bank", "bureau", "operator"), sequencer="operator", not_validating=["auditor"])
GENESIS = FOUNDING.genesis
ON_COMETBFT = Founding(
    ("auditor", "bank", "bureau", "operator", "telecom"), sequencer="operator", not_validating=["auditor"], engine="cometbft"
)


def test_a_founded_consortium_verifies_and_has_one_digest() -> None:
    genesis, digest = verify_genesis(FOUNDING.genesis_file)
    assert genesis == GENESIS
    assert digest == genesis_digest(encode_message(GENESIS)) == FOUNDING.genesis_digest
    assert Founding(("auditor", "bank", "bureau", "operator"), time=GENESIS.time + 1).genesis_digest != digest


def test_the_first_state_holds_every_founder_and_the_set_that_counts() -> None:
    state = State(first_state(GENESIS, FOUNDING.genesis_digest))
    chain = state.get(Chain, "0")
    assert chain is not None and chain.genesis_digest == FOUNDING.genesis_digest
    for org in FOUNDING.orgs:
        member, key = state.get(Member, org), state.get(Key, f"{org}/identity/1")
        assert member is not None and (member.state, member.joined_height) == (MemberState.ACTIVE, 0)
        assert key is not None and key.public == FOUNDING.orgs[org].public(Purpose.IDENTITY)
    consensus = consensus_of(GENESIS)
    assert [one.org for one in consensus.validators] == ["bank", "bureau", "operator"]
    assert [one.org for one in consensus.counted()] == ["bank", "bureau"]
    assert consensus.log == FOUNDING.orgs["operator"].public(Purpose.LOG)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, founders=tuple(reversed(one.founders))),
        lambda one: replace(one, founders=(*one.founders, one.founders[-1])),
        lambda one: replace(one, sequencer="nobody"),
        lambda one: replace(one, rules_version=99),
        lambda one: replace(one, chain_id="two words"),
        lambda one: replace(one, chain_id="a+b"),
        lambda one: replace(one, founders=tuple(replace(founder, legal_id="same") for founder in one.founders)),
        lambda one: replace(
            one, founders=tuple(replace(each, legal_id="same" + " " * at) for at, each in enumerate(one.founders))
        ),
        lambda one: replace(one, founders=tuple(replace(founder, validating=False) for founder in one.founders)),
        lambda one: replace(
            one, founders=tuple(replace(founder, validating=founder.org == "operator") for founder in one.founders)
        ),
        lambda one: replace(one, founders=tuple(replace(founder, cosign=one.founders[0].cosign) for founder in one.founders)),
    ],
)
def test_a_genesis_that_contradicts_itself_is_refused_though_all_signed_it(change: Callable[[Genesis], Genesis]) -> None:
    with pytest.raises(BadGenesis):
        verify_genesis(FOUNDING.sign_genesis(change(GENESIS)))


def test_every_founder_must_have_signed_this_very_body() -> None:
    signed = parse_message(FOUNDING.genesis_file, SignedGenesis)
    for lie in (
        signed.signatures[:-1],
        tuple(reversed(signed.signatures)),
        (*signed.signatures[:-1], FounderSignature(org="operator", signature=signed.signatures[0].signature)),
        (*signed.signatures, FounderSignature(org="stranger", signature=bytes(64))),
    ):
        with pytest.raises(BadGenesis):
            verify_genesis(encode_genesis(GENESIS, lie))
    other = encode_message(replace(GENESIS, test=False))
    with pytest.raises(BadGenesis):
        verify_genesis(encode_message(SignedGenesis(body=other, signatures=signed.signatures)))


def test_a_signature_of_another_key_of_the_founder_is_none() -> None:
    body = encode_message(GENESIS)
    message = genesis_signed_bytes(body)
    signatures = tuple(
        FounderSignature(org=one.org, signature=FOUNDING.orgs[one.org].keys[Purpose.RECOVERY].sign(message))
        for one in GENESIS.founders
    )
    with pytest.raises(BadGenesis):
        verify_genesis(encode_genesis(GENESIS, signatures))


def test_what_is_no_genesis_file_is_refused() -> None:
    with pytest.raises(MessageError):
        verify_genesis(encode_message(GENESIS))
    for at in range(0, len(FOUNDING.genesis_file), 97):
        data = bytearray(FOUNDING.genesis_file)
        data[at] ^= 1
        with pytest.raises(AtollError):
            verify_genesis(bytes(data))


# -- on CometBFT ---------------------------------------------------------------------------------------------------------------


def _each(genesis: Genesis, **changes: Any) -> Genesis:
    return replace(genesis, founders=tuple(replace(one, **changes) for one in genesis.founders))


def _first_node_at(genesis: Genesis, endpoint: str) -> Genesis:
    first, *others = genesis.founders
    moved = replace(first, consensus_peer=f"{first.consensus_peer.partition('@')[0]}@{endpoint}")
    return replace(genesis, founders=(moved, *others))


def test_on_cometbft_everybody_counts_who_votes_on_blocks_the_operator_too() -> None:
    genesis, digest = verify_genesis(ON_COMETBFT.genesis_file)
    state = State(first_state(genesis, digest))
    chain, consensus, auditor = state.get(Chain, "0"), consensus_of(genesis), state.get(Member, "auditor")
    assert chain is not None and auditor is not None
    assert chain.engine is consensus.engine is EngineKind.COMETBFT
    assert [one.org for one in consensus.counted()] == ["bank", "bureau", "operator", "telecom"]
    assert consensus.quorum() == 3
    for one in consensus.validators:
        key = state.get(Key, f"{one.org}/consensus/1")
        assert key is not None and key.public == one.consensus == ON_COMETBFT.orgs[one.org].public(Purpose.CONSENSUS)
    assert auditor.consensus_peer == f"{ON_COMETBFT.orgs['auditor'].node_id}@127.0.0.1:26000"


def test_an_embedded_ledger_takes_no_notice_of_consensus_keys() -> None:
    genesis = replace(ON_COMETBFT.genesis, engine=EngineKind.EMBEDDED)
    assert [one.consensus for one in consensus_of(genesis).validators] == [b""] * 4
    assert [one.org for one in consensus_of(genesis).counted()] == ["bank", "bureau", "telecom"]


def test_one_validator_is_enough_for_cometbft_and_none_is_not() -> None:
    alone = Founding(("bank", "operator"), sequencer="operator", not_validating=["bank"], engine="cometbft")
    assert consensus_of(verify_genesis(alone.genesis_file)[0]).quorum() == 1
    with pytest.raises(BadGenesis, match="nobody validates"):
        verify_genesis(alone.sign_genesis(_each(alone.genesis, validating=False)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: replace(one, chain_id="x" * 51), "more than 50"),
        (lambda one: replace(one, chain_id="test.example/lagoon"), "a slash"),
        (lambda one: _each(one, consensus=b""), "no good consensus key"),
        (lambda one: _each(one, consensus=bytes(20)), "no good consensus key"),
        (lambda one: _each(one, consensus=bytes([1]) + bytes(31)), "no good consensus key"),
        (lambda one: _each(one, consensus=one.founders[1].consensus), "one consensus key"),
        (lambda one: _each(one, consensus_peer=""), "a CometBFT node of its own"),
        (lambda one: _first_node_at(one, "1.2.3.4:99999"), "not host:port"),
        (lambda one: _each(one, consensus_peer=one.founders[0].consensus_peer), "a CometBFT node of its own"),
        (
            lambda one: replace(
                one,
                founders=tuple(replace(each, consensus_peer=each.consensus_peer[:41]) for each in one.founders),
            ),
            "has an address",
        ),
    ],
)
def test_a_genesis_that_cometbft_could_not_start_from_is_refused(change: Callable[[Genesis], Genesis], reason: str) -> None:
    with pytest.raises(BadGenesis, match=reason):
        verify_genesis(ON_COMETBFT.sign_genesis(change(ON_COMETBFT.genesis)))
