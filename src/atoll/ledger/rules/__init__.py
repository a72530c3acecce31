"""The rules of the ledger: what each transaction may do to the state, one file a subject, one table a version.

    membership  invite, enrol, endpoints                                    consensus  hand-over to a new sequencer
    keys        rotate, revoke, recover
    motion      open, approve, withdraw: members, rules, agreements         leaving    leave, or stop validating
    dataset     register, withdraw; claim: claim tags unseen                grant      give, revoke
    grade       regrade a dataset, approve the use of important data
    check       state how near a later version is                           dispute    open, answer, decide
    budget      set a cap, refund                                           receipt    sign what was computed
    quality     report, withdraw
    oprf        announce, deal, confirm, complain, close; request an evaluation
    right       grant, lease, sublicense, transfer, freeze, unfreeze, revoke
    approver    register and revoke persons' keys                           order      freeze, unfreeze, recall
    job         propose, consent, refuse, withdraw, start, fail, expire
    foreign     claims that other consortia are asked about: reserve, stamp, confirm, conflict, release

A rule is a function of a `Call` and the transaction's body that writes records or raises a `RuleError`. It is pure: no clock,
no randomness, no floating point, no iteration over anything unsorted. A rule that has been in force is never edited in a way
that changes an old block's outcome: the next `rules_version` gets its own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from atoll.ledger.rules import (
    approver,
    budget,
    check,
    claim,
    consensus,
    dataset,
    dispute,
    foreign,
    grade,
    grant,
    job,
    keys,
    leaving,
    membership,
    motion,
    oprf,
    oprf_dealing,
    order,
    quality,
    receipt,
    right,
    standing,
)
from atoll.ledger.rules.call import Call
from atoll.wire.message import Message

Rule = tuple[type[Message], Callable[[Call, Any], None]]


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return {body.TAG: (body, function) for body, function in rules}


RULES: Mapping[int, Mapping[str, Rule]] = {
    1: _table(
        (membership.InviteMember, membership.invite),
        (membership.EnrolMember, membership.enrol),
        (membership.SetEndpoints, membership.set_endpoints),
        (keys.RotateKey, keys.rotate),
        (keys.RevokeKey, keys.revoke),
        (keys.RecoverKey, keys.recover),
        (keys.CancelRecovery, keys.cancel),
        (keys.ActivateKey, keys.activate),
        (leaving.LeaveMember, leaving.leave),
        (motion.OpenMotion, motion.open_motion),
        (motion.ApproveMotion, motion.approve),
        (motion.WithdrawApproval, motion.withdraw),
        (consensus.Handover, consensus.handover),
        (claim.ClaimTags, claim.claim),
        (dataset.RegisterDataset, dataset.register),
        (dataset.WithdrawDataset, dataset.withdraw),
        (grade.RegradeDataset, grade.regrade),
        (grade.ApproveLevel, grade.approve),
        (check.StateNear, check.state_near),
        (dispute.OpenDispute, dispute.open_dispute),
        (dispute.AnswerDispute, dispute.answer_dispute),
        (dispute.DecideDispute, dispute.decide_dispute),
        (grant.GiveGrant, grant.give),
        (grant.RevokeGrant, grant.revoke),
        (right.GrantRight, right.grant),
        (right.LeaseRight, right.lease),
        (right.SublicenseRight, right.sublicense),
        (right.TransferRight, right.transfer),
        (right.FreezeRight, right.freeze),
        (right.UnfreezeRight, right.unfreeze),
        (right.RevokeRight, right.revoke),
        (budget.SetBudget, budget.set_budget),
        (budget.RefundBudget, budget.refund),
        (approver.AddApprover, approver.add),
        (approver.RevokeApprover, approver.revoke),
        (order.FreezeOrder, order.freeze),
        (order.UnfreezeOrder, order.unfreeze),
        (order.RecallOrder, order.recall),
        (job.ProposeJob, job.propose),
        (job.ConsentJob, job.consent),
        (job.RefuseJob, job.refuse),
        (job.WithdrawJob, job.withdraw),
        (job.StartJob, job.start),
        (job.FailJob, job.fail),
        (job.ExpireJob, job.expire),
        (standing.GiveStanding, standing.give),
        (standing.RevokeStanding, standing.revoke),
        (receipt.GiveReceipt, receipt.receipt),
        (quality.ReportQuality, quality.report),
        (quality.WithdrawQuality, quality.withdraw),
        (oprf.RequestEvaluation, oprf.request),
        (oprf_dealing.AnnounceReceiver, oprf_dealing.announce),
        (oprf_dealing.DealShares, oprf_dealing.deal),
        (oprf_dealing.ConfirmShares, oprf_dealing.confirm),
        (oprf_dealing.ComplainOfShare, oprf_dealing.complain),
        (oprf_dealing.ClosePhase, oprf_dealing.close),
        (oprf_dealing.LoseShare, oprf_dealing.lose),
        (foreign.ReserveClaim, foreign.reserve),
        (foreign.StampClaim, foreign.stamp),
        (foreign.ConfirmClaim, foreign.confirm),
        (foreign.ConflictClaim, foreign.conflict),
        (foreign.ReleaseClaim, foreign.release),
    ),
}
"""Rules in force, by version and by the tag of the transaction's body."""

LATEST = max(RULES)
