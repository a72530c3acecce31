"""How the members' key is dealt: nobody's part can be wrong without being found out, and nobody's absence stops the others."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from atoll.ledger.records import ConsensusSet, Member, MemberState, OprfDeal, OprfDealing, OprfKey, OprfPhase, OprfReceiver
from atoll.ledger.rules import errors
from atoll.ledger.rules.oprf_dealing import LoseShare
from atoll.ledger.rules.oprf_plan import LOSS_SECONDS, PHASE_SECONDS, RENEW_SECONDS, may_open, next_dealing
from atoll.primitives import ristretto
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.threshold_oprf import Question, Share, verify_answer
from tests.unit.rules.dealers import MEMBERS, Dealers
from tests.unit.rules.lagoon import enrolment


def evaluate(dealers: Dealers, *orgs: str) -> tuple[bytes, ...]:
    """The tags of two inputs, by these members' shares."""
    question, key = Question([b"a table", b"its rows"], bytes(32)), dealers.key
    answers = {}
    for org in orgs:
        found = key.share_of(org)
        assert found is not None
        answers[found[0]], proof = Share(dealers.shares[key.epoch, org], bytes(32)).answer(question.blinded)
        verify_answer(found[1], question.blinded, answers[found[0]], proof)
    return question.tags(answers)


def phase_of(dealers: Dealers) -> OprfPhase:
    """Read anew: a type checker takes a property for unchanged after what changes it."""
    return dealers.dealing.phase


# -- when all goes well --------------------------------------------------------------------------------------------------------


def test_four_members_get_a_key_that_any_three_use_and_no_two() -> None:
    dealers = Dealers().ready()
    assert (dealers.key.threshold, dealers.key.members, dealers.key.holders) == (3, MEMBERS, MEMBERS)
    tags = {evaluate(dealers, *orgs) for orgs in combinations(MEMBERS, 3)}
    assert len(tags) == 1
    assert not tags & {evaluate(dealers, *orgs) for orgs in combinations(MEMBERS, 2)}


def test_the_public_key_is_that_of_the_key_that_the_shares_make() -> None:
    dealers = Dealers().ready()
    secret = SecretScalar.from_canonical(dealers.value_of_key(*MEMBERS))
    assert ristretto.multiply_base(secret) == dealers.key.public


def test_every_phase_ends_when_the_last_one_has_done_its_part() -> None:
    dealers = Dealers()
    dealers.announced(*MEMBERS[:3])
    assert phase_of(dealers) is OprfPhase.ANNOUNCING
    dealers.announced(MEMBERS[3])
    assert phase_of(dealers) is OprfPhase.DEALING
    dealers.dealt()
    assert phase_of(dealers) is OprfPhase.CONFIRMING
    dealers.confirmed(*MEMBERS[:3])
    assert dealers.lagoon.state.get(OprfKey, "0") is None
    dealers.confirmed(MEMBERS[3])
    assert phase_of(dealers) is OprfPhase.DONE
    assert dealers.key.epoch == 1


# -- announcements -------------------------------------------------------------------------------------------------------------


def test_only_a_validating_member_announces_and_only_once() -> None:
    dealers = Dealers()
    body = dealers.announcement("bank")
    dealers.lagoon.refused(errors.OprfWrongDealing, "operator", body)
    dealers.lagoon.do("bank", body)
    dealers.lagoon.refused(errors.AlreadyExists, "bank", body)


@pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 32, (1).to_bytes(32, "little")], ids=["zero", "above p", "order 4"])
def test_keys_that_nothing_can_be_sealed_to_are_refused(bad: bytes) -> None:
    dealers = Dealers()
    body = dealers.announcement("bank")
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", replace(body, keys=(*body.keys[:3], bad)))


def test_who_takes_another_dealing_for_agreed_is_refused() -> None:
    dealers = Dealers()
    body = dealers.announcement("bank")
    for wrong in (replace(body, context=bytes(32)), replace(body, keys=body.keys[:3]), replace(body, number=2)):
        dealers.lagoon.refused(errors.OprfWrongDealing, "bank", wrong)


# -- deals ---------------------------------------------------------------------------------------------------------------------


def test_a_replayed_deal_is_refused() -> None:
    dealers = Dealers().announced().dealt("bank")
    dealers.lagoon.refused(errors.AlreadyExists, "bank", dealers.deal("bank"))


def test_a_deal_of_another_dealer_is_refused_because_its_proof_names_its_dealer() -> None:
    """Without the proof, the last dealer could deal the negative of the others' sum and know the key."""
    dealers = Dealers().announced().dealt("bank")
    stolen = dealers.deal("bank")
    assert "prove" in dealers.lagoon.refused(errors.OprfBadDeal, "bureau", stolen)


