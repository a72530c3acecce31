"""Routes of jobs."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import APPROVE, JOBS, READ

ROUTES: tuple[Route, ...] = (
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
)
