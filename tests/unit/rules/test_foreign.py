"""Claims across consortia: who may take which step, in what order, and what ends them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from atoll.ledger.records import ForeignClaims, ForeignState, MotionCounter, MotionKind
from atoll.ledger.rules.errors import ClaimHeld, ClaimRefused, NotAllowed, WrongState
from atoll.ledger.rules.foreign import DAY_SECONDS, HOLD_SECONDS, LEEWAY_SECONDS, MOST_A_DAY, STAMP_SECONDS, UNUSED_SECONDS
from atoll.ledger.rules.motion import ApproveMotion
from tests.unit.rules.foreigners import (
    AGREEMENT,
    EAST,
    ENDING,
    KEY_ID,
    NORTH,
    TERMS,
    WAIT,
    claim_of,
    closed,
    confirmed,
    confirming,
    key,
    opened,
    opening,
    releasing,
    reserving,
    stamped,
    stamping,
    yielding,
)
from tests.unit.rules.lagoon import Lagoon, registration


def test_a_reservation_that_outsiders_saw_is_confirmed_once_the_others_were_asked_late_enough() -> None:
    lagoon = stamped().do("bank", confirming(claim_of(stamped()).witnessed_at + WAIT))
    claim = claim_of(lagoon)
    assert (claim.state, claim.org, claim.dataset) == (ForeignState.CONFIRMED, "bank", "bank/copy/1")
    assert [one.origin for one in claim.others] == [EAST, NORTH]
    assert claim.stamp == sha256(b"seen").digest()


def test_the_check_is_opened_by_more_than_half_of_those_who_decide_and_by_no_operator_alone() -> None:
    lagoon = Lagoon().do("operator", opening())
    for org in ("bank", "bureau"):
        lagoon.do(org, ApproveMotion(number=1))
        assert lagoon.get(ForeignClaims, "0").agreement == b""
    lagoon.do("telecom", ApproveMotion(number=1))
    held = lagoon.get(ForeignClaims, "0")
    assert (held.agreement, held.key_id, held.origins, held.wait_seconds) == (AGREEMENT, KEY_ID, (EAST, NORTH), WAIT)


def test_a_motion_says_terms_if_it_is_about_an_agreement_and_then_nothing_else() -> None:
    for body in (
        replace(opening(), terms=None),
        replace(opening(), org="bank"),
        replace(opening(), from_height=20),
        replace(opening(), kind=MotionKind.REMOVE, org="bank"),
    ):
        assert "does not say this" in Lagoon().refused(NotAllowed, "operator", body)


def test_of_two_agreements_that_stand_open_only_one_is_carried() -> None:
    lagoon = Lagoon().do("operator", opening()).do("operator", opening(key_id=b"\x0c" * 16)).carry(1)
    lagoon.refused(WrongState, "bank", ApproveMotion(number=2))


@pytest.mark.parametrize("origins", [(NORTH, EAST), (EAST, EAST), ("test.example/lagoon",)])
def test_the_other_consortia_are_sorted_and_others(origins: tuple[str, ...]) -> None:
    Lagoon().refused(ClaimRefused, "operator", opening(origins=origins))


def test_the_agreement_may_be_replaced_and_the_key_may_not() -> None:
    lagoon = opened(opened(), agreement=b"\x0c" * 32)
    assert lagoon.get(ForeignClaims, "0").agreement == b"\x0c" * 32
    lagoon.refused(ClaimRefused, "operator", opening(key_id=b"\x0c" * 16))


def test_an_agreement_that_was_replaced_does_not_come_back_by_the_yes_that_an_old_motion_lacked() -> None:
    lagoon = Lagoon().do("operator", opening(wait_seconds=1)).do("bank", ApproveMotion(number=1))
    lagoon.do("operator", opening(agreement=b"\x0c" * 32)).carry(2)
    for org in ("bureau", "telecom"):
        lagoon.refused(WrongState, org, ApproveMotion(number=1))
    assert lagoon.get(ForeignClaims, "0").agreement == b"\x0c" * 32
    assert opened(lagoon, agreement=b"\x0d" * 32).get(ForeignClaims, "0").agreement == b"\x0d" * 32


def test_what_was_reserved_under_an_agreement_that_was_replaced_is_given_up_and_goes_no_further() -> None:
    lagoon = opened(opened().do("bank", reserving("bank")), agreement=b"\x0c" * 32, wait_seconds=1).later()
    lagoon.refused(ClaimRefused, "bank", stamping(lagoon.time))
    lagoon = opened(stamped(), agreement=b"\x0c" * 32, origins=(EAST,), wait_seconds=1)
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time, EAST))
    lagoon.refused(ClaimRefused, "bank", yielding(lagoon.time))
    lagoon.do("bank", releasing()).do("bank", reserving("bank", agreement=b"\x0c" * 32))


def test_what_was_confirmed_before_another_consortium_joined_registers_nothing_any_more() -> None:
    lagoon = opened(confirmed(), agreement=b"\x0c" * 32, origins=(EAST, NORTH, "west.example/bay"))
    refused = lagoon.refused(ClaimRefused, "bank", registration("bank/copy/1", fingerprint=key()))
    assert "joined" in refused
    lagoon.do("bank", releasing())


def test_what_was_confirmed_before_another_consortium_left_is_good() -> None:
    lagoon = opened(confirmed(), agreement=b"\x0c" * 32, origins=(EAST,))
    lagoon.do("bank", registration("bank/copy/1", fingerprint=key()))


def test_the_agreement_is_ended_by_as_many_as_decided_on_it_and_what_was_confirmed_stays() -> None:
    lagoon = confirmed().do("operator", ENDING)
    number = lagoon.get(MotionCounter, "0").last
    for org in ("bank", "bureau"):
        lagoon.do(org, ApproveMotion(number=number))
        assert lagoon.get(ForeignClaims, "0").agreement == AGREEMENT
    lagoon.do("telecom", ApproveMotion(number=number))
    held = lagoon.get(ForeignClaims, "0")
    assert (held.agreement, held.origins, held.wait_seconds, held.key_id) == (b"", (), 0, KEY_ID)
    assert claim_of(lagoon).state is ForeignState.CONFIRMED


def test_after_the_end_nothing_is_reserved_seen_or_confirmed_and_a_reservation_is_only_given_up() -> None:
    lagoon = closed(stamped())
    lagoon.refused(ClaimRefused, "bureau", reserving("bureau", 1))
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time))
    lagoon.refused(ClaimRefused, "bank", yielding(lagoon.time))
    lagoon.do("bank", releasing())
    lagoon = closed(opened().do("bank", reserving("bank")).later())
    lagoon.refused(ClaimRefused, "bank", stamping(lagoon.time))


def test_after_the_end_a_dataset_is_registered_without_a_claim() -> None:
    lagoon = opened()
    lagoon.refused(ClaimRefused, "bank", registration("bank/copy/1"))
    closed(lagoon).do("bank", registration("bank/copy/1"))


def test_only_an_agreement_that_holds_is_ended() -> None:
    Lagoon().refused(ClaimRefused, "operator", ENDING)
    closed(opened()).refused(ClaimRefused, "operator", ENDING)


def test_an_end_says_nothing_of_terms_nor_of_anything_else() -> None:
    for body in (replace(ENDING, terms=TERMS), replace(ENDING, org="bank"), replace(ENDING, rules_version=2)):
        assert "does not say this" in opened().refused(NotAllowed, "operator", body)


def test_after_the_end_no_agreement_comes_back_by_the_yes_that_an_old_motion_lacked() -> None:
    """Nor does an end that was asked for of one agreement end the next."""
    lagoon = Lagoon().do("operator", opening(wait_seconds=1)).do("bank", ApproveMotion(number=1))
    lagoon = opened(lagoon).do("operator", opening(origins=(EAST,)))
    instead = lagoon.get(MotionCounter, "0").last
    lagoon = closed(lagoon)
    for number in (1, instead):
        lagoon.refused(WrongState, "bureau", ApproveMotion(number=number))
    lagoon = opened(lagoon).do("operator", ENDING)
    ending = lagoon.get(MotionCounter, "0").last
    lagoon = opened(closed(lagoon))
    lagoon.refused(WrongState, "bank", ApproveMotion(number=ending))
    assert lagoon.get(ForeignClaims, "0").agreement == AGREEMENT


def test_the_members_agree_again_with_the_key_that_they_had() -> None:
    lagoon = closed(confirmed())
    lagoon.refused(ClaimRefused, "operator", opening(key_id=b"\x0c" * 16))
    lagoon = opened(lagoon)
    lagoon.do("bank", registration("bank/copy/1", fingerprint=key()))


def test_nothing_is_reserved_without_the_agreement_that_holds() -> None:
    Lagoon().refused(ClaimRefused, "bank", reserving("bank"))
    opened().refused(ClaimRefused, "bank", reserving("bank", agreement=bytes(32)))
    opened().refused(ClaimRefused, "bank", reserving("bank", holder=bytes(32)))


def test_a_member_reserves_for_its_own_datasets_and_as_an_owner() -> None:
    opened().refused(NotAllowed, "bureau", reserving("bank"))
    opened().refused(NotAllowed, "operator", reserving("operator"))


def test_what_is_reserved_is_held_until_it_expires_and_then_anybody_s() -> None:
    lagoon = opened().do("bank", reserving("bank")).later(seconds=STAMP_SECONDS)
    lagoon.refused(ClaimHeld, "bureau", reserving("bureau"))
    lagoon.refused(ClaimHeld, "bank", reserving("bank"))
    lagoon.later().do("bureau", reserving("bureau"))
    assert claim_of(lagoon).org == "bureau"


def test_what_is_confirmed_is_held_for_good() -> None:
    lagoon = stamped().do("bank", confirming(claim_of(stamped()).witnessed_at + WAIT)).later(seconds=10 * HOLD_SECONDS)
    lagoon.refused(ClaimHeld, "bureau", reserving("bureau"))


def test_a_reservation_that_outsiders_saw_lasts_longer_and_is_stamped_once() -> None:
    lagoon = stamped()
    assert claim_of(lagoon).expires_at == lagoon.time - WAIT + HOLD_SECONDS
    lagoon.refused(ClaimRefused, "bank", stamping(lagoon.time))


@pytest.mark.parametrize("late", [-LEEWAY_SECONDS - 1, LEEWAY_SECONDS + 1])
def test_outsiders_have_not_seen_it_before_it_was_there_nor_in_the_future(late: int) -> None:
    lagoon = opened().do("bank", reserving("bank"))
    lagoon.refused(ClaimRefused, "bank", stamping(lagoon.time + late))


def test_only_the_claimant_goes_on_with_it() -> None:
    lagoon = opened().do("bank", reserving("bank"))
    lagoon.refused(NotAllowed, "bureau", stamping(lagoon.time))
    lagoon = stamped()
    lagoon.refused(NotAllowed, "bureau", confirming(lagoon.time))
    lagoon.refused(NotAllowed, "bureau", yielding(lagoon.time))
    lagoon.refused(ClaimRefused, "bureau", releasing())


def test_nothing_is_confirmed_that_no_outsider_has_seen() -> None:
    lagoon = opened().do("bank", reserving("bank")).later(seconds=WAIT)
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time))


def test_a_proof_from_before_the_wait_is_over_confirms_nothing() -> None:
    lagoon = stamped()
    lagoon.refused(ClaimRefused, "bank", confirming(claim_of(lagoon).witnessed_at + WAIT - 1))
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time + LEEWAY_SECONDS + 1))


@pytest.mark.parametrize("origins", [(EAST,), (NORTH, EAST), (EAST, NORTH, "west.example/bay")])
def test_every_other_consortium_must_have_been_asked(origins: tuple[str, ...]) -> None:
    lagoon = stamped()
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time, *origins))


def test_nothing_is_confirmed_after_it_has_expired() -> None:
    lagoon = stamped().later(seconds=HOLD_SECONDS)
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time))


def test_who_gives_way_claims_nothing_and_the_other_is_one_of_the_agreement() -> None:
    lagoon = stamped()
    lagoon.refused(ClaimRefused, "bank", yielding(lagoon.time, "west.example/bay"))
    lagoon.do("bank", yielding(lagoon.time))
    assert claim_of(lagoon).state is ForeignState.CONFLICT
    assert claim_of(lagoon).others[0].origin == EAST
    lagoon.refused(ClaimRefused, "bank", confirming(lagoon.time))
    lagoon.do("bureau", reserving("bureau"))


def test_a_reservation_is_released_by_its_claimant_or_by_anybody_once_it_has_expired() -> None:
    lagoon = opened().do("bank", reserving("bank")).do("bank", releasing())
    assert claim_of(lagoon).state is ForeignState.RELEASED
    lagoon.refused(ClaimRefused, "bank", releasing())
    lagoon = opened().do("bank", reserving("bank")).later(seconds=STAMP_SECONDS)
    lagoon.refused(ClaimRefused, "telecom", releasing())
    lagoon.later().do("telecom", releasing())


def test_a_confirmed_claim_is_released_only_while_nothing_is_registered_for_it() -> None:
    lagoon = stamped().do("bank", confirming(claim_of(stamped()).witnessed_at + WAIT))
    lagoon.do("bank", registration("bank/copy/1", fingerprint=key()))
    lagoon.refused(ClaimRefused, "bank", releasing())


def test_a_confirmed_claim_that_nothing_is_registered_for_is_anybody_s_to_release_a_day_later() -> None:
    lagoon = confirmed()
    lagoon.later(seconds=claim_of(lagoon).expires_at + UNUSED_SECONDS - lagoon.time)
    lagoon.refused(ClaimRefused, "telecom", releasing())
    lagoon.later().do("telecom", releasing())
    assert claim_of(lagoon).state is ForeignState.RELEASED


def test_nothing_is_registered_while_the_others_of_the_agreement_were_not_asked_about_it() -> None:
    Lagoon().do("bank", registration("bank/copy/1"))
    lagoon = stamped()
    lagoon.refused(ClaimRefused, "bank", registration("bank/copy/1"))
    lagoon.refused(ClaimRefused, "bank", registration("bank/copy/1", fingerprint=key()))
    lagoon = confirmed()
    lagoon.refused(ClaimRefused, "bank", registration("bank/copy/1", fingerprint=key(1)))
    lagoon.do("bank", registration("bank/copy/1", fingerprint=key()))


def test_a_claim_serves_what_it_was_made_for_and_later_versions_that_no_tags_tell_apart() -> None:
    lagoon = confirmed()
    lagoon.refused(ClaimRefused, "bank", registration("bank/other/1", fingerprint=key()))
    lagoon.refused(ClaimRefused, "bureau", registration("bureau/other/1", fingerprint=key()))
    lagoon.do("bank", registration("bank/copy/1", fingerprint=key()))
    lagoon.refused(ClaimRefused, "bank", registration("bank/other/1", fingerprint=key()))
    lagoon.refused(ClaimRefused, "bureau", registration("bureau/other/1", fingerprint=key()))
    lagoon.do("bank", registration("bank/copy/2", fingerprint=key()))


def test_reservations_of_a_member_are_counted_by_the_day() -> None:
    lagoon = opened()
    for number in range(MOST_A_DAY):
        lagoon.do("bank", reserving("bank", number))
    lagoon.later(seconds=DAY_SECONDS).do("bank", reserving("bank", MOST_A_DAY))
    assert claim_of(lagoon, MOST_A_DAY).org == "bank"
    assert lagoon.get(ForeignClaims, "0").agreement == AGREEMENT