def test_a_deal_from_a_dealing_before_is_refused_because_its_proof_names_the_dealing() -> None:
    dealers = Dealers().announced()
    old = dealers.deal("bank")
    dealers.closed().lagoon.later(seconds=PHASE_SECONDS)
    assert phase_of(dealers) is OprfPhase.FAILED
    dealers.announced()
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", old)
    dealers.lagoon.refused(errors.OprfBadDeal, "bank", replace(old, number=2))


def test_wrong_forms_of_a_deal_are_refused() -> None:
    dealers = Dealers().announced()
    good = dealers.deal("bank")
    wrong: dict[str, dict[str, Any]] = {
        "no proof": {"proof": bytes(64)},
        "another proof": {"proof": good.proof[:32] + bytes(32)},
        "too few commitments": {"commitments": good.commitments[:2]},
        "too many commitments": {"commitments": (*good.commitments, good.commitments[0])},
        "the identity": {"commitments": (*good.commitments[:2], bytes(32))},
        "no element": {"commitments": (*good.commitments[:2], b"\xff" * 32)},
        "a share too few": {"sealed": good.sealed[:3]},
        "an empty share": {"sealed": (b"", *good.sealed[1:])},
        "a short share": {"sealed": (good.sealed[0][:79], *good.sealed[1:])},
    }
    for changes in wrong.values():
        dealers.lagoon.refused(errors.OprfBadDeal, "bank", replace(good, **changes))
    dealers.lagoon.refused(errors.OprfWrongDealing, "operator", good)
    dealers.lagoon.do("bank", good)


def test_nothing_is_dealt_before_the_keys_are_there_and_nothing_confirmed_before_the_deals() -> None:
    dealers = Dealers().announced(*MEMBERS[:3])
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", dealers.confirmation())
    dealers.announced(MEMBERS[3])
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", dealers.confirmation())
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", dealers.complaint("bank", "bureau"))


# -- complaints ----------------------------------------------------------------------------------------------------------------


def test_a_wrong_share_is_shown_to_everybody_and_its_deal_counts_no_more() -> None:
    dealers = Dealers().announced().dealt("auditor", "bank", "telecom")
    dealers.lagoon.do("bureau", dealers.deal("bureau", wrong=frozenset({"bank"})))
    dealers.confirmed("auditor", "bureau", "telecom")
    dealers.lagoon.do("bank", dealers.complaint("bank", "bureau"))
    assert (dealers.dealing.dealt, dealers.dealing.faulty) == (("auditor", "bank", "telecom"), ("bureau",))
    dealers.confirmed("bank")
    assert dealers.key.dealers == ("auditor", "bank", "telecom")
    dealers.collected()
    assert evaluate(dealers, *MEMBERS[:3]) == evaluate(dealers, *MEMBERS[1:])


@pytest.mark.parametrize("sealed", [bytes(80), b"\xff" * 80], ids=["low order", "garbage"])
def test_a_share_that_cannot_be_opened_is_a_wrong_one(sealed: bytes) -> None:
    dealers = Dealers().announced().dealt("auditor", "bank", "telecom")
    good = dealers.deal("bureau")
    dealers.lagoon.do("bureau", replace(good, sealed=(good.sealed[0], sealed, *good.sealed[2:])))
    dealers.lagoon.do("bank", dealers.complaint("bank", "bureau"))
    assert dealers.dealing.faulty == ("bureau",)


def test_nobody_is_accused_of_a_share_that_fits() -> None:
    dealers = Dealers().announced().dealt()
    assert "committed" in dealers.lagoon.refused(errors.OprfUnfounded, "bank", dealers.complaint("bank", "bureau"))


def test_a_complaint_must_show_the_very_key_that_the_share_was_sealed_to() -> None:
    """Else anybody could show a key under which nothing opens, and accuse whom it likes."""
    dealers = Dealers().announced().dealt()
    body = dealers.complaint("bank", "bureau")
    other = dealers.complaint("bank", "telecom").material
    for material in (bytes(32), other):
        assert "does not show" in dealers.lagoon.refused(errors.OprfUnfounded, "bank", replace(body, material=material))
    dealers.lagoon.refused(errors.OprfUnfounded, "bank", replace(body, dealer="operator"))
    dealers.lagoon.refused(errors.OprfWrongDealing, "operator", body)


