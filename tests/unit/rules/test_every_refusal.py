"""Each refusal of the ledger, provoked once: the table is complete, its numbers are hashed and never change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.errors import RuleError
from atoll.ledger.records import Cap, CapUnit, Dataset, MotionKind, RightKind
from atoll.ledger.rules import LATEST, RULES, errors
from atoll.ledger.rules.check import StateNear
from atoll.ledger.rules.dataset import MOST_A_DAY, WithdrawDataset
from atoll.ledger.rules.dispute import OpenDispute
from atoll.ledger.rules.foreign import MOST_A_DAY as FOREIGN_A_DAY
from atoll.ledger.rules.grant import RevokeGrant
from atoll.ledger.rules.job import ExpireJob, StartJob
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ledger.rules.motion import OpenMotion
from atoll.ledger.rules.oprf import REQUESTS_A_DAY
from atoll.ledger.rules.quality import ReportQuality
from atoll.ledger.rules.right import TransferRight, UnfreezeRight
from atoll.ledger.rules.standing import GiveStanding
from atoll.ledger.transaction import Transaction, seal_transaction
from atoll.testing.persons import PaperPerson
from atoll.trust.keys import Purpose
from tests.unit.rules.dealers import Dealers
from tests.unit.rules.estate import ROOT, Estate, given
from tests.unit.rules.foreigners import opened, reserving
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    JOB,
    Lagoon,
    consent,
    enrolment,
    evaluation,
    new_key,
    permission,
    proposal,
    receipt,
    registration,
    regrading,
)

OPINION = ReportQuality(dataset=CUSTOMERS, commitment=bytes(32), metrics=bytes(32), grade=1, score_ppm=1_000_000)
MOVE = SetEndpoints(peer="", https="")
NUMBERS = {
    "ledger.malformed": 1,
    "ledger.unknown_type": 2,
    "ledger.bad_signature": 3,
    "ledger.stale_nonce": 4,
    "ledger.expired": 5,
    "ledger.not_member": 6,
    "ledger.not_allowed": 7,
    "ledger.unknown": 8,
    "ledger.exists": 9,
    "ledger.wrong_state": 10,
    "budget.exhausted": 11,
    "grant.not_in_force": 12,
    "plan.mismatch": 13,
    "ledger.too_late": 14,
    "ledger.too_early": 15,
    "ledger.bad_approval": 16,
    "ledger.bad_key": 17,
    "receipt.mismatch": 18,
    "job.not_consented": 19,
    "grant.cap_reached": 20,
    "oprf.no_key": 21,
    "oprf.limit_reached": 22,
    "oprf.wrong_dealing": 23,
    "oprf.bad_deal": 24,
    "oprf.unfounded": 25,
    "dataset.too_many_ancestors": 50,
    "order.in_force": 51,
    "order.not_two_persons": 52,
    "approver.refused": 53,
    "consent.no_person": 54,
    "standing.not_in_force": 60,
    "standing.term": 61,
    "quality.not_evaluator": 70,
    "quality.same_report": 71,
    "level.not_tradable": 80,
    "level.needs_reason": 81,
    "level.held": 82,
    "level.not_approved": 83,
    "level.below_parents": 84,
    "level.below_last": 85,
    "level.no_person": 86,
    "right.not_in_force": 40,
    "right.exceeds_parent": 41,
    "right.not_movable": 42,
    "right.changed": 43,
    "right.frozen_otherwise": 44,
    "right.too_many": 45,
    "registration.too_many": 30,
    "registration.tags": 31,
    "registration.blocked": 32,
    "registration.check": 33,
    "registration.parents": 34,
    "registration.statement": 35,
    "registration.dispute": 36,
    "registration.unfounded_parent": 37,
    "motion.too_long": 90,
    "motion.not_carried": 91,
    "member.needed": 92,
    "foreign.claim": 100,
    "foreign.held": 101,
    "foreign.too_many": 102,
}
"""Hashed into every block that was ever made; a number is never given to another refusal."""


def malformed(lagoon: Lagoon) -> str:
    return lagoon.refused_bytes(errors.BadTransaction, b"\x00")


def unknown_type(lagoon: Lagoon) -> str:
    founding = lagoon.founding
    data = seal_transaction(
        Transaction(sender="bank", nonce=1, expiry_height=9, type="coffee.brew/1", body={}),
        kid="bank/identity/1",
        sign=founding.keys["bank"][Purpose.IDENTITY].sign,
        chain_id=founding.chain_id,
        genesis_digest=founding.genesis_digest,
    )
    return lagoon.refused_bytes(errors.UnknownType, data, sender="bank")


def bad_signature(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.BadSignature, "bank", MOVE, key=new_key(Purpose.IDENTITY))


def stale_nonce(lagoon: Lagoon) -> str:
    return lagoon.do("bank", MOVE, nonce=3).refused(errors.StaleNonce, "bank", MOVE, nonce=3)


def expired(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.ExpiredTransaction, "bank", MOVE, expiry_height=0)


def not_member(lagoon: Lagoon) -> str:
    lagoon.founding.add("stranger")
    return lagoon.refused(errors.NotMember, "stranger", MOVE)


def not_allowed(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.NotAllowed, "bureau", registration(CUSTOMERS))


def unknown(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.Unknown, "bank", WithdrawDataset(dataset=CUSTOMERS))


def exists(lagoon: Lagoon) -> str:
    return lagoon.with_datasets().refused(errors.AlreadyExists, "bank", registration(CUSTOMERS))


def wrong_state(lagoon: Lagoon) -> str:
    lagoon.with_grant().do("bureau", RevokeGrant(grant=GRANT))
    return lagoon.refused(errors.WrongState, "bureau", RevokeGrant(grant=GRANT))


def exhausted(lagoon: Lagoon) -> str:
    lagoon.with_grant(uses=1).started().consented(b"\x02" * 16)
    return lagoon.refused(errors.GrantExhausted, "bank", StartJob(job_id=b"\x02" * 16))


def not_in_force(lagoon: Lagoon) -> str:
    lagoon.with_datasets().do("bureau", permission(grantee="telecom")).consented()
    return lagoon.refused(errors.GrantNotInForce, "bank", StartJob(job_id=JOB))


def plan_mismatch(lagoon: Lagoon) -> str:
    return lagoon.propose().refused(errors.PlanMismatch, "bureau", consent(plan_digest=bytes(32)))


def too_late(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.DeadlinePassed, "bank", proposal(not_after=0))


def too_early(lagoon: Lagoon) -> str:
    return lagoon.propose().refused(errors.TooEarly, "bank", ExpireJob(job_id=JOB))


def bad_approval(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.BadApproval, "bureau", RevokeKey(org="bank", purpose=Purpose.LOG, second=b""))


def bad_key(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.BadKey, "bank", RotateKey(purpose=Purpose.LOG, public=bytes(32), second=b""))


def result_mismatch(lagoon: Lagoon) -> str:
    lagoon.with_grant().started().do("bank", receipt())
    return lagoon.refused(errors.ResultMismatch, "bureau", receipt(result_commitment=bytes(32)))


def not_consented(lagoon: Lagoon) -> str:
    return lagoon.propose().refused(errors.NotUnanimous, "bank", StartJob(job_id=JOB))


def cap_reached(lagoon: Lagoon) -> str:
    caps = (Cap(unit=CapUnit.NEW_IDENTIFIERS, limit=499, days=1),)
    lagoon.with_datasets().do("bureau", permission(caps=caps)).consented()
    return lagoon.refused(errors.CapReached, "bank", StartJob(job_id=JOB))


def oprf_no_key(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.OprfNoKey, "bank", evaluation())


def not_an_evaluator(lagoon: Lagoon) -> str:
    return lagoon.do("bank", registration(CUSTOMERS)).refused(errors.NotAnEvaluator, "telecom", OPINION)


def standing_not_in_force(lagoon: Lagoon) -> str:
    return lagoon.with_grant().propose().refused(errors.StandingNotInForce, "bank", consent(standing=b"\x05" * 16))


def standing_too_long(lagoon: Lagoon) -> str:
    term = GiveStanding(standing=b"\x05" * 16, commitment=bytes(32), uses=1, not_before=0, not_after=2**40)
    return lagoon.refused(errors.StandingTooLong, "bank", term)


def same_report(lagoon: Lagoon) -> str:
    return lagoon.do("bank", registration(CUSTOMERS)).do("bank", OPINION).refused(errors.SameReport, "bank", OPINION)


def oprf_limit_reached(lagoon: Lagoon) -> str:
    lagoon.with_oprf_key()
    for number in range(REQUESTS_A_DAY):
        lagoon.do("bank", evaluation(number))
    return lagoon.refused(errors.OprfLimitReached, "bank", evaluation(REQUESTS_A_DAY))


def oprf_wrong_dealing(_: Lagoon) -> str:
    dealers = Dealers()
    return dealers.lagoon.refused(errors.OprfWrongDealing, "operator", dealers.announcement("bank"))


def oprf_bad_deal(_: Lagoon) -> str:
    dealers = Dealers().announced()
    return dealers.lagoon.refused(errors.OprfBadDeal, "bank", dealers.deal("bank", proof=bytes(64)))


def oprf_unfounded(_: Lagoon) -> str:
    dealers = Dealers().announced().dealt()
    return dealers.lagoon.refused(errors.OprfUnfounded, "bank", dealers.complaint("bank", "bureau"))


def not_tradable(lagoon: Lagoon) -> str:
    lagoon.do("bureau", registration(FILES, level=6))
    return lagoon.refused(errors.NotTradable, "bureau", permission())


def needs_reason(lagoon: Lagoon) -> str:
    return lagoon.with_datasets().refused(errors.NeedsReason, "bureau", regrading(level=1))


def level_held(lagoon: Lagoon) -> str:
    lagoon = Lagoon(roles={"auditor": ("auditor", "regulator")}).with_datasets().do("auditor", regrading(level=5))
    return lagoon.refused(errors.LevelHeld, "bureau", regrading(level=2, reason_commitment=bytes(32)))


def not_approved(lagoon: Lagoon) -> str:
    lagoon.with_grant().consented().do("bureau", regrading(level=5))
    return lagoon.refused(errors.NotApproved, "bank", StartJob(job_id=JOB))


def below_parents(lagoon: Lagoon) -> str:
    lagoon.with_datasets()
    return lagoon.refused(errors.LevelBelowParents, "bank", registration("bank/sums/1", level=1, parents=(CUSTOMERS,)))


def below_last(lagoon: Lagoon) -> str:
    return lagoon.with_datasets().refused(errors.LevelBelowLast, "bureau", registration("bureau/files/2", level=1))


def lowering_unsigned(lagoon: Lagoon) -> str:
    lagoon.with_datasets().do("bureau", regrading(level=4))
    return lagoon.refused(errors.LoweringUnsigned, "bureau", regrading(level=3, reason_commitment=bytes(32)))


def right_not_in_force(_: Lagoon) -> str:
    return Estate().freeze("bureau", ROOT).refused(errors.RightNotInForce, "bureau", given(ROOT, "bank", RightKind.USE))


def right_exceeded(_: Lagoon) -> str:
    estate = Estate()
    return estate.refused(errors.RightExceeded, "bureau", given(ROOT, "bank", RightKind.HOLDING))


def right_not_movable(_: Lagoon) -> str:
    estate = Estate()
    right = estate.give("bank", RightKind.USE)
    return estate.refused(errors.RightNotMovable, "bank", TransferRight(right=right, version=1, to="telecom"))


def right_changed(_: Lagoon) -> str:
    estate = Estate()
    estate.give("bank", RightKind.USE)
    return estate.refused(errors.RightChanged, "bureau", TransferRight(right=ROOT, version=1, to="telecom"))


def right_not_frozen_so(_: Lagoon) -> str:
    return Estate().refused(errors.NotFrozenSo, "bureau", UnfreezeRight(right=ROOT))


def too_many_rights(_: Lagoon) -> str:
    return Estate().fill().refused(errors.TooManyRights, "bureau", given(ROOT, "bank", RightKind.USE))


def too_many_registrations(lagoon: Lagoon) -> str:
    for number in range(1, MOST_A_DAY + 1):
        lagoon.do("bank", registration(f"bank/customers/{number}"))
    return lagoon.refused(errors.TooManyRegistrations, "bank", registration("bank/others/1"))


def tags_refused(lagoon: Lagoon) -> str:
    tags = tuple(bytes([layer]) * 32 for layer in range(3))
    return lagoon.refused(errors.TagsRefused, "bank", registration(CUSTOMERS, evaluation=bytes(16), tags=tags))


def dataset_blocked(lagoon: Lagoon) -> str:
    lagoon.with_oprf_key().register(CUSTOMERS, "same").register(FILES, "same")
    return lagoon.refused(errors.DatasetBlocked, "bureau", permission())


def check_refused(lagoon: Lagoon) -> str:
    return lagoon.with_datasets().refused(errors.CheckRefused, "bank", proposal(kind="similarity"))


def parents_refused(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.BadParents, "bank", registration(CUSTOMERS, parents=(FILES,)))


def parent_unfounded(lagoon: Lagoon) -> str:
    lagoon.with_datasets()
    return lagoon.refused(errors.UnfoundedParent, "bank", registration("bank/sums/1", parents=(FILES,)))


def statement_refused(lagoon: Lagoon) -> str:
    said = StateNear(new=FILES, incumbent=CUSTOMERS, job_id=JOB, jaccard_ppm=900_000, containment_ppm=900_000)
    return lagoon.with_datasets().refused(errors.StatementRefused, "bank", said)


def dispute_refused(lagoon: Lagoon) -> str:
    dispute = OpenDispute(dispute=bytes(16), subject=FILES, against=CUSTOMERS, evidence=bytes(32))
    return lagoon.with_datasets().refused(errors.DisputeRefused, "telecom", dispute)


def too_many_ancestors(lagoon: Lagoon) -> str:
    lagoon.with_grant()
    for number in range(5):  # five times sixty-four are more than may be
        parents = tuple(sorted(f"bureau/part-{number}-{one}/1" for one in range(64)))
        lagoon.put(replace(lagoon.get(Dataset, FILES), dataset=f"bureau/half-{number}/1", parents=parents))
    halves = tuple(f"bureau/half-{number}/1" for number in range(5))
    lagoon.put(replace(lagoon.get(Dataset, FILES), parents=halves))
    return lagoon.propose().refused(errors.TooManyAncestors, "bank", consent())


def order_in_force(lagoon: Lagoon) -> str:
    lagoon = Lagoon(roles={"auditor": ("regulator",)}).with_datasets()
    persons = lagoon.with_persons("auditor", "ada", "grace")
    lagoon.do("auditor", lagoon.ordered("freeze", "dataset", FILES, (*persons.values(),)))
    return lagoon.refused(errors.OrderInForce, "bureau", permission())


def one_hand_only(lagoon: Lagoon) -> str:
    lagoon = Lagoon(roles={"auditor": ("regulator",)}).with_datasets()
    persons = lagoon.with_persons("auditor", "ada")
    return lagoon.refused(errors.OneHandOnly, "auditor", lagoon.ordered("freeze", "dataset", FILES, (*persons.values(),)))


def bad_approver(lagoon: Lagoon) -> str:
    lagoon.with_persons("auditor", "ada")
    new = PaperPerson("auditor", "grace")
    return lagoon.refused(errors.BadApprover, "auditor", new.request(lagoon.chain, (), not_after=lagoon.time))


def approval_missing(lagoon: Lagoon) -> str:
    lagoon.with_grant().do("bureau", regrading(level=4)).propose()
    return lagoon.refused(errors.ApprovalMissing, "bureau", consent())


def motion_too_long(lagoon: Lagoon) -> str:
    asked = OpenMotion(kind=MotionKind.REMOVE, org="bank", rules_version=0, from_height=0, expires_at=lagoon.time + 10**8)
    return lagoon.refused(errors.MotionTooLong, "bureau", asked)


def not_carried(lagoon: Lagoon) -> str:
    hospital = lagoon.founding.add("hospital")
    secret = lagoon.invite(hospital, carried=False).expose_secret()
    return lagoon.refused(errors.NotCarried, "hospital", enrolment(hospital, secret))


def member_needed(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.MemberNeeded, "operator", LeaveMember(validating_only=False))


def claim_refused(lagoon: Lagoon) -> str:
    return lagoon.refused(errors.ClaimRefused, "bank", reserving("bank"))


def claim_held(lagoon: Lagoon) -> str:
    return opened(lagoon).do("bank", reserving("bank")).refused(errors.ClaimHeld, "bureau", reserving("bureau"))


def too_many_claims(lagoon: Lagoon) -> str:
    for number in range(FOREIGN_A_DAY):
        opened(lagoon).do("bank", reserving("bank", number))
    return lagoon.refused(errors.TooManyClaims, "bank", reserving("bank", FOREIGN_A_DAY))


PROVOKED: tuple[Callable[[Lagoon], str], ...] = (
    malformed,
    unknown_type,
    bad_signature,
    stale_nonce,
    expired,
    not_member,
    not_allowed,
    unknown,
    exists,
    wrong_state,
    exhausted,
    not_in_force,
    plan_mismatch,
    too_late,
    too_early,
    bad_approval,
    bad_key,
    result_mismatch,
    not_consented,
    cap_reached,
    oprf_no_key,
    oprf_limit_reached,
    oprf_wrong_dealing,
    oprf_bad_deal,
    oprf_unfounded,
    too_many_ancestors,
    order_in_force,
    one_hand_only,
    bad_approver,
    approval_missing,
    standing_not_in_force,
    standing_too_long,
    not_an_evaluator,
    same_report,
    not_tradable,
    needs_reason,
    level_held,
    not_approved,
    below_parents,
    below_last,
    lowering_unsigned,
    right_not_in_force,
    right_exceeded,
    right_not_movable,
    right_changed,
    right_not_frozen_so,
    too_many_rights,
    too_many_registrations,
    tags_refused,
    dataset_blocked,
    check_refused,
    parents_refused,
    statement_refused,
    dispute_refused,
    parent_unfounded,
    motion_too_long,
    not_carried,
    member_needed,
    claim_refused,
    claim_held,
    too_many_claims,
)
"""In the order of their numbers."""


def refusals() -> list[type[RuleError]]:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, RuleError) and one.code]
    return sorted(classes, key=lambda one: one.number)


def test_every_refusal_has_its_number_for_ever() -> None:
    assert {one.code: one.number for one in refusals()} == NUMBERS


@pytest.mark.parametrize("provoke", PROVOKED)
def test_every_refusal_can_happen_and_says_what_happened(provoke: Callable[[Lagoon], str]) -> None:
    sentence = provoke(Lagoon())
    assert sentence.endswith(".")
    assert "{" not in sentence


def test_the_table_of_provocations_is_complete() -> None:
    assert len(PROVOKED) == len(NUMBERS) == len(refusals())


def test_rules_in_force_are_named_by_the_tags_of_their_transactions() -> None:
    assert sorted(RULES) == [1] == [LATEST]
    assert sorted(RULES[1]) == [
        "approver.add/1",
        "approver.revoke/1",
        "budget.refund/1",
        "budget.set/1",
        "dataset.approve/1",
        "dataset.claim/1",
        "dataset.near/1",
        "dataset.register/1",
        "dataset.regrade/1",
        "dataset.withdraw/1",
        "dispute.answer/1",
        "dispute.decide/1",
        "dispute.open/1",
        "foreign.confirm/1",
        "foreign.conflict/1",
        "foreign.release/1",
        "foreign.reserve/1",
        "foreign.stamp/1",
        "grant.give/1",
        "grant.revoke/1",
        "job.consent/1",
        "job.expire/1",
        "job.fail/1",
        "job.propose/1",
        "job.receipt/1",
        "job.refuse/1",
        "job.start/1",
        "job.withdraw/1",
        "key.activate/1",
        "key.cancel/1",
        "key.recover/1",
        "key.revoke/1",
        "key.rotate/1",
        "member.endpoints/1",
        "member.enrol/1",
        "member.invite/1",
        "member.leave/1",
        "motion.approve/1",
        "motion.open/1",
        "motion.withdraw/1",
        "oprf.announce/1",
        "oprf.close/1",
        "oprf.complain/1",
        "oprf.confirm/1",
        "oprf.deal/1",
        "oprf.lost/1",
        "oprf.request/1",
        "order.freeze/1",
        "order.recall/1",
        "order.unfreeze/1",
        "quality.report/1",
        "quality.withdraw/1",
        "right.freeze/1",
        "right.grant/1",
        "right.lease/1",
        "right.revoke/1",
        "right.sublicense/1",
        "right.transfer/1",
        "right.unfreeze/1",
        "standing.give/1",
        "standing.revoke/1",
        "term.handover/1",
    ]
