"""Hand-over: q of the members that count leave a dead sequencer, for one successor, in one term."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import ConsensusSet, Member, MemberState
from atoll.ledger.rules.consensus import Handover, HandoverVote, SignedVote
from atoll.ledger.rules.errors import BadApproval, NotAllowed, NotMember
from atoll.ledger.rules.keys import RevokeKey
from atoll.testing.consortium import Founding
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.rules.lagoon import Lagoon, new_key


def vote(lagoon: Lagoon, org: str, *, key: SecretKey | None = None, **changes: Any) -> SignedVote:
    """A vote for the bank in term 2."""
    said = HandoverVote(
        genesis_digest=lagoon.founding.genesis_digest,
        org=org,
        new_term=2,
        new_sequencer="bank",
        height=0,
        size=2,
        root=bytes(32),
    )
    said = replace(said, **changes)
    secret = key or lagoon.founding.keys[org][Purpose.IDENTITY]
    return SignedVote(vote=said, signature=secret.sign(said.signed_bytes()))


def handover(*votes: SignedVote, new_term: int = 2) -> Handover:
    return Handover(new_term=new_term, votes=votes)


def votes_of(lagoon: Lagoon, *orgs: str, **changes: Any) -> tuple[SignedVote, ...]:
    return tuple(vote(lagoon, org, **changes) for org in orgs)


def test_q_members_hand_over_to_the_one_they_voted_for() -> None:
    lagoon = Lagoon()
    assert lagoon.get(ConsensusSet, "0").quorum() == 3
    lagoon.do("bank", handover(*votes_of(lagoon, "auditor", "bank", "telecom")))
    after = lagoon.get(ConsensusSet, "0")
    assert (after.term, after.sequencer) == (2, "bank")
    assert after.log == lagoon.founding.orgs["bank"].public(Purpose.LOG)
    assert [one.org for one in after.counted()] == ["auditor", "bureau", "operator", "telecom"]


def test_fewer_than_q_votes_change_nothing() -> None:
    lagoon = Lagoon()
    sentence = lagoon.refused(BadApproval, "bank", handover(*votes_of(lagoon, "auditor", "telecom")))
    assert "votes of 3 of 4" in sentence


@pytest.mark.parametrize(("members", "quorum"), [(2, 1), (3, 2), (4, 3), (5, 3), (6, 4), (7, 5), (8, 5), (11, 7)])
def test_a_quorum_is_more_than_two_thirds_of_those_that_count(members: int, quorum: int) -> None:
    """One of the members orders and does not count."""
    orgs = [f"m{at:02}" for at in range(members)]
    consensus = Lagoon(orgs=orgs).get(ConsensusSet, "0")
    counted = len(consensus.counted())
    assert (counted, consensus.quorum()) == (members - 1, quorum)
    assert 3 * quorum > 2 * counted >= 3 * (quorum - 1)


def test_a_voter_counts_once() -> None:
    lagoon = Lagoon()
    twice = votes_of(lagoon, "auditor", "auditor", "telecom")
    lagoon.refused(NotAllowed, "bank", handover(*twice))
    again = (*votes_of(lagoon, "auditor"), vote(lagoon, "auditor", height=1), *votes_of(lagoon, "telecom"))
    lagoon.refused(NotAllowed, "bank", handover(*again))


def test_votes_stand_sorted_so_that_there_is_one_way_to_write_them() -> None:
    lagoon = Lagoon()
    lagoon.refused(NotAllowed, "bank", handover(*votes_of(lagoon, "telecom", "bank", "auditor")))


def test_the_old_sequencer_does_not_count() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadApproval, "bank", handover(*votes_of(lagoon, "auditor", "bank", "operator")))
    lagoon.refused(BadApproval, "bank", handover(*votes_of(lagoon, "auditor", "bank", "operator", "telecom")))


def test_a_member_that_does_not_validate_does_not_count() -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    assert lagoon.get(ConsensusSet, "0").quorum() == 3
    lagoon.refused(BadApproval, "bank", handover(*votes_of(lagoon, "auditor", "bank", "telecom")))
    lagoon.do("bank", handover(*votes_of(lagoon, "auditor", "bank", "bureau")))


WRONG: dict[str, dict[str, Any]] = {
    "another ledger": {"genesis_digest": Founding(chain_id="test.example/other").genesis_digest},
    "a later term": {"new_term": 3},
    "an earlier term": {"new_term": 1},
    "another successor": {"new_sequencer": "telecom"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_vote_for_something_else_does_not_count(wrong: str) -> None:
    lagoon = Lagoon()
    votes = (*votes_of(lagoon, "auditor", "bank"), vote(lagoon, "telecom", **WRONG[wrong]))
    lagoon.refused(BadApproval, "bank", handover(*votes))


def test_a_vote_is_signed_by_the_voters_identity_key() -> None:
    lagoon = Lagoon()
    good = votes_of(lagoon, "auditor", "bank")
    for key in (lagoon.founding.keys["bank"][Purpose.IDENTITY], lagoon.founding.keys["telecom"][Purpose.COSIGN]):
        lagoon.refused(BadApproval, "bank", handover(*good, vote(lagoon, "telecom", key=key)))
    changed = vote(lagoon, "telecom")
    lagoon.refused(BadApproval, "bank", handover(*good, replace(changed, vote=replace(changed.vote, height=9))))


def test_a_vote_signed_with_a_rotated_or_revoked_key_does_not_count() -> None:
    rotated = Lagoon()
    old = votes_of(rotated, "auditor", "bank", "telecom")
    new = new_key(Purpose.IDENTITY)
    rotated.rotate("telecom", Purpose.IDENTITY, new)
    rotated.refused(BadApproval, "bank", handover(*old))
    rotated.do("bank", handover(*old[:2], vote(rotated, "telecom", key=new)))
    revoked = Lagoon().do("telecom", RevokeKey(org="telecom", purpose=Purpose.IDENTITY, second=b""))
    revoked.refused(BadApproval, "bank", handover(*votes_of(revoked, "auditor", "bank", "telecom")))


def test_one_bad_vote_among_enough_good_ones_is_refused_too() -> None:
    """Whoever reads the votes later must not have to ask which of them counted."""
    lagoon = Lagoon()
    votes = votes_of(lagoon, "auditor", "bank", "bureau")
    lagoon.refused(BadApproval, "bank", handover(*votes, replace(vote(lagoon, "telecom"), signature=bytes(64))))
    lagoon.do("bank", handover(*votes))


def test_the_votes_are_for_whoever_sends_them() -> None:
    lagoon = Lagoon()
    lagoon.refused(BadApproval, "telecom", handover(*votes_of(lagoon, "auditor", "bank", "telecom")))


def test_terms_only_grow_but_may_leap_over_one_that_never_began() -> None:
    lagoon = Lagoon()
    lagoon.refused(NotAllowed, "bank", handover(*votes_of(lagoon, "auditor", "bank", "telecom", new_term=1), new_term=1))
    lagoon.do("bank", handover(*votes_of(lagoon, "auditor", "bank", "telecom", new_term=4), new_term=4))
    assert lagoon.get(ConsensusSet, "0").term == 4


def test_a_handover_cannot_be_replayed() -> None:
    lagoon = Lagoon()
    body = handover(*votes_of(lagoon, "auditor", "bank", "telecom"))
    lagoon.do("bank", body).refused(NotAllowed, "bank", body)


def test_a_successor_is_an_active_member() -> None:
    lagoon = Lagoon()
    votes = votes_of(lagoon, "auditor", "bank", "telecom")
    lagoon.put(replace(lagoon.get(Member, "bank"), state=MemberState.SUSPENDED))
    lagoon.refused(NotMember, "bank", handover(*votes))


def test_somebody_must_be_left_to_cosign() -> None:
    lagoon = Lagoon(orgs=["bank", "operator"], sequencer="operator", not_validating=["operator"])
    lagoon.refused(NotAllowed, "bank", handover(*votes_of(lagoon, "bank")))


def test_the_next_handover_counts_the_members_of_the_new_term() -> None:
    lagoon = Lagoon().do("bank", handover(*votes_of(Lagoon(), "auditor", "bank", "telecom")))
    again = {"new_term": 3, "new_sequencer": "operator"}
    lagoon.refused(BadApproval, "operator", handover(*votes_of(lagoon, "auditor", "bank", "operator", **again), new_term=3))
    lagoon.do("operator", handover(*votes_of(lagoon, "auditor", "bureau", "operator", **again), new_term=3))
    assert lagoon.get(ConsensusSet, "0").sequencer == "operator"


def test_nobody_takes_over_with_a_revoked_key_for_checkpoints() -> None:
    lagoon = Lagoon().do("bank", RevokeKey(org="bank", purpose=Purpose.LOG, second=b""))
    votes = votes_of(lagoon, "auditor", "bank", "telecom")
    lagoon.refused(NotAllowed, "bank", handover(*votes))
    lagoon.rotate("bank", Purpose.LOG, new_key(Purpose.LOG)).do("bank", handover(*votes))


def test_a_member_whose_cosigning_key_is_revoked_does_not_vote() -> None:
    lagoon = Lagoon().do("telecom", RevokeKey(org="telecom", purpose=Purpose.COSIGN, second=b""))
    lagoon.refused(BadApproval, "bank", handover(*votes_of(lagoon, "auditor", "bank", "telecom")))
    lagoon.do("bank", handover(*votes_of(lagoon, "auditor", "bank", "bureau")))


def test_nobody_hands_over_to_the_only_member_whose_cosigning_key_counts() -> None:
    lagoon = Lagoon(orgs=["operator", "bank"]).do("operator", RevokeKey(org="operator", purpose=Purpose.COSIGN, second=b""))
    lagoon.refused(NotAllowed, "bank", handover(*votes_of(lagoon, "bank")))