def test_where_too_few_deals_are_left_the_dealing_fails_and_no_key_stands() -> None:
    """With fewer deals than the threshold, all of them could be those of members that plot together."""
    dealers = Dealers().announced().dealt("auditor", "bank")
    for org in ("bureau", "telecom"):
        dealers.lagoon.do(org, dealers.deal(org, wrong=frozenset({"bank"})))
    dealers.lagoon.do("bank", dealers.complaint("bank", "bureau"))
    assert phase_of(dealers) is OprfPhase.CONFIRMING
    dealers.lagoon.do("bank", dealers.complaint("bank", "telecom"))
    assert phase_of(dealers) is OprfPhase.FAILED
    assert dealers.lagoon.state.get(OprfKey, "0") is None
    dealers.lagoon.refused(errors.TooEarly, "bank", dealers.announcement("bank"))
    dealers.lagoon.later(seconds=PHASE_SECONDS)
    dealers.ready()
    assert dealers.key.epoch == 2


# -- members that are missing --------------------------------------------------------------------------------------------------


def test_a_member_that_is_down_from_the_beginning_stays_without_a_share() -> None:
    dealers = Dealers().announced(*MEMBERS[:3])
    dealers.lagoon.refused(errors.TooEarly, "bank", dealers.closing())
    dealers.closed().dealt(*MEMBERS[:3]).closed().confirmed()
    assert (dealers.key.members, dealers.key.holders, dealers.key.threshold) == (MEMBERS, MEMBERS[:3], 3)
    dealers.collected()
    assert ristretto.multiply_base(SecretScalar.from_canonical(dealers.value_of_key(*MEMBERS[:3]))) == dealers.key.public


def test_a_member_that_dies_before_it_confirms_does_not_hold_up_the_others() -> None:
    dealers = Dealers().announced().dealt().confirmed(*MEMBERS[1:]).closed()
    assert dealers.key.holders == MEMBERS[1:]


def test_with_fewer_than_the_threshold_a_phase_ends_in_failure() -> None:
    for dealers in (
        Dealers().announced(*MEMBERS[:2]),
        Dealers().announced().dealt(*MEMBERS[:2]),
        Dealers().announced().dealt().confirmed(*MEMBERS[:2]),
    ):
        dealers.closed()
        assert phase_of(dealers) is OprfPhase.FAILED
        assert dealers.lagoon.state.get(OprfKey, "0") is None


def test_a_stranger_to_the_dealing_closes_nothing() -> None:
    dealers = Dealers().announced("bank")
    dealers.lagoon.later(seconds=PHASE_SECONDS)
    dealers.lagoon.refused(errors.OprfWrongDealing, "operator", dealers.closing())
    dealers.closed()
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", dealers.closing())


# -- handing the key on --------------------------------------------------------------------------------------------------------


def without(dealers: Dealers, org: str) -> None:
    """A member leaves, as if a rule had let it go."""
    lagoon = dealers.lagoon
    consensus = lagoon.get(ConsensusSet, "0")
    validators = tuple(one for one in consensus.validators if one.org != org)
    lagoon.put(replace(consensus, validators=validators))
    lagoon.put(replace(lagoon.get(Member, org), state=MemberState.LEFT))


def joined(dealers: Dealers) -> None:
    """A fifth member comes to validate."""
    lagoon = dealers.lagoon
    hospital = lagoon.founding.add("hospital")
    lagoon.do("hospital", enrolment(hospital, lagoon.invite(hospital).expose_secret()))


def test_the_key_is_handed_on_to_other_members_and_stays_the_same() -> None:
    dealers = Dealers().ready()
    tags, public, secret = evaluate(dealers, *MEMBERS[:3]), dealers.key.public, dealers.value_of_key(*MEMBERS)
    without(dealers, "auditor")
    rest = MEMBERS[1:]
    dealers.announced(*rest).dealt().confirmed().collected()
    assert (dealers.key.epoch, dealers.key.members, dealers.key.threshold) == (2, rest, 2)
    assert dealers.key.public == public
    assert dealers.value_of_key(*rest) == secret
    for orgs in combinations(rest, 2):
        assert evaluate(dealers, *orgs) == tags


def test_old_and_new_shares_do_not_mix() -> None:
    dealers = Dealers().ready()
    tags = evaluate(dealers, *MEMBERS[:3])
    dealers.lost("telecom").announced("telecom", *MEMBERS[:3]).dealt().confirmed().collected()
    assert evaluate(dealers, *MEMBERS[:3]) == tags
    dealers.shares[2, "bank"] = dealers.shares[1, "bank"]
    with pytest.raises(Exception, match="proof"):
        evaluate(dealers, *MEMBERS[:3])


