"""The same consortium on CometBFT: blocks get headers, and the validators that the ledger names vote for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from atoll.ledger.app_hash import app_hash
from atoll.ledger.light import (
    ABSENT,
    BlockId,
    Commit,
    CommitSig,
    Header,
    LightBlock,
    ValidatorSet,
    Vote,
)
from atoll.ledger.records import ConsensusSet, EngineKind
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ledger.vouching import validators_of
from atoll.testing.consortium import NamedEntropy
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.evidence.world import World

HASH = hashlib.sha256(b"anything").digest()
SECOND = 10**9
CHAIN_ID = "lagoon.test.example"
"""CometBFT's own tools take no slash."""


class HeaderWorld(World):
    """As `World`, with headers for notes. All four founders count, the operator too: q = 3 of 4."""

    def __init__(
        self, orgs: Sequence[str] = ("operator", "auditor", "bank", "bureau"), *, chain_id: str = CHAIN_ID, **options: Any
    ) -> None:
        super().__init__(orgs, engine=EngineKind.COMETBFT, chain_id=chain_id, **options)
        self.voting_keys: dict[bytes, SecretKey] = {}
        for org in self.founding.orgs:
            self.let_vote(self.founding.keys[org][Purpose.CONSENSUS])
        self.consensus_height = 0
        first = validators_of(self.ledger.consensus)
        self.validating: dict[int, ValidatorSet] = {1: first, 2: first}

    def let_vote(self, key: SecretKey) -> SecretKey:
        """A key to vote with, once the ledger names it."""
        self.voting_keys[key.public.data] = key
        return key

    def vouch(self, before: ConsensusSet, after: ConsensusSet) -> None:
        """The block becomes one of consensus, and everybody votes for the header after it."""
        self.consensus_height += 1
        self.validating[self.consensus_height + 2] = validators_of(after)
        self.newest = self.header_seal().encode()

    def empty_block(self) -> HeaderWorld:
        """A block without transactions: the ledger stands still, and everybody votes for one more header."""
        self.consensus_height += 1
        self.validating[self.consensus_height + 2] = validators_of(self.ledger.consensus)
        self.newest = self.header_seal().encode()
        return self

    def header_seal(self, *, by: Iterable[str] | None = None, **changes: Any) -> HeaderSeal:
        """A seal over the ledger as it is; all validators vote, or those of the organisations named."""
        size, root, state = self.ledger.log.size, self.ledger.log.root(), self.ledger.tree.root
        height = self.consensus_height + 1
        fields: dict[str, Any] = {
            "version_block": 11,
            "version_app": 1,
            "chain_id": self.founding.chain_id,
            "height": height,
            "time_ns": (self.ledger.time + 1) * SECOND + 5,
            "last_block_id": BlockId(hash=HASH, parts_total=1, parts_hash=HASH),
            "last_commit_hash": HASH,
            "data_hash": HASH,
            "validators_hash": self.validating[height].hash(),
            "next_validators_hash": self.validating[height + 1].hash(),
            "consensus_hash": HASH,
            "app_hash": app_hash(size, root, state),
            "last_results_hash": HASH,
            "evidence_hash": HASH,
            "proposer_address": bytes(20),
        }
        header = Header(**fields | changes)
        light = self.voted(header, self.validating[height], by=by)
        return HeaderSeal(light=light, size=size, root=root, state_root=state)

    def voted(self, header: Header, validators: ValidatorSet, *, by: Iterable[str] | None = None) -> LightBlock:
        """A header with votes for it."""
        voters = None if by is None else {self.vote_key(org) for org in by}
        block_id = BlockId(hash=header.hash(), parts_total=1, parts_hash=HASH)
        votes = [
            CommitSig.at(header.time_ns + SECOND, vote=Vote.COMMIT, address=one.address, signature=bytes(64))
            if voters is None or one.key in voters
            else ABSENT
            for one in validators.validators
        ]
        commit = Commit(height=header.height, round=0, block_id=block_id, signatures=tuple(votes))
        signed = tuple(
            one
            if one.vote is Vote.ABSENT
            else replace(one, signature=self.voting_keys[owner.key].sign(commit.sign_bytes(header.chain_id, at)))
            for at, (one, owner) in enumerate(zip(votes, validators.validators, strict=True))
        )
        return LightBlock(header=header, commit=replace(commit, signatures=signed), validators=validators)

    def vote_key(self, org: str) -> bytes:
        """With which key an organisation votes now."""
        return next(one.consensus for one in self.ledger.consensus.validators if one.org == org)


def header_seal_in(data: bytes) -> HeaderSeal:
    """The seal in a bundle's entry."""
    seal = parse_seal(data)
    assert isinstance(seal, HeaderSeal)
    return seal


def rotate(world: HeaderWorld, org: str, purpose: Purpose = Purpose.CONSENSUS) -> HeaderWorld:
    """A new key to vote with, or for something else."""
    key = world.let_vote(SecretKey.generate(purpose, NamedEntropy(f"{org}/{purpose}/{world.ledger.height}")))
    world.do(org, RotateKey(purpose=purpose, public=key.public.data, second=b""))
    return world


def revoke(world: HeaderWorld, org: str) -> HeaderWorld:
    """A validator gives its key up and votes no more."""
    world.do(org, RevokeKey(org=org, purpose=Purpose.CONSENSUS, second=b""))
    return world


def completed(world: HeaderWorld) -> HeaderWorld:
    world.complete()
    return world
