"""A chain of headers signed by whoever is wanted: honest, late, absent, or lying."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from atoll.ledger.light import (
    ABSENT,
    BlockId,
    Commit,
    CommitSig,
    Header,
    LightBlock,
    ValidatorSet,
    Vote,
    make_validator_set,
)

CHAIN = "lagoon.test.example"
SECOND = 10**9
START_NS = 1_790_000_000 * SECOND
HASH = hashlib.sha256(b"anything").digest()
NEVER = bytes(64)


def secret(number: int) -> Ed25519PrivateKey:
    """The consensus key of validator `number`."""
    return Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))


def public(number: int) -> bytes:
    """Its public half."""
    return secret(number).public_key().public_bytes_raw()


def validators(powers: Mapping[int, int] | Sequence[int]) -> ValidatorSet:
    """Validators by number; power 1 each where none is given."""
    pairs = powers.items() if isinstance(powers, Mapping) else ((one, 1) for one in powers)
    return make_validator_set((public(number), power) for number, power in pairs)


FOUR = validators([1, 2, 3, 4])


@dataclass(frozen=True)
class Chain:
    """What the headers of a test have in common."""

    chain_id: str = CHAIN
    keys: dict[bytes, Ed25519PrivateKey] = field(default_factory=lambda: {public(one): secret(one) for one in range(1, 12)})

    def header(self, height: int, own: ValidatorSet = FOUR, after: ValidatorSet | None = None, **other: Any) -> Header:
        """A header, one second a height."""
        fields: dict[str, Any] = {
            "version_block": 11,
            "version_app": 1,
            "chain_id": self.chain_id,
            "height": height,
            "time_ns": START_NS + height * SECOND,
            "last_block_id": BlockId(hash=HASH, parts_total=1, parts_hash=HASH) if height > 1 else None,
            "last_commit_hash": HASH,
            "data_hash": HASH,
            "validators_hash": own.hash(),
            "next_validators_hash": (after or own).hash(),
            "consensus_hash": HASH,
            "app_hash": HASH,
            "last_results_hash": HASH,
            "evidence_hash": HASH,
            "proposer_address": own.validators[0].address,
        }
        return Header(**(fields | other))

    def light(
        self,
        height: int,
        own: ValidatorSet = FOUR,
        after: ValidatorSet | None = None,
        *,
        voters: Sequence[int] | None = None,
        nil: Sequence[int] = (),
        **other: Any,
    ) -> LightBlock:
        """A light block for which `voters` voted, all of them if none are given; those in `nil` voted for no block."""
        header = self.header(height, own, after, **other)
        block_id = BlockId(hash=header.hash(), parts_total=1, parts_hash=HASH)
        wanted = {public(one) for one in voters} if voters is not None else {one.key for one in own.validators}
        against = {public(one) for one in nil}
        votes = [
            CommitSig.at(
                header.time_ns + 7,
                vote=Vote.NIL if one.key in against else Vote.COMMIT,
                address=one.address,
                signature=NEVER,
            )
            if one.key in wanted | against
            else ABSENT
            for one in own.validators
        ]
        commit = Commit(height=height, round=0, block_id=block_id, signatures=tuple(votes))
        return self.sign(LightBlock(header=header, commit=commit, validators=own))

    def sign(self, light: LightBlock, chain_id: str | None = None) -> LightBlock:
        """The light block with every vote in it signed by the validator in its place."""
        commit = light.commit
        signed = tuple(
            one
            if one.vote is Vote.ABSENT
            else replace(one, signature=self.keys[owner.key].sign(commit.sign_bytes(chain_id or self.chain_id, at)))
            for at, (one, owner) in enumerate(zip(commit.signatures, light.validators.validators, strict=True))
        )
        return replace(light, commit=replace(commit, signatures=signed))


CHAIN_OF_FOUR = Chain()


def with_vote(light: LightBlock, at: int, one: CommitSig) -> LightBlock:
    """The light block with another vote in a place."""
    votes = list(light.commit.signatures)
    votes[at] = one
    return replace(light, commit=replace(light.commit, signatures=tuple(votes)))