def test_a_holder_hands_on_its_own_share_and_nothing_else() -> None:
    """Else one holder would replace the key by another, and every tag on the ledger would lose its meaning."""
    dealers = Dealers().ready()
    dealers.lost("telecom").announced("telecom", *MEMBERS[:3])
    other = dealers.deal("bank", secret=dealers.shares[1, "bureau"])
    assert "something else" in dealers.lagoon.refused(errors.OprfBadDeal, "bank", other)


def test_a_key_is_handed_on_to_the_same_members_only_after_a_while() -> None:
    dealers = Dealers().ready_without("telecom")
    dealers.lagoon.later(seconds=RENEW_SECONDS - 1)
    dealers.lagoon.refused(errors.TooEarly, "telecom", dealers.announcement("telecom"))
    dealers.lagoon.later().do("telecom", dealers.announcement("telecom"))


def test_a_wrong_share_of_the_old_key_is_complained_of_like_any_other() -> None:
    dealers = Dealers().ready()
    secret = dealers.value_of_key(*MEMBERS)
    joined(dealers)
    dealers.announced(*MEMBERS, "hospital").dealt("bank", "bureau", "telecom")
    dealers.lagoon.do("auditor", dealers.deal("auditor", wrong=frozenset({"bank"})))
    dealers.lagoon.do("bank", dealers.complaint("bank", "auditor"))
    dealers.confirmed().collected()
    assert dealers.key.dealers == ("bank", "bureau", "telecom")
    assert dealers.value_of_key(*MEMBERS) == secret


def test_a_failed_hand_over_leaves_the_key_in_force_where_it_was() -> None:
    dealers = Dealers().ready()
    key = dealers.lost("telecom").key
    dealers.announced("telecom", *MEMBERS[:3]).dealt("bank", "bureau").closed()
    assert phase_of(dealers) is OprfPhase.FAILED
    assert dealers.key == key


def test_the_key_in_force_cannot_be_handed_on_by_fewer_than_its_threshold() -> None:
    dealers = Dealers().ready()
    for org in ("auditor", "bank"):
        without(dealers, org)
    assert "too few" in dealers.lagoon.refused(errors.OprfWrongDealing, "bureau", dealers.announcement("bureau"))


def test_a_member_that_missed_the_dealing_gets_its_share_by_a_hand_over() -> None:
    dealers = Dealers().ready_without("telecom")
    secret = dealers.value_of_key(*MEMBERS[:3])
    dealers.lagoon.later(seconds=RENEW_SECONDS)
    dealers.announced("telecom", "auditor", "bank", "bureau")
    assert dealers.dealing.dealers == MEMBERS[:3]
    dealers.dealt().confirmed().collected()
    assert dealers.key.holders == MEMBERS
    assert dealers.value_of_key("bank", "bureau", "telecom") == secret


def test_a_new_validating_member_gets_a_share_of_the_same_key() -> None:
    dealers = Dealers().ready()
    tags, public = evaluate(dealers, *MEMBERS[:3]), dealers.key.public
    joined(dealers)
    dealers.announced(*MEMBERS, "hospital").dealt().confirmed().collected()
    assert (dealers.key.members, dealers.key.threshold) == (("auditor", "bank", "bureau", "hospital", "telecom"), 3)
    assert (dealers.key.public, dealers.key.dealers) == (public, MEMBERS[:3])
    assert evaluate(dealers, "hospital", "bank", "telecom") == tags


def test_two_dealings_are_never_under_way() -> None:
    dealers = Dealers().announced("bank")
    body = dealers.announcement("bureau")
    dealers.lagoon.refused(errors.OprfWrongDealing, "bureau", replace(body, number=2))
    assert dealers.lagoon.get(OprfDealing, "0").number == 1


# -- hand-overs that nobody needs, or that would cost the key ------------------------------------------------------------------


def test_a_holder_cannot_have_all_others_deal_for_nothing() -> None:
    dealers = Dealers().ready_without("telecom")
    dealers.lagoon.later(seconds=RENEW_SECONDS)
    for org in MEMBERS[:3]:
        dealers.lagoon.refused(errors.OprfWrongDealing, org, dealers.announcement(org))
    dealers.lagoon.do("telecom", dealers.announcement("telecom"))


