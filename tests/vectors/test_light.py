"""Light verification against what others made: model-based cases of two projects, and a network of the real binary.

The files lie beside this one, in `light/`; its README says where they are from.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atoll.errors import AtollError
from atoll.ledger.light import Header, LightBlock, ValidatorSet, Vote
from atoll.ledger.light.errors import LightJsonError, NotFollowing, TrustGapError
from atoll.ledger.light.rpc import (
    parse_rpc_light_block,
    parse_rpc_transaction,
    parse_time_ns,
    read_signed_header,
    read_validators,
)
from atoll.ledger.light.transactions import prove_transaction, verify_transaction
from atoll.ledger.light.verify import TrustingPeriod, verify_adjacent, verify_light_block, verify_skipping
from atoll.primitives.errors import MerkleProofError

SOURCE = Path(__file__).parent / "light"
MODEL: dict[str, dict[str, Any]] = json.loads(lzma.decompress((SOURCE / "cases.json.xz").read_bytes()))
NETWORK: dict[str, Any] = json.loads((SOURCE / "kvstore.json").read_text())
HEIGHTS = sorted(int(height) for height in NETWORK["commit"])


# -- model-based cases ---------------------------------------------------------------------------------------------------------


def test_every_model_case_is_run() -> None:
    assert (len(MODEL), sum(len(case["input"]) for case in MODEL.values())) == (46, 125)


@pytest.mark.parametrize("name", MODEL)
def test_model_cases_end_as_their_authors_say(name: str) -> None:
    case = MODEL[name]
    trusted, _ = read_signed_header(case["initial"]["signed_header"])
    following = read_validators(case["initial"]["next_validator_set"]["validators"])
    seconds = int(case["initial"]["trusting_period"]) // 10**9
    for step in case["input"]:
        period = TrustingPeriod(now_ns=parse_time_ns(step["now"]), seconds=seconds)
        verdict = _verdict(trusted, following, step["block"], period)
        assert verdict == step["verdict"]
        if verdict == "SUCCESS":
            trusted, _ = read_signed_header(step["block"]["signed_header"])
            following = read_validators(step["block"]["next_validator_set"]["validators"])


def _verdict(trusted: Header, following: ValidatorSet, block: dict[str, Any], period: TrustingPeriod) -> str:
    try:
        header, commit = read_signed_header(block["signed_header"])
        own = read_validators(block["validator_set"]["validators"])
        verify_skipping(trusted, following, LightBlock(header=header, commit=commit, validators=own), period=period)
    except TrustGapError:
        return "NOT_ENOUGH_TRUST"
    except AtollError:
        return "INVALID"
    return "SUCCESS"


# -- the real binary -----------------------------------------------------------------------------------------------------------


def light_at(height: int) -> LightBlock:
    commit, validators = NETWORK["commit"][str(height)], NETWORK["validators"][str(height)]
    return parse_rpc_light_block(json.dumps(commit).encode(), json.dumps(validators).encode())


CHAIN_ID = light_at(1).header.chain_id


@pytest.mark.parametrize("height", HEIGHTS)
def test_every_block_of_a_real_network_is_believed(height: int) -> None:
    light = light_at(height)
    voted = verify_light_block(light, chain_id=CHAIN_ID)
    assert 3 * voted.power > 2 * voted.total
    stored = NETWORK["commit"][str(height)]["result"]["signed_header"]["commit"]["block_id"]["hash"]
    assert light.header.hash().hex().upper() == stored


def test_the_network_shows_absent_votes_votes_for_nothing_and_later_rounds() -> None:
    votes = {one.vote for height in HEIGHTS for one in light_at(height).commit.signatures}
    assert votes == set(Vote)
    assert {light_at(height).commit.round for height in HEIGHTS} == {0, 1}


def test_a_real_change_of_validators_is_followed_and_not_jumped() -> None:
    """The application changed a power in block 114: header 115 names the new set, which signs from 116 on."""
    before, named, first = (light_at(height) for height in (114, 115, 116))
    assert named.header.validators_hash == before.header.validators_hash != named.header.next_validators_hash
    verify_adjacent(before.header, named)
    verify_adjacent(named.header, first)
    verify_skipping(light_at(1).header, light_at(1).validators, light_at(73))
    with pytest.raises(NotFollowing):
        verify_adjacent(named.header, replace(first, header=replace(first.header, height=117)))
    for height in (116, 120):  # now one of the four outweighs the others, and alone it is no third of those before
        with pytest.raises(TrustGapError):
            verify_skipping(before.header, before.validators, light_at(height))


@pytest.mark.parametrize("proved", NETWORK["tx"], ids=lambda one: one["result"]["hash"][:8])
def test_transactions_of_a_real_block_are_proved_under_its_header(proved: dict[str, Any]) -> None:
    height, transaction, proof = parse_rpc_transaction(json.dumps(proved).encode())
    header = light_at(height).header
    verify_transaction(header, transaction, proof)
    for bad in (
        replace(proof, index=(proof.index + 1) % proof.total if proof.total > 1 else 1),
        replace(proof, total=proof.total + 100),
        replace(proof, aunts=(*proof.aunts, bytes(32))),
        replace(proof, aunts=tuple(bytes(32) for _ in proof.aunts) or (bytes(32),)),
    ):
        with pytest.raises(AtollError):
            verify_transaction(header, transaction, bad)
    with pytest.raises(MerkleProofError):
        verify_transaction(header, transaction + b"x", proof)


def test_proofs_made_here_are_those_of_the_binary() -> None:
    transactions = {f"{letter}={letter}".encode() for letter in "abcdefg"}
    proved = [parse_rpc_transaction(json.dumps(one).encode()) for one in NETWORK["tx"]]
    known = {proof.index: data for height, data, proof in proved if height == 64}
    assert set(known) == {0, 3, 6} and set(known.values()) <= transactions
    [alone] = [data for height, data, _ in proved if height == 114]
    verify_transaction(light_at(114).header, alone, prove_transaction([alone], 0))


def test_whatever_is_changed_in_an_answer_is_noticed() -> None:
    """Hashes, addresses, keys, signatures, times, numbers: each value in turn, absent votes and votes for nothing included."""
    for height in (73, 116):
        answers = (NETWORK["commit"][str(height)], NETWORK["validators"][str(height)])
        parts = (answers[0]["result"]["signed_header"], {"validators": answers[1]["result"]["validators"]})
        tried = 0
        for part in parts:
            for holder, name in list(_values(part)):
                kept = holder[name]
                holder[name] = _changed(kept)
                try:
                    light = parse_rpc_light_block(*(json.dumps(one).encode() for one in answers))
                    with pytest.raises(AtollError):
                        verify_light_block(light, chain_id=CHAIN_ID)
                except AtollError:
                    pass
                finally:
                    holder[name] = kept
                tried += 1
        assert tried > 50
        verify_light_block(light_at(height), chain_id=CHAIN_ID)


def _values(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where each value stands: its list or map, and its place there. A proposer's turn is nobody's signed word."""
    places = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in places:
        if isinstance(one, dict | list):
            yield from _values(one)
        elif name != "proposer_priority":
            yield value, name


def _changed(value: str | int | None) -> str | int:
    """The value with a sign of it changed into another that its form allows."""
    if isinstance(value, int):
        return value + 1
    if not value:
        return "00" * 20
    at = len(value.rstrip("=Z")) - 2
    return value[:at] + ("1" if value[at] == "0" else "0") + value[at + 1 :]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"result":1}',
        b'{"result":{"signed_header":{}}}',
        b"[" * 100_000,
        b'{"result":NaN}',
        b" " * (1 << 20) + b"{}",
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(LightJsonError):
        parse_rpc_light_block(answer, answer)


def test_the_validators_are_all_of_those_of_the_height() -> None:
    commit = json.dumps(NETWORK["commit"]["73"]).encode()
    own = NETWORK["validators"]["73"]
    fewer = {"result": own["result"] | {"validators": own["result"]["validators"][:3]}}
    other = {"result": own["result"] | {"block_height": "72"}}
    for pages in ([json.dumps(fewer).encode()], [json.dumps(other).encode()], []):
        with pytest.raises(LightJsonError):
            parse_rpc_light_block(commit, *pages)
