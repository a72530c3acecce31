"""Seals: two kinds, told apart by their first byte, and what each claims."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from atoll.errors import InputError
from atoll.ledger.app_hash import app_hash
from atoll.ledger.checkpoint import Checkpoint
from atoll.ledger.errors import CheckpointFormatError, EmptyLogRootError
from atoll.ledger.light import (
    ABSENT,
    BlockId,
    Commit,
    CommitSig,
    Header,
    LightBlock,
    Vote,
    make_validator_set,
)
from atoll.ledger.note import Note, NoteSignature
from atoll.ledger.seal import HeaderSeal, NoteSeal, SealKind, parse_seal

CHAIN = "lagoon.test.example"
ROOT, STATE = hashlib.sha256(b"root").digest(), hashlib.sha256(b"state").digest()
BLOCK_ID = BlockId(hash=ROOT, parts_total=1, parts_hash=STATE)
TEXT = Checkpoint(origin=CHAIN, size=7, root=ROOT).encode()


def header_seal() -> HeaderSeal:
    validators = make_validator_set([(bytes([number]) * 32, 1) for number in range(4)])
    header = Header(
        version_block=11,
        version_app=1,
        chain_id=CHAIN,
        height=3,
        time_ns=1_790_000_000_900_000_000,
        last_block_id=BLOCK_ID,
        last_commit_hash=ROOT,
        data_hash=ROOT,
        validators_hash=validators.hash(),
        next_validators_hash=validators.hash(),
        consensus_hash=ROOT,
        app_hash=app_hash(7, ROOT, STATE),
        last_results_hash=ROOT,
        evidence_hash=ROOT,
        proposer_address=validators.validators[0].address,
    )
    votes = [
        CommitSig.at(1_790_000_001_000_000_000, vote=Vote.COMMIT, address=one.address, signature=bytes(64))
        for one in validators.validators
    ]
    commit = Commit(height=3, round=0, block_id=replace(BLOCK_ID, hash=header.hash()), signatures=(*votes[:3], ABSENT))
    light = LightBlock(header=header, commit=commit, validators=validators)
    return HeaderSeal(light=light, size=7, root=ROOT, state_root=STATE)


def note_seal(*times: int) -> NoteSeal:
    lines = [NoteSignature(CHAIN, b"logk", bytes(64))]
    lines += [NoteSignature(f"{CHAIN}/bank", b"bank", time.to_bytes(8, "big") + bytes(64)) for time in times]
    seal = parse_seal(Note(TEXT, tuple(lines)).encode())
    assert isinstance(seal, NoteSeal)
    return seal


def test_a_note_says_its_checkpoint_and_the_newest_time_beside_a_signature() -> None:
    seal = note_seal(5, 9, 7)
    assert (seal.kind, seal.time, seal.checkpoint.size, seal.checkpoint.root) == (SealKind.NOTE, 9, 7, ROOT)
    assert note_seal().time == 0
    assert parse_seal(seal.encode()) == seal


def test_a_header_seal_says_its_checkpoint_and_the_time_of_its_header() -> None:
    seal = header_seal()
    again = parse_seal(seal.encode())
    assert again == seal
    assert (again.kind, again.time) == (SealKind.HEADER, 1_790_000_000)
    assert again.checkpoint == Checkpoint(origin=CHAIN, size=7, root=ROOT)


def test_a_header_seal_is_over_a_checkpoint() -> None:
    seal = header_seal()
    with pytest.raises(EmptyLogRootError):
        replace(seal, size=0)
    with pytest.raises(CheckpointFormatError):
        replace(seal, light=replace(seal.light, header=replace(seal.light.header, chain_id="two\nlines")))


def test_log_and_state_of_a_header_seal_are_those_of_its_app_hash() -> None:
    seal = header_seal()
    assert seal.is_of_header()
    assert not replace(seal, size=8).is_of_header()
    assert not replace(seal, root=STATE).is_of_header()
    assert not replace(seal, state_root=ROOT).is_of_header()


@pytest.mark.parametrize("data", [b"", b"\x82", b"\x82\x61a\xa0", b"hello\n", b"\xff" * 9, header_seal().encode() + b"\0"])
def test_what_is_neither_kind_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_seal(data)