def test_a_hand_over_that_leaves_a_holder_behind_fails_and_the_key_stays() -> None:
    """Else one hostile member waits until another is away, and the key is lost as soon as it falls silent."""
    dealers = Dealers().ready().lost("telecom")
    key = dealers.key
    dealers.announced("telecom", "bank", "bureau").closed()
    assert (dealers.dealing.phase, dealers.key) == (OprfPhase.FAILED, key)
    dealers.lagoon.later(seconds=RENEW_SECONDS)
    dealers.announced("telecom", *MEMBERS[:3]).dealt().confirmed("bank", "bureau", "telecom").closed()
    assert (dealers.dealing.phase, dealers.key) == (OprfPhase.FAILED, key)


def test_a_hand_over_to_more_members_leaves_as_many_to_spare_as_before() -> None:
    dealers = Dealers().ready()
    without(dealers, "auditor")
    dealers.announced(*MEMBERS[1:]).dealt().confirmed().collected()
    assert (dealers.key.threshold, len(dealers.key.holders)) == (2, 3)
    joined(dealers)
    key = dealers.key
    dealers.announced(*MEMBERS[1:]).closed()  # three holders of a 3-of-4 key: none of them could fail any more
    assert (dealers.dealing.phase, dealers.key) == (OprfPhase.FAILED, key)


def test_a_hand_over_that_failed_is_tried_again_only_after_a_while_unless_the_members_change() -> None:
    dealers = Dealers().ready()
    joined(dealers)
    dealers.announced("hospital", *MEMBERS[:3]).closed()
    dealers.lagoon.later(seconds=RENEW_SECONDS - 1)
    dealers.lagoon.refused(errors.TooEarly, "hospital", dealers.announcement("hospital"))
    without(dealers, "auditor")
    dealers.announced("hospital", *MEMBERS[1:])
    assert dealers.dealing.number == 3


def test_who_confirms_late_is_a_holder_still() -> None:
    dealers = Dealers().announced().dealt().confirmed(*MEMBERS[:3]).closed()
    holders = dealers.key.holders
    assert holders == MEMBERS[:3]
    dealers.confirmed("telecom")
    assert (dealers.key.holders, dealers.dealing.phase) == (MEMBERS, OprfPhase.DONE)
    dealers.lagoon.refused(errors.AlreadyExists, "telecom", dealers.confirmation())
    dealers.collected()


def test_nobody_confirms_late_what_it_never_received_or_what_never_came_about() -> None:
    dealers = Dealers().ready_without("telecom")
    dealers.lagoon.refused(errors.OprfWrongDealing, "telecom", dealers.confirmation())
    dealers = Dealers().announced().dealt().confirmed("bank").closed()
    dealers.lagoon.refused(errors.OprfWrongDealing, "bureau", dealers.confirmation())


def test_a_share_is_lost_by_its_holder_once_a_day_at_most() -> None:
    dealers = Dealers().ready()
    dealers.lagoon.later(seconds=LOSS_SECONDS - 1)
    dealers.lagoon.refused(errors.TooEarly, "telecom", LoseShare(epoch=1))
    dealers.lagoon.later()
    dealers.lagoon.refused(errors.OprfWrongDealing, "telecom", LoseShare(epoch=2))
    dealers.lagoon.refused(errors.OprfWrongDealing, "operator", LoseShare(epoch=1))
    dealers.lagoon.do("telecom", LoseShare(epoch=1))
    assert dealers.key.holders == MEMBERS[:3]
    dealers.announced("telecom")
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", LoseShare(epoch=1))


def test_a_key_is_not_dealt_to_one_member_and_its_smallest_threshold_is_remembered() -> None:
    dealers = Dealers()
    for org in ("auditor", "bureau", "telecom"):
        without(dealers, org)
    dealers.lagoon.refused(errors.OprfWrongDealing, "bank", dealers.announcement("bank"))
    assert not may_open(dealers.lagoon.state, next_dealing(dealers.lagoon.state), "bank")
    dealers = Dealers().ready()
    without(dealers, "auditor")
    dealers.announced(*MEMBERS[1:]).dealt().confirmed().collected()
    joined(dealers)
    dealers.announced(*MEMBERS[1:], "hospital").dealt().confirmed()
    assert (dealers.key.threshold, dealers.key.weakest) == (3, 2)


def test_the_ledger_keeps_one_part_of_each_member_however_many_dealings_there_are() -> None:
    dealers = Dealers().ready().lost("telecom").announced("telecom", *MEMBERS[:3]).dealt()
    state = dealers.lagoon.state
    assert {state.get(OprfReceiver, org).number for org in MEMBERS} == {2}  # type: ignore[union-attr]
    assert {org: state.get(OprfDeal, org).number for org in MEMBERS} == dict.fromkeys(MEMBERS[:3], 2) | {"telecom": 1}  # type: ignore[union-attr]
