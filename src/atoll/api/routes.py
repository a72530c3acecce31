"""The routes of the API, in one table that node, client, console and documentation read.

A scope is what a token must hold. `read` is implied by every other scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


ROUTES: tuple[Route, ...] = (
    Route("status", "GET", "/v1/status", Scope.READ, "How this node is"),
    Route("doctor", "GET", "/v1/doctor", Scope.READ, "What is wrong and what to do"),
    Route("members", "GET", "/v1/members", Scope.READ, "Members, roles, keys"),
    Route("invite", "POST", "/v1/members/invite", Scope.ADMIN, "Invite an organisation"),
    Route("member_enrol", "POST", "/v1/members/enrol", Scope.ADMIN, "Hand over an invited organisation's enrolment"),
    Route("handover", "POST", "/v1/handover", Scope.ADMIN, "Vote for a new sequencer"),
    Route("key_rotate", "POST", "/v1/keys/rotate", Scope.ADMIN, "Replace a key of this organisation"),
    Route("key_revoke", "POST", "/v1/keys/revoke", Scope.ADMIN, "Revoke a key of this organisation"),
    Route("dataset_register", "POST", "/v1/datasets", Scope.DATA, "Register a dataset version"),
    Route("dataset_list", "GET", "/v1/datasets", Scope.READ, "Datasets of all members"),
    Route("dataset_show", "GET", "/v1/datasets/{owner}/{name}/{version}", Scope.READ, "One dataset, with its card"),
    Route(
        "dataset_withdraw",
        "POST",
        "/v1/datasets/{owner}/{name}/{version}/withdraw",
        Scope.DATA,
        "Take a dataset version out of use",
    ),
    Route("budget_set", "POST", "/v1/budgets", Scope.DATA, "Cap all uses of a lineage"),
    Route("grant_give", "POST", "/v1/grants", Scope.DATA, "Permit a use"),
    Route("grant_list", "GET", "/v1/grants", Scope.READ, "Grants given and received"),
    Route("grant_revoke", "POST", "/v1/grants/{grant}/revoke", Scope.DATA, "Take a grant back"),
    Route("job_draft", "POST", "/v1/jobs/draft", Scope.JOBS, "What a job would take and show, before it is proposed"),
    Route("job_propose", "POST", "/v1/jobs", Scope.JOBS, "Propose a job"),
    Route("job_list", "GET", "/v1/jobs", Scope.READ, "Jobs this node takes part in"),
    Route("job_show", "GET", "/v1/jobs/{job}", Scope.READ, "One job"),
    Route("job_approve", "POST", "/v1/jobs/{job}/approve", Scope.APPROVE, "Consent to a job that awaits approval"),
    Route("job_refuse", "POST", "/v1/jobs/{job}/refuse", Scope.APPROVE, "Refuse a job"),
    Route("job_withdraw", "POST", "/v1/jobs/{job}/withdraw", Scope.JOBS, "Take consent or proposal back before START"),
    Route("job_cancel", "POST", "/v1/jobs/{job}/cancel", Scope.JOBS, "Stop a running job; it ends FAILED"),
    Route("job_result", "GET", "/v1/jobs/{job}/result", Scope.JOBS, "The result, for a receiver"),
    Route("job_why", "GET", "/v1/jobs/{job}/why", Scope.READ, "Why a job stands where it stands"),
    Route("ledger_log", "GET", "/v1/ledger/log", Scope.READ, "Log entries, newest last"),
    Route("ledger_show", "GET", "/v1/ledger/records/{namespace}/{identifier:path}", Scope.READ, "One record with its proof"),
    Route("ledger_checkpoint", "GET", "/v1/ledger/checkpoint", Scope.READ, "The newest cosigned checkpoint"),
    Route("ledger_verify", "POST", "/v1/ledger/verify", Scope.READ, "Re-execute everything from the genesis"),
    Route("trust_file", "GET", "/v1/ledger/trust", Scope.READ, "Trust file for offline verification"),
    Route("evidence_export", "POST", "/v1/evidence/{job}", Scope.AUDIT, "Evidence bundle of a job"),
)
"""Every route there is."""
