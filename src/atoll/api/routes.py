"""The routes of the API, in one table that node, client, console and documentation read.

A scope is what a token must hold. `read` is implied by every other scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from atoll.api import models as m


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    DATA = "data"
    JOBS = "jobs"
    APPROVE = "approve"
    AUDIT = "audit"
    ADMIN = "admin"


SCOPES_BY_ROLE: dict[str, tuple[Scope, ...]] = {
    "owner": (Scope.READ, Scope.DATA, Scope.APPROVE),
    "user": (Scope.READ, Scope.JOBS),
    "auditor": (Scope.READ, Scope.AUDIT),
    "operator": (Scope.READ, Scope.ADMIN),
    "admin": tuple(Scope),
}
"""What the token of each role of a person inside one organisation allows."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route."""

    name: str
    method: str
    path: str
    scope: Scope
    summary: str
    answer: Any
    """What comes back: a model, a list of models, or the media type of something that is not JSON."""
    body: type[m.Model] | None = None
    """What is sent."""
    query: tuple[str, ...] = ()
    """Whole numbers or words behind the question mark; all of them can be left out."""


READ, DATA, JOBS, APPROVE, AUDIT, ADMIN = Scope
CATALOGUE_QUERY = (
    "text",
    "class",
    "semantics",
    "owner",
    "state",
    "min_level",
    "max_level",
    "quality",
    "third_party",
    "matching",
    "limit",
    "page",
    "after",
)
"""What the catalogue can be asked; several values of one kind have commas between."""
ROUTES: tuple[Route, ...] = (
    Route("status", "GET", "/v1/status", READ, "How this node is", m.Status),
    Route("doctor", "GET", "/v1/doctor", READ, "What is wrong and what to do", list[m.DoctorFinding]),
    Route("members", "GET", "/v1/members", READ, "Members, roles, keys", list[m.MemberInfo]),
    Route("invite", "POST", "/v1/members/invite", ADMIN, "Invite an organisation", m.InviteInfo, m.InviteRequest),
    Route(
        "member_enrol",
        "POST",
        "/v1/members/enrol",
        ADMIN,
        "Hand over an invited organisation's enrolment",
        m.Receipt,
        m.EnrolRequest,
    ),
    Route("motions", "GET", "/v1/motions", READ, "What members decide together", list[m.MotionInfo]),
    Route("motion_open", "POST", "/v1/motions", ADMIN, "Ask the members for a decision", m.MotionInfo, m.MotionRequest),
    Route("motion_approve", "POST", "/v1/motions/approve", ADMIN, "Approve a motion", m.MotionInfo, m.MotionApproval),
    Route("leave", "POST", "/v1/members/leave", ADMIN, "Leave, or stop validating", m.Receipt, m.LeaveRequest),
    Route("handover", "POST", "/v1/handover", ADMIN, "Vote for a new sequencer", m.HandoverInfo, m.HandoverRequest),
    Route("key_rotate", "POST", "/v1/keys/rotate", ADMIN, "Replace a key of this organisation", m.Receipt, m.KeyRequest),
    Route("key_revoke", "POST", "/v1/keys/revoke", ADMIN, "Revoke a key of this organisation", m.Receipt, m.KeyRequest),
    Route("dataset_register", "POST", "/v1/datasets", DATA, "Register a dataset version", m.Registered, m.RegisterDataset),
    Route("dataset_list", "GET", "/v1/datasets", READ, "Datasets of all members", list[m.DatasetInfo], query=("cards",)),
    Route(
        "dataset_show",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}",
        READ,
        "One dataset, with its card",
        m.DatasetInfo,
        query=("check",),
    ),
    Route(
        "dataset_withdraw",
        "POST",
        "/v1/datasets/{owner}/{name}/{version}/withdraw",
        DATA,
        "Take a dataset version out of use",
        m.Receipt,
    ),
    Route(
        "catalogue_search",
        "GET",
        "/v1/catalogue",
        READ,
        "Datasets of all members, found by what their cards say",
        m.CataloguePage,
        query=CATALOGUE_QUERY,
    ),
    Route(
        "catalogue_dcat",
        "GET",
        "/v1/catalogue/dcat",
        READ,
        "The same page as DCAT 3 in JSON-LD",
        "application/ld+json",
        query=CATALOGUE_QUERY,
    ),
    Route("budget_set", "POST", "/v1/budgets", DATA, "Cap uses of a lineage", m.Receipt, m.BudgetRequest),
    Route("budget_list", "GET", "/v1/budgets", READ, "What is left of caps", list[m.BudgetInfo], query=("lineage",)),
    Route("budget_refund", "POST", "/v1/budgets/refund", DATA, "Give back what an ended job took", m.Receipt, m.RefundRequest),
    Route("order_draft", "POST", "/v1/orders/draft", ADMIN, "An order for two persons to sign", m.PaperInfo, m.OrderRequest),
    Route("order_submit", "POST", "/v1/orders", ADMIN, "Hand in an order that two persons signed", m.OrderGiven, m.PaperInfo),
    Route("order_list", "GET", "/v1/orders", READ, "Orders of regulators", list[m.OrderInfo]),
    Route("order_show", "GET", "/v1/orders/{order}", READ, "One order, with who signed it", m.OrderInfo),
    Route(
        "approver_ask",
        "POST",
        "/v1/approvers/draft",
        ADMIN,
        "A request for a person to become an approver",
        m.PaperInfo,
        m.ApproverAsk,
    ),
    Route("approver_add", "POST", "/v1/approvers", ADMIN, "Register a person whose request is signed", m.Receipt, m.PaperInfo),
    Route("approver_list", "GET", "/v1/approvers", READ, "Persons whose signatures count", list[m.ApproverInfo]),
    Route("approver_revoke", "POST", "/v1/approvers/{person}/revoke", ADMIN, "Take a person out of force", m.Receipt),
    Route(
        "dataset_profile",
        "POST",
        "/v1/datasets/{owner}/{name}/{version}/profile",
        DATA,
        "What an own dataset holds",
        m.ProfileInfo,
        m.ProfileRequest,
    ),
    Route("grade_file", "POST", "/v1/grades", DATA, "What detectors find in a file here", m.GradeInfo, m.GradeFile),
    Route("grade_tables", "GET", "/v1/grades/tables", READ, "Tables of classes and levels", list[m.LevelTableInfo]),
    Route("grade_show", "GET", "/v1/grades/{owner}/{name}/{version}", READ, "The grade of a dataset", m.GradeInfo),
    Route(
        "grade_override",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/override",
        DATA,
        "Change the level of a dataset, signed",
        m.Receipt,
        m.RegradeRequest,
    ),
    Route(
        "grade_paper",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/paper",
        DATA,
        "For a person to sign: that a dataset of level G4 or above may be lowered",
        m.PaperInfo,
        m.RegradeRequest,
    ),
    Route(
        "grade_approve",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/approve",
        APPROVE,
        "Permit, as a regulator, that members compute with important data",
        m.Receipt,
        m.ApproveRequest,
    ),
    Route("quality_run", "POST", "/v1/quality/run", DATA, "Measure an own dataset", m.QualityRunInfo, m.MeasureQuality),
    Route("quality_sign", "POST", "/v1/quality/sign", DATA, "Vouch for a run of an owner's node", m.Receipt, m.SignRun),
    Route(
        "quality_list",
        "GET",
        "/v1/quality/{owner}/{name}/{version}",
        READ,
        "Opinions of a dataset version's quality",
        list[m.QualityInfo],
    ),
    Route(
        "quality_report",
        "GET",
        "/v1/quality/{owner}/{name}/{version}/{evaluator}",
        READ,
        "One evaluator's report, verified",
        m.QualityReportInfo,
    ),
    Route(
        "quality_withdraw",
        "POST",
        "/v1/quality/{owner}/{name}/{version}/withdraw",
        DATA,
        "Take this organisation's opinion back",
        m.Receipt,
    ),
    Route(
        "registration_step",
        "GET",
        "/v1/registrations/{name}",
        READ,
        "How far a registration under way is",
        m.RegistrationStep,
    ),
    Route(
        "dataset_history",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}/history",
        READ,
        "Versions, findings, checks and disputes of a dataset",
        m.HistoryInfo,
    ),
    Route(
        "dataset_lineage",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}/lineage",
        READ,
        "Where a version comes from, as PROV-O in JSON-LD",
        "application/ld+json",
    ),
    Route("dispute_open", "POST", "/v1/disputes", DATA, "Contest a version", m.DisputeOpened, m.OpenRequest),
    Route("dispute_list", "GET", "/v1/disputes", READ, "All disputes", list[m.DisputeInfo]),
    Route("dispute_show", "GET", "/v1/disputes/{dispute}", READ, "One dispute, with what was said", m.DisputeInfo),
    Route("dispute_answer", "POST", "/v1/disputes/{dispute}/answers", DATA, "Answer in a dispute", m.Receipt, m.AnswerRequest),
    Route(
        "dispute_decide",
        "POST",
        "/v1/disputes/{dispute}/decision",
        AUDIT,
        "Decide a dispute of others",
        m.Receipt,
        m.DecideRequest,
    ),
    Route(
        "dispute_withdraw",
        "POST",
        "/v1/disputes/{dispute}/withdraw",
        DATA,
        "Take back a dispute that this organisation opened",
        m.Receipt,
        m.AnswerRequest,
    ),
    Route("grant_give", "POST", "/v1/grants", DATA, "Permit a use", m.Given, m.GiveGrant),
    Route("grant_list", "GET", "/v1/grants", READ, "Grants given and received", list[m.GrantInfo]),
    Route(
        "grant_agreement",
        "GET",
        "/v1/grants/{grant}/agreement",
        READ,
        "The terms of a grant as an ODRL agreement in JSON-LD",
        "application/ld+json",
    ),
    Route("grant_revoke", "POST", "/v1/grants/{grant}/revoke", DATA, "Take a grant back", m.Receipt),
    Route("right_give", "POST", "/v1/rights", DATA, "Grant, sublicense or lease a right", m.RightGiven, m.RightRequest),
    Route(
        "right_list",
        "GET",
        "/v1/rights",
        READ,
        "Rights, all or in a lineage or of a holder",
        list[m.RightInfo],
        query=("lineage", "holder"),
    ),
    Route("right_show", "GET", "/v1/rights/{right}", READ, "One right, with those above and below it", m.RightDetail),
    Route("right_transfer", "POST", "/v1/rights/{right}/transfer", DATA, "Pass a right on", m.Receipt, m.RightTransfer),
    Route("right_freeze", "POST", "/v1/rights/{right}/freeze", DATA, "Freeze a right", m.Receipt, m.RightAct),
    Route("right_unfreeze", "POST", "/v1/rights/{right}/unfreeze", DATA, "End a freeze of a right", m.Receipt, m.RightAct),
    Route("right_revoke", "POST", "/v1/rights/{right}/revoke", DATA, "End a right for good", m.Receipt, m.RightAct),
    Route("right_history", "GET", "/v1/rights/{right}/history", READ, "Every state a right has had", list[m.RightChange]),
    Route(
        "right_history_proof",
        "GET",
        "/v1/rights/{right}/history/proof",
        READ,
        "The same as a file that verifies offline",
        "application/vnd.atoll.evidence",
    ),
    Route(
        "right_holders",
        "GET",
        "/v1/lineages/{owner}/{name}/rights",
        READ,
        "Who held what after a block",
        m.HoldersInfo,
        query=("at",),
    ),
    Route(
        "right_holders_proof",
        "GET",
        "/v1/lineages/{owner}/{name}/rights/proof",
        READ,
        "The same as a file that verifies offline",
        "application/vnd.atoll.evidence",
        query=("at",),
    ),
    Route("duty_list", "GET", "/v1/grants/{grant}/duties", READ, "How the duties of a grant stand", list[m.DutyInfo]),
    Route("duty_note", "POST", "/v1/grants/{grant}/duties", DATA, "Note that a duty was done", list[m.DutyInfo], m.NoteDuty),
    Route("standing_give", "POST", "/v1/standing", APPROVE, "Consent in advance", m.StandingGiven, m.GiveStanding),
    Route("standing_list", "GET", "/v1/standing", READ, "Standing consents", list[m.StandingInfo]),
    Route("standing_revoke", "POST", "/v1/standing/{standing}/revoke", APPROVE, "Take a standing consent back", m.Receipt),
    Route(
        "job_draft",
        "POST",
        "/v1/jobs/draft",
        JOBS,
        "What a job would take and show, before it is proposed",
        m.DraftInfo,
        m.ProposeJob,
    ),
    Route("job_propose", "POST", "/v1/jobs", JOBS, "Propose a job", m.Proposed, m.ProposeJob),
    Route("program_list", "GET", "/v1/programs", READ, "Programs that were reviewed here", list[m.ProgramInfo]),
    Route("program_show", "GET", "/v1/jobs/{job}/program", READ, "The program of a job, in words", m.ProgramText),
    Route(
        "program_review",
        "POST",
        "/v1/programs/{digest}/review",
        APPROVE,
        "Say that a person has read a program, and that it may be run on own data",
        m.ProgramInfo,
    ),
    Route(
        "program_revoke",
        "POST",
        "/v1/programs/{digest}/revoke",
        APPROVE,
        "Take the review of a program back; jobs that run it on own data stop",
        m.ProgramInfo,
    ),
    Route("job_list", "GET", "/v1/jobs", READ, "Jobs this node takes part in", list[m.JobInfo]),
    Route("job_show", "GET", "/v1/jobs/{job}", READ, "One job", m.JobInfo),
    Route(
        "job_approve",
        "POST",
        "/v1/jobs/{job}/approve",
        APPROVE,
        "Consent to a job that awaits approval",
        m.JobInfo,
        m.ApproveJob,
    ),
    Route("job_approval", "GET", "/v1/jobs/{job}/approval", READ, "An approval for a person to sign", m.PaperInfo),
    Route(
        "job_approve_signed",
        "POST",
        "/v1/jobs/{job}/approval",
        APPROVE,
        "Consent to a job with a person's signature",
        m.JobInfo,
        m.ApproveSigned,
    ),
    Route("job_bid", "POST", "/v1/jobs/{job}/bid", APPROVE, "Bid, which consents to the job", m.JobInfo, m.BidRequest),
    Route("job_withhold", "POST", "/v1/jobs/{job}/withhold", APPROVE, "Do not open the own bid", m.JobInfo),
    Route("job_refuse", "POST", "/v1/jobs/{job}/refuse", APPROVE, "Refuse a job", m.JobInfo, m.RefuseRequest),
    Route("job_withdraw", "POST", "/v1/jobs/{job}/withdraw", JOBS, "Take consent or proposal back before START", m.JobInfo),
    Route("job_cancel", "POST", "/v1/jobs/{job}/cancel", JOBS, "Stop a running job; it ends FAILED", m.JobInfo),
    Route(
        "job_result",
        "GET",
        "/v1/jobs/{job}/result",
        JOBS,
        "A page of the result, for a receiver",
        m.ResultInfo,
        query=("offset",),
    ),
    Route(
        "job_download",
        "GET",
        "/v1/jobs/{job}/result/{format}",
        JOBS,
        "The whole result as a file: arrow, csv or parquet",
        "application/octet-stream",
    ),
    Route("job_why", "GET", "/v1/jobs/{job}/why", READ, "Why a job stands where it stands", m.WhyInfo),
    Route("ledger_log", "GET", "/v1/ledger/log", READ, "Log entries, newest last", list[m.LogEntry], query=("first", "count")),
    Route(
        "ledger_show",
        "GET",
        "/v1/ledger/records/{namespace}/{identifier:path}",
        READ,
        "One record with its proof",
        m.RecordInfo,
    ),
    Route("ledger_checkpoint", "GET", "/v1/ledger/checkpoint", READ, "The newest cosigned checkpoint", m.CheckpointInfo),
    Route("ledger_published", "GET", "/v1/ledger/published", READ, "The checkpoint that outsiders see", "text/plain"),
    Route(
        "ledger_prove_entry",
        "GET",
        "/v1/ledger/proofs/entries/{which}",
        READ,
        "Proof of logging of an entry, by its index or its transaction's digits",
        "application/vnd.c2sp.tlog-proof",
        query=("entry",),
    ),
    Route(
        "ledger_prove_record",
        "GET",
        "/v1/ledger/proofs/records/{namespace}/{identifier:path}",
        READ,
        "Proof of a record, or that there is none, for outsiders",
        "application/vnd.c2sp.tlog-proof",
    ),
    Route(
        "ledger_watch",
        "GET",
        "/v1/ledger/news",
        READ,
        "Blocks and cosignatures as they come",
        m.LedgerNews,
        query=("after", "heard", "wait"),
    ),
    Route("ledger_validators", "GET", "/v1/ledger/validators", READ, "Who counts, and when each was heard", m.ValidatorsInfo),
    Route(
        "ledger_snapshot",
        "GET",
        "/v1/ledger/snapshot",
        READ,
        "The whole published state as a file that verifies offline",
        "application/vnd.atoll.snapshot",
    ),
    Route("ledger_verify", "POST", "/v1/ledger/verify", READ, "Re-execute everything from the genesis", m.VerifyInfo),
    Route("trust_file", "GET", "/v1/ledger/trust", READ, "Trust file for offline verification", "text/plain"),
    Route("evidence_export", "POST", "/v1/evidence/{job}", AUDIT, "Evidence bundle of a job", "application/vnd.atoll.evidence"),
)
"""Every route there is."""
