"""Headers of CometBFT with votes for them, made up without CometBFT: for tests, and for attacks.

seal = voted_seal(ledger, height=5, keys={public: secret, ...})        # the ledger as it stands, vouched for by everybody
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from atoll.ledger.app_hash import app_hash
from atoll.ledger.chain import Ledger
from atoll.ledger.light import BlockId, Commit, CommitSig, Header, LightBlock, ValidatorSet, Vote
from atoll.ledger.seal import HeaderSeal
from atoll.ledger.vouching import validators_of
from atoll.trust.keys import SecretKey

MADE_UP = hashlib.sha256(b"anything").digest()
"""Stands for what no proof of ours looks at."""
SECOND_NS = 10**9


def voted_seal(ledger: Ledger, *, height: int, keys: Mapping[bytes, SecretKey]) -> HeaderSeal:
    """A seal over a ledger as it stands; the validators that it names vote, and nobody has ever joined or left.

    Args:
        ledger: what is vouched for.
        height: of the header; any that grows with the ledger.
        keys: consensus keys by their public half.
    """
    size, root, state = ledger.log.size, ledger.log.root(), ledger.tree.root
    validators = validators_of(ledger.consensus)
    header = Header(
        version_block=11,
        version_app=1,
        chain_id=ledger.genesis.chain_id,
        height=height,
        time_ns=(ledger.time + 1) * SECOND_NS,
        last_block_id=BlockId(hash=MADE_UP, parts_total=1, parts_hash=MADE_UP),
        last_commit_hash=MADE_UP,
        data_hash=MADE_UP,
        validators_hash=validators.hash(),
        next_validators_hash=validators.hash(),
        consensus_hash=MADE_UP,
        app_hash=app_hash(size, root, state),
        last_results_hash=MADE_UP,
        evidence_hash=MADE_UP,
        proposer_address=bytes(20),
    )
    return HeaderSeal(light=_voted(header, validators, keys), size=size, root=root, state_root=state)


def _voted(header: Header, validators: ValidatorSet, keys: Mapping[bytes, SecretKey]) -> LightBlock:
    block_id = BlockId(hash=header.hash(), parts_total=1, parts_hash=MADE_UP)
    unsigned = tuple(
        CommitSig.at(header.time_ns + SECOND_NS, vote=Vote.COMMIT, address=one.address, signature=bytes(64))
        for one in validators.validators
    )
    commit = Commit(height=header.height, round=0, block_id=block_id, signatures=unsigned)
    signed = tuple(
        replace(one, signature=keys[owner.key].sign(commit.sign_bytes(header.chain_id, at)))
        for at, (one, owner) in enumerate(zip(unsigned, validators.validators, strict=True))
    )
    return LightBlock(header=header, commit=replace(commit, signatures=signed), validators=validators)
