"""Receipts: every participant signs what was computed, with a hiding commitment to the result (SECURITY 2.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from atoll.ledger.plan import JobId
from atoll.ledger.records import SIMILARITY, Job, JobState, ReceiptRecord
from atoll.ledger.rules.call import Call
from atoll.ledger.rules.check import note_answered
from atoll.ledger.rules.errors import AlreadyExists, NotAllowed, PlanMismatch, ResultMismatch, WrongState
from atoll.ledger.rules.holds import need_no_hold
from atoll.ledger.rules.job import moved, settle
from atoll.wire.message import Digest, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveReceipt(Message):
    """A participant's receipt; its detail is a committed body that parties and auditor hold."""

    TAG: ClassVar[str] = "job.receipt/1"

    job_id: JobId
    """The job."""
    plan_digest: Digest
    """The plan that was carried out."""
    result_commitment: Digest
    """Hiding commitment to the result."""
    detail_commitment: Digest
    """Salted commitment to protocol, parameters, adversary model, leakage, sizes and input labels."""


def receipt(call: Call, body: GiveReceipt) -> None:
    """One receipt a participant; all must commit to the same result; the last one completes the job."""
    job = call.need(Job, body.job_id.hex())
    if call.sender not in job.parties:
        raise NotAllowed(org=call.sender, reason="it is no party of the job")
    if body.plan_digest != job.plan_digest:
        raise PlanMismatch(job=body.job_id.hex())
    if job.state is not JobState.STARTED:
        raise WrongState(what="job", name=body.job_id.hex(), state=job.state, needed=JobState.STARTED)
    need_no_hold(call, job.parties, job.inputs)
    if call.sender in job.receipts:
        raise AlreadyExists(what="receipt", name=f"{body.job_id.hex()}/{call.sender}")
    for org in job.receipts:
        if call.need(ReceiptRecord, f"{body.job_id.hex()}/{org}").result_commitment != body.result_commitment:
            raise ResultMismatch(org=call.sender)
    call.state.put(
        ReceiptRecord(
            job_id=body.job_id,
            org=call.sender,
            result_commitment=body.result_commitment,
            detail_commitment=body.detail_commitment,
        )
    )
    receipts = tuple(sorted((*job.receipts, call.sender)))
    done = receipts == job.parties
    call.state.put(replace(job, receipts=receipts, state=moved(job, "all receipts") if done else job.state))
    if done:
        settle(call, job)
        if job.kind == SIMILARITY:
            note_answered(call, job)
