"""Routes of the ledger, its proofs and evidence."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import AUDIT, READ

ROUTES: tuple[Route, ...] = (
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
    Route(
        "ledger_members",
        "GET",
        "/v1/ledger/members",
        READ,
        "Who counts now, proved from the founders on",
        "application/vnd.atoll.evidence",
    ),
    Route("ledger_verify", "POST", "/v1/ledger/verify", READ, "Re-execute everything from the genesis", m.VerifyInfo),
    Route("trust_file", "GET", "/v1/ledger/trust", READ, "Trust file for offline verification", "text/plain", query=("now",)),
    Route("evidence_export", "POST", "/v1/evidence/{job}", AUDIT, "Evidence bundle of a job", "application/vnd.atoll.evidence"),
)
