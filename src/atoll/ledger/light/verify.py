"""From a header that is trusted to the next one, or to one further on.

    verify_light_block    more than 2/3 of a block's own validators voted for it
    verify_adjacent       the validators are those whom the trusted header names for the next height
    verify_skipping       more than 1/3 of those validators voted for a block further on, so that one of them is honest

Powers are compared in whole numbers: exactly two thirds are too few. Source: CometBFT v0.38.25, `light/verifier.go` and
`types/validation.go`; where this verifier differs it is stricter.

**Signatures.** Votes are held to the rule that the validators themselves count by, ZIP 215 (`atoll.primitives.zip215`), not to
the stricter one for everything that members sign: else one validator could vote so that the others count it and no verifier
afterwards does, and no header would prove anything again. A vote for nothing is as good as none; `keep_votes` takes such votes
out before a light block is handed on. What is left in must hold to the last byte: a vote that does not voids the whole.

Assumption: less than 1/3 of the power cheats at any height; for `verify_skipping`, until the trusting period is over, because
members that are long gone may sign anything. Cost: one Ed25519 verification for each vote, in parallel; some 60 SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from atoll.ledger.light.block import LightBlock
from atoll.ledger.light.commit import ABSENT, Vote
from atoll.ledger.light.errors import (
    BrokenLightBlock,
    NotFollowing,
    TrustExpired,
    TrustGapError,
    VotePowerError,
    VoteSignatureError,
)
from atoll.ledger.light.header import Header
from atoll.ledger.light.protobuf import NANOSECONDS
from atoll.ledger.light.validators import ValidatorSet
from atoll.primitives.zip215 import are_signatures

CLOCK_DRIFT_SECONDS = 10
"""How far ahead of the verifier's clock a header may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted:
    """Whose votes for a block hold."""

    times_ns: Mapping[bytes, int]
    """Consensus key -> when it voted, Unix nanoseconds by its own clock."""
    power: int
    """What they have together."""
    total: int
    """What all validators of the height have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustingPeriod:
    """For how long validators are held to what they once signed."""

    now_ns: int
    """The verifier's time, Unix nanoseconds."""
    seconds: int
    """How long after its time a header may be trusted; shorter than it takes to call its validators to account."""


def verify_light_block(light: LightBlock, *, chain_id: str) -> Voted:
    """Verify that more than 2/3 of its own validators voted for a block. Who they are is for the caller to know.

    Raises:
        BrokenLightBlock: header, votes and validators do not belong together, or not to this ledger.
        VoteSignatureError: a vote, even one for no block, is not its validator's.
        VotePowerError: too few voted for it.
    """
    return _need_two_thirds(light, _voted(light, chain_id))


def verify_adjacent(trusted: Header, new: LightBlock, *, period: TrustingPeriod | None = None) -> Voted:
    """Verify the block after the trusted header's.

    Raises:
        NotFollowing: it is not the next one, or not of the validators that the trusted header names.
        TrustExpired: see `period`.
        LightError: as `verify_light_block`.
    """
    header = new.header
    if header.height != trusted.height + 1:
        raise _not_following(trusted, header, "it is not the next height")
    _need_after(trusted, header, period)
    if header.validators_hash != trusted.next_validators_hash:
        raise _not_following(trusted, header, "its validators are not those named for the next height")
    return verify_light_block(new, chain_id=trusted.chain_id)


def verify_skipping(
    trusted: Header, trusted_next: ValidatorSet, new: LightBlock, *, period: TrustingPeriod | None = None
) -> Voted:
    """Verify a block at any height above the trusted header's.

    Args:
        trusted: believed already.
        trusted_next: the validators that it names for the height after it.
        new: the block.
        period: None where the caller knows otherwise that the trusted validators are still held to their word.

    Raises:
        NotFollowing: it is not later, or `trusted_next` is not what the trusted header names.
        TrustGapError: not more than 1/3 of the trusted validators voted for it; a block in between may help.
        TrustExpired: see `period`.
        LightError: as `verify_light_block`.
    """
    header = new.header
    if header.height == trusted.height + 1:
        return verify_adjacent(trusted, new, period=period)
    _need_after(trusted, header, period)
    if trusted_next.hash() != trusted.next_validators_hash:
        raise _not_following(trusted, header, "the validators to start from are not those that it names")
    voted = _voted(new, trusted.chain_id)
    found = sum(one.power for one in trusted_next.validators if one.key in voted.times_ns)
    if 3 * found <= trusted_next.power:
        raise TrustGapError(height=header.height, found=found, total=trusted_next.power)
    return _need_two_thirds(new, voted)


def keep_votes(light: LightBlock) -> LightBlock:
    """The light block with the votes for it and no others, unverified; for whoever hands it out."""
    kept = tuple(one if one.vote is Vote.COMMIT else ABSENT for one in light.commit.signatures)
    return replace(light, commit=replace(light.commit, signatures=kept))


def _voted(light: LightBlock, chain_id: str) -> Voted:
    """Whose votes for the block hold; enough or not."""
    _need_whole(light, chain_id)
    validators, commit = light.validators.validators, light.commit
    places = [at for at, one in enumerate(commit.signatures) if one.vote is not Vote.ABSENT]
    claims = [(validators[at].key, commit.sign_bytes(chain_id, at), commit.signatures[at].signature) for at in places]
    for at, signed in zip(places, are_signatures(claims), strict=True):
        if not signed or commit.signatures[at].address != validators[at].address:
            raise VoteSignatureError(address=validators[at].address.hex(), height=light.header.height)
    pairs = [(one, vote) for one, vote in zip(validators, commit.signatures, strict=True) if vote.vote is Vote.COMMIT]
    return Voted(
        times_ns={one.key: vote.time_ns for one, vote in pairs},
        power=sum(one.power for one, _ in pairs),
        total=light.validators.power,
    )


def _need_whole(light: LightBlock, chain_id: str) -> None:
    header, commit = light.header, light.commit
    reasons = (
        (header.chain_id != chain_id, f"it is of the chain {header.chain_id}"),
        (commit.height != header.height, f"its votes are for height {commit.height}"),
        (commit.block_id.hash != header.hash(), "its votes are for another header"),
        (light.validators.hash() != header.validators_hash, "its validators are not those that the header names"),
        (
            len(commit.signatures) != len(light.validators.validators),
            f"it has {len(commit.signatures)} votes of {len(light.validators.validators)} validators",
        ),
    )
    for is_so, reason in reasons:
        if is_so:
            raise BrokenLightBlock(height=header.height, reason=reason)


def _need_two_thirds(light: LightBlock, voted: Voted) -> Voted:
    if 3 * voted.power <= 2 * voted.total:
        raise VotePowerError(height=light.header.height, found=voted.power, total=voted.total)
    return voted


def _need_after(trusted: Header, header: Header, period: TrustingPeriod | None) -> None:
    if header.height <= trusted.height:
        raise _not_following(trusted, header, "it is not higher")
    if header.time_ns <= trusted.time_ns:
        raise _not_following(trusted, header, "its time is not later")
    if period is None:
        return
    if trusted.time_ns + period.seconds * NANOSECONDS <= period.now_ns:
        raise TrustExpired(height=trusted.height, seconds=period.seconds)
    if header.time_ns >= period.now_ns + CLOCK_DRIFT_SECONDS * NANOSECONDS:
        raise _not_following(trusted, header, "its time is in the future")


def _not_following(trusted: Header, header: Header, reason: str) -> NotFollowing:
    return NotFollowing(height=header.height, trusted=trusted.height, reason=reason)
