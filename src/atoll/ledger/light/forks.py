"""Two decided blocks of one height: what must never be, and who voted for both.

Of two sets of more than two thirds, more than a third are in both. Whoever voted for both in one round has lied: no honest
validator votes twice in a round. In two rounds some of them may be honest, and have followed prevotes of those who forgot
theirs on purpose; the liars are among them or hid their votes, and it takes the validators' own records to tell. Either way the
two light blocks are evidence that anybody can verify. Source: CometBFT's specification of light-client attacks.
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.ledger.light.block import LightBlock
from atoll.ledger.light.verify import verify_light_block


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Two blocks that cannot both be."""

    height: int
    """Consensus height of both."""
    hashes: tuple[bytes, bytes]
    """The headers' hashes."""
    both: tuple[bytes, ...]
    """Consensus keys that voted for both, sorted; empty only where the two sets of validators have little in common."""
    in_one_round: bool
    """Whether these voted twice in one round, which convicts each of them; else they are those to ask first."""


def find_fork(one: LightBlock, other: LightBlock, *, chain_id: str) -> Fork | None:
    """The fork that two light blocks show; None where they do not contradict each other.

    Args:
        one: from anybody. That its validators are this chain's is for the caller to know (`verify_skipping`).
        other: the same.
        chain_id: the chain of both.

    Raises:
        LightError: one of them was not decided; see `verify_light_block`.
    """
    votes = [verify_light_block(light, chain_id=chain_id).times_ns.keys() for light in (one, other)]
    if one.header.height != other.header.height or one.header.hash() == other.header.hash():
        return None
    return Fork(
        height=one.header.height,
        hashes=(one.header.hash(), other.header.hash()),
        both=tuple(sorted(votes[0] & votes[1])),
        in_one_round=one.commit.round == other.commit.round,
    )
