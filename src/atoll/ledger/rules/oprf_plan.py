"""What a dealing of the members' key will be, and when it may begin: read from the ledger by the rules, and by nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from atoll.ledger.records import (
    ConsensusSet,
    Member,
    MemberState,
    OprfDeal,
    OprfDealing,
    OprfKey,
    OprfPhase,
    Reader,
)
from atoll.protocols.threshold_oprf import Deal, digest_context, threshold_of, weights_of

PHASE_SECONDS = 60
"""After so long a phase can be closed without those who are missing."""
RENEW_SECONDS = 3600
"""After so long a member without a share may have the key handed on to the same members again, also where that failed."""
LOSS_SECONDS = 86_400
"""After so long without a dealing a holder may say that it lost its share: each time all members deal."""
LEAST_MEMBERS = 2
"""With one validating member there is nobody to share with: it would know the key, and for ever, whoever joins later."""
ENDED = (OprfPhase.DONE, OprfPhase.FAILED)


def next_dealing(records: Reader) -> OprfDealing:
    """The dealing that an announcement would open now; its time is filled in by the rule."""
    consensus, key, last = records.get(ConsensusSet, "0"), records.get(OprfKey, "0"), records.get(OprfDealing, "0")
    assert consensus is not None, "every ledger has one"
    members = _active(records, [one.org for one in consensus.validators])
    dealers = _active(records, key.holders) if key is not None else members
    threshold = threshold_of(len(members))
    return OprfDealing(
        number=last.number + 1 if last is not None else 1,
        renews=key.epoch if key is not None else 0,
        threshold=threshold,
        least=key.threshold if key is not None else threshold,
        dealers=dealers,
        places=tuple(key.members.index(one) + 1 for one in dealers) if key is not None else (),
        members=members,
        phase=OprfPhase.ANNOUNCING,
        since=0,
        announced=(),
        dealt=(),
        faulty=(),
        confirmed=(),
    )


def opens_at(records: Reader, dealing: OprfDealing) -> int:
    """When `next_dealing` may be opened, block time: at once for a first key or other members, else later."""
    key, last = records.get(OprfKey, "0"), records.get(OprfDealing, "0")
    if last is None:
        return 0
    if last.phase is OprfPhase.FAILED:
        return last.since + (PHASE_SECONDS if key is None or dealing.members != last.members else RENEW_SECONDS)
    return 0 if key is None or dealing.members != key.members else last.since + RENEW_SECONDS


def may_open(records: Reader, dealing: OprfDealing, org: str) -> bool:
    """Whether `next_dealing` is needed at all: there is no key yet, other members, or `org` among them has no share.

    Else any member could have all others deal for nothing, and choose a moment when somebody is away.
    """
    key = records.get(OprfKey, "0")
    if key is None:
        return len(dealing.members) >= LEAST_MEMBERS
    return dealing.members != key.members or (org in dealing.members and org not in key.holders)


def suffices(dealing: OprfDealing, done: Sequence[str]) -> bool:
    """Whether a dealing may go on with those who announced, or end with those who confirmed.

    A new key needs as many as its threshold. A hand-over leaves no active holder behind that stays a member, and afterwards as
    many holders can fail as before, if there are so many: what honest members could do together, they still can.
    """
    if not dealing.renews:
        return len(done) >= dealing.threshold
    spare = len(dealing.dealers) - dealing.least
    stay = set(dealing.dealers) & set(dealing.members)
    return stay <= set(done) and len(done) >= min(len(dealing.members), dealing.threshold + spare)


def context_of(genesis_digest: bytes, dealing: OprfDealing) -> bytes:
    """What names a dealing in everything that is sealed and proved in it."""
    return digest_context(
        genesis_digest,
        number=dealing.number,
        renews=dealing.renews,
        threshold=dealing.threshold,
        dealers=dealing.dealers,
        members=dealing.members,
    )


def weights_in(dealing: OprfDealing, good: Sequence[str]) -> dict[str, int]:
    """By what each of these deals counts, sorted by dealer; where a key is handed on, the first ones, as many as are needed."""
    if not dealing.renews:
        return weights_of(good)
    chosen = good[: dealing.least]
    return weights_of(chosen, [dealing.places[dealing.dealers.index(one)] for one in chosen])


def deal_of(record: OprfDeal) -> Deal:
    """What a dealer dealt, as the protocol reads it; its proof was checked when it came."""
    return Deal(record.sender_key, record.commitments, b"", record.sealed)


def _active(records: Reader, orgs: Iterable[str]) -> tuple[str, ...]:
    found = ((org, records.get(Member, org)) for org in orgs)
    return tuple(org for org, member in found if member is not None and member.state is MemberState.ACTIVE)
