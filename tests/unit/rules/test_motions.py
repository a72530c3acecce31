"""Motions: what members decide together, one vote each, and what it does once enough have said yes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Chain, ConsensusSet, EngineKind, Member, MemberState, Motion, MotionKind
from atoll.ledger.rules import RULES
from atoll.ledger.rules.errors import (
    AlreadyExists,
    DeadlinePassed,
    MemberNeeded,
    MotionTooLong,
    NotAllowed,
    NotMember,
    Unknown,
    UnknownType,
    WrongState,
)
from atoll.ledger.rules.keys import RevokeKey
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.rules.motion import MOST_SECONDS, ApproveMotion, OpenMotion, WithdrawApproval
from atoll.testing.consortium import FOUNDED
from atoll.trust.keys import Purpose
from tests.unit.rules.lagoon import Lagoon, new_key, registration

MOVE = SetEndpoints(peer="", https="")
SECOND = {**RULES, 2: {MOVE.TAG: RULES[1][MOVE.TAG]}}
"""Rules of which the second version knows one transaction only."""


def motion(kind: MotionKind, org: str = "", **changes: Any) -> OpenMotion:
    """About a member, for a day."""
    return replace(OpenMotion(kind=kind, org=org, rules_version=0, from_height=0, expires_at=FOUNDED + 86_400), **changes)


REMOVE = motion(MotionKind.REMOVE, "bank")
UPGRADE = motion(MotionKind.UPGRADE, rules_version=2, from_height=10)
YES, NO = ApproveMotion(number=1), WithdrawApproval(number=1)


def validating(lagoon: Lagoon) -> list[str]:
    return [one.org for one in lagoon.get(ConsensusSet, "0").validators]


# -- counting ------------------------------------------------------------------------------------------------------------------


def test_more_than_half_of_all_put_a_member_out() -> None:
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("operator", YES)
    assert lagoon.get(Motion, "1").carried_height == 0
    lagoon.later().do("telecom", YES)
    assert lagoon.get(Motion, "1").carried_height == lagoon.height
    bank = lagoon.get(Member, "bank")
    assert (bank.state, bank.left_at) == (MemberState.REMOVED, lagoon.time)
    assert validating(lagoon) == ["auditor", "bureau", "operator", "telecom"]
    lagoon.refused(NotMember, "bank", registration("bank/customers/1"))


@pytest.mark.parametrize(("orgs", "needed"), [(3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_member_is_put_out_by_more_than_half_of_those_who_decide_itself_among_them(orgs: int, needed: int) -> None:
    names = [f"m{at}" for at in range(orgs)]
    lagoon = Lagoon(orgs=names, engine="cometbft").do("m0", motion(MotionKind.REMOVE, f"m{orgs - 1}"))
    for found in range(1, needed):
        assert lagoon.get(Member, f"m{orgs - 1}").state is MemberState.ACTIVE
        lagoon.do(f"m{found}", YES)
    assert lagoon.get(Member, f"m{orgs - 1}").state is MemberState.REMOVED


@pytest.mark.parametrize("kind", [MotionKind.REMOVE, MotionKind.STOP_VALIDATING])
def test_of_two_that_decide_nobody_puts_out_the_other(kind: MotionKind) -> None:
    lagoon = Lagoon(orgs=["bank", "operator"], engine="cometbft")
    assert "2 approvals would be needed" in lagoon.refused(MemberNeeded, "operator", motion(kind, "bank"))
    lagoon = Lagoon(not_validating=["auditor", "telecom"])
    lagoon.refused(MemberNeeded, "bureau", motion(kind, "bank"))


@pytest.mark.parametrize("kind", [MotionKind.REMOVE, MotionKind.STOP_VALIDATING])
def test_who_lost_its_key_is_still_one_of_those_who_decide_and_says_yes(kind: MotionKind) -> None:
    lagoon = Lagoon(orgs=["bank", "bureau", "operator", "telecom"], engine="cometbft")
    for org in ("bureau", "telecom"):
        lagoon.do(org, RevokeKey(org=org, purpose=Purpose.CONSENSUS, second=b""))
    lagoon.do("operator", motion(kind, "bank")).do("telecom", YES)
    assert lagoon.get(Motion, "1").carried_height == 0
    lagoon.do("bureau", YES)
    assert lagoon.get(Motion, "1").carried_height == lagoon.height


def test_what_has_enough_since_others_left_is_carried_by_a_second_yes() -> None:
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("operator", YES)
    lagoon.refused(AlreadyExists, "operator", YES)
    for org in ("auditor", "telecom"):
        lagoon.do(org, LeaveMember(validating_only=True))
    lagoon.do("operator", YES)
    assert lagoon.get(Member, "bank").state is MemberState.REMOVED


def test_nobody_is_asked_for_what_stands_already() -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    lagoon.refused(WrongState, "bank", motion(MotionKind.VALIDATE, "bureau"))
    lagoon.refused(WrongState, "bank", motion(MotionKind.STOP_VALIDATING, "telecom"))


def test_nobody_has_a_say_about_itself_or_says_yes_twice() -> None:
    lagoon = Lagoon().do("bureau", REMOVE)
    lagoon.refused(NotAllowed, "bank", YES)
    lagoon.refused(AlreadyExists, "bureau", YES)


def test_a_yes_is_taken_back_until_the_motion_is_carried() -> None:
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("operator", YES).do("operator", NO)
    lagoon.refused(NotAllowed, "operator", NO)
    lagoon.do("telecom", YES)
    assert lagoon.get(Motion, "1").carried_height == 0
    lagoon.do("operator", YES)
    assert lagoon.get(Motion, "1").carried_height == lagoon.height
    lagoon.refused(WrongState, "operator", NO)


def test_a_yes_is_taken_back_by_nobody_else() -> None:
    lagoon = Lagoon().do("bureau", REMOVE)
    lagoon.refused(NotAllowed, "telecom", NO)
    lagoon.refused(Unknown, "bureau", WithdrawApproval(number=2))


def test_a_yes_ends_with_the_key_that_said_it() -> None:
    """Whoever stole the key said it, as far as anybody knows; its owner says it anew if it meant it."""
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("operator", YES)
    new = new_key(Purpose.IDENTITY)
    lagoon.rotate("operator", Purpose.IDENTITY, new).later()
    lagoon.do("telecom", YES)
    assert lagoon.get(Motion, "1").carried_height == 0
    lagoon.do("operator", YES, version=2, key=new)
    assert lagoon.get(Motion, "1").carried_height == lagoon.height


def test_a_revoked_key_has_said_nothing() -> None:
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("operator", YES)
    lagoon.do("operator", RevokeKey(org="operator", purpose=Purpose.IDENTITY, second=b"")).later()
    lagoon.do("telecom", YES)
    assert lagoon.get(Motion, "1").carried_height == 0
    lagoon.do("auditor", YES)
    assert lagoon.get(Motion, "1").carried_height == lagoon.height


def test_the_operator_that_orders_does_not_count_and_may_ask() -> None:
    lagoon = Lagoon().do("operator", REMOVE)
    assert lagoon.get(Motion, "1").approvals == ()
    lagoon.refused(NotAllowed, "operator", YES)


def test_members_that_follow_have_no_say() -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    lagoon.refused(NotAllowed, "telecom", REMOVE)
    lagoon.do("bureau", REMOVE).refused(NotAllowed, "telecom", YES)


def test_who_has_left_has_no_say_whatever_it_approved_before() -> None:
    lagoon = Lagoon(engine="cometbft").do("bureau", REMOVE).do("bureau", LeaveMember(validating_only=True))
    lagoon.do("operator", YES).do("telecom", YES)
    assert lagoon.get(Member, "bank").state is MemberState.ACTIVE
    lagoon.do("auditor", YES)
    assert lagoon.get(Member, "bank").state is MemberState.REMOVED


def test_what_is_carried_is_not_approved_again() -> None:
    lagoon = Lagoon().do("bureau", REMOVE).carry(1)
    lagoon.refused(WrongState, "auditor", YES)


def test_a_motion_ends() -> None:
    lagoon = Lagoon().do("bureau", REMOVE).later(seconds=86_400)
    lagoon.refused(DeadlinePassed, "auditor", YES)
    lagoon.refused(DeadlinePassed, "auditor", REMOVE)
    most = lagoon.time + MOST_SECONDS
    lagoon.refused(MotionTooLong, "auditor", replace(REMOVE, expires_at=most + 1))
    lagoon.do("auditor", replace(REMOVE, expires_at=most))
    assert lagoon.get(Motion, "2").number == 2


def test_a_motion_that_nobody_opened_is_not_approved() -> None:
    Lagoon().refused(Unknown, "bank", YES)


@pytest.mark.parametrize(
    "odd",
    [
        motion(MotionKind.INVITE, "hospital"),
        motion(MotionKind.REMOVE),
        motion(MotionKind.REMOVE, "bank", rules_version=2),
        motion(MotionKind.REMOVE, "bank", from_height=20),
        replace(UPGRADE, org="bank"),
        replace(UPGRADE, rules_version=0),
        replace(UPGRADE, from_height=0),
    ],
)
def test_a_motion_says_what_its_kind_needs_and_no_more(odd: OpenMotion) -> None:
    Lagoon().refused(NotAllowed, "bureau", odd)


# -- validating ----------------------------------------------------------------------------------------------------------------


def test_a_member_that_follows_begins_to_validate_by_a_motion() -> None:
    lagoon = Lagoon(engine="cometbft", not_validating=["telecom"]).do("bank", motion(MotionKind.VALIDATE, "telecom")).carry(1)
    new = next(one for one in lagoon.get(ConsensusSet, "0").counted() if one.org == "telecom")
    keys = lagoon.founding.orgs["telecom"]
    assert (new.cosign, new.consensus) == (keys.public(Purpose.COSIGN), keys.public(Purpose.CONSENSUS))


def test_a_member_with_a_revoked_key_does_not_begin() -> None:
    for purpose in (Purpose.COSIGN, Purpose.CONSENSUS):
        lagoon = Lagoon(engine="cometbft", not_validating=["operator", "telecom"])
        lagoon.do("telecom", RevokeKey(org="telecom", purpose=purpose, second=b""))
        lagoon.do("bank", motion(MotionKind.VALIDATE, "telecom")).refused(NotAllowed, "bureau", YES)


@pytest.mark.parametrize("legal_id", ["legal-bank", "LEGAL-Bank", " legal-bank"])
def test_a_legal_entity_does_not_get_a_second_vote_by_a_motion(legal_id: str) -> None:
    lagoon = Lagoon(not_validating=["telecom"])
    lagoon.put(replace(lagoon.get(Member, "telecom"), legal_id=legal_id))
    lagoon.do("bank", motion(MotionKind.VALIDATE, "telecom"))
    assert legal_id in lagoon.refused(AlreadyExists, "bureau", YES)


def test_a_validating_member_becomes_one_that_follows_by_a_motion() -> None:
    lagoon = Lagoon().do("bureau", motion(MotionKind.STOP_VALIDATING, "bank")).carry(1)
    assert "bank" not in validating(lagoon)
    lagoon.do("bank", registration("bank/customers/1"))


# -- rules ---------------------------------------------------------------------------------------------------------------------


def test_new_rules_take_more_than_two_thirds_and_begin_at_their_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.ledger.apply.RULES", SECOND)
    lagoon = Lagoon(engine="cometbft").do("bank", UPGRADE).do("bureau", YES).do("operator", YES)
    assert lagoon.get(Chain, "0").next_rules_version == 0
    lagoon.do("telecom", YES)
    chain = lagoon.get(Chain, "0")
    assert [chain.rules_at(height) for height in (1, 9, 10, 11)] == [1, 1, 2, 2]
    lagoon.later(heights=8).do("bank", registration("bank/customers/1"))
    lagoon.later().refused(UnknownType, "bank", registration("bank/customers/2"))
    lagoon.put(replace(lagoon.get(Chain, "0"), engine=EngineKind.EMBEDDED))
    lagoon.do("bank", MOVE)


def test_one_version_follows_the_other() -> None:
    lagoon = Lagoon()
    for version in (1, 3):
        lagoon.refused(NotAllowed, "bank", replace(UPGRADE, rules_version=version))
    lagoon.do("bank", UPGRADE).carry(1).later(heights=5)
    lagoon.refused(NotAllowed, "bank", replace(UPGRADE, rules_version=3, from_height=50))


def test_rules_begin_some_blocks_after_they_are_agreed_on() -> None:
    lagoon = Lagoon().later(heights=5)
    lagoon.refused(NotAllowed, "bank", UPGRADE)
    lagoon = Lagoon().do("bank", UPGRADE).later(heights=4).do("bureau", YES).later()
    lagoon.refused(NotAllowed, "auditor", YES)


def test_rules_that_are_not_in_force_yet_can_be_put_off() -> None:
    lagoon = Lagoon().do("bank", UPGRADE).carry(1).later(heights=5).do("bank", replace(UPGRADE, from_height=99)).carry(2)
    assert [lagoon.get(Chain, "0").rules_at(height) for height in (10, 98, 99)] == [1, 1, 2]


# -- leaving -------------------------------------------------------------------------------------------------------------------


def test_a_member_leaves_when_it_likes() -> None:
    lagoon = Lagoon().do("bank", LeaveMember(validating_only=False))
    assert lagoon.get(Member, "bank").state is MemberState.LEFT
    assert validating(lagoon) == ["auditor", "bureau", "operator", "telecom"]
    lagoon.refused(NotMember, "bank", MOVE)


def test_a_member_stops_validating_and_stays() -> None:
    lagoon = Lagoon().do("bank", LeaveMember(validating_only=True))
    assert "bank" not in validating(lagoon)
    assert lagoon.do("bank", MOVE).get(Member, "bank").state is MemberState.ACTIVE
    lagoon.refused(WrongState, "bank", LeaveMember(validating_only=True))


@pytest.mark.parametrize("only", [True, False])
def test_who_orders_hands_over_first_and_on_cometbft_nobody_orders(only: bool) -> None:
    lagoon = Lagoon()
    lagoon.refused(MemberNeeded, "operator", LeaveMember(validating_only=only))
    lagoon.refused(MemberNeeded, "bank", motion(MotionKind.REMOVE, "operator"))
    Lagoon(engine="cometbft").do("operator", LeaveMember(validating_only=only))


@pytest.mark.parametrize("engine", ["embedded", "cometbft"])
def test_the_last_that_counts_stays(engine: str) -> None:
    lagoon = Lagoon(engine=engine, not_validating=["auditor", "bureau", "telecom"])
    first = ["operator"] if engine == "cometbft" else []
    for org in first:
        lagoon.do(org, LeaveMember(validating_only=True))
    lagoon.refused(MemberNeeded, "bank", LeaveMember(validating_only=False))


def test_the_fingerprint_key_stays_in_enough_hands() -> None:
    lagoon = Lagoon().with_oprf_key().do("bank", LeaveMember(validating_only=False))
    sentence = lagoon.refused(MemberNeeded, "bureau", LeaveMember(validating_only=False))
    assert "3 holders" in sentence and "2 would be left" in sentence
    lagoon.do("bureau", LeaveMember(validating_only=True))


def test_a_key_of_a_member_that_has_left_signs_nothing_whatever_is_rotated() -> None:
    lagoon = Lagoon().do("bank", LeaveMember(validating_only=False))
    new = new_key(Purpose.IDENTITY)
    lagoon.refused(NotMember, "bank", MOVE, key=new)
