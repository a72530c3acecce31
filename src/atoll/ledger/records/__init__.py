"""What the state holds: one message class a kind of record, each under its own namespace."""

from atoll.ledger.records.base import Chain, Record, Version, record_key
from atoll.ledger.records.data import Budget, Dataset, DatasetState, Grant, GrantState, budget_id
from atoll.ledger.records.jobs import ConsentRecord, Job, JobInput, JobState, ReceiptRecord
from atoll.ledger.records.membership import (
    REVOKED_COSIGN,
    ConsensusSet,
    Endpoint,
    InviteRecord,
    Key,
    KeyPointer,
    Member,
    MemberState,
    Nonce,
    PendingKey,
    Validator,
)

__all__ = [
    "REVOKED_COSIGN",
    "Budget",
    "Chain",
    "ConsensusSet",
    "ConsentRecord",
    "Dataset",
    "DatasetState",
    "Endpoint",
    "Grant",
    "GrantState",
    "InviteRecord",
    "Job",
    "JobInput",
    "JobState",
    "Key",
    "KeyPointer",
    "Member",
    "MemberState",
    "Nonce",
    "PendingKey",
    "ReceiptRecord",
    "Record",
    "Validator",
    "Version",
    "budget_id",
    "record_key",
]
