"""Log entries, records, checkpoints."""

from __future__ import annotations

from typing import Any

from atoll.api.models.base import Model


class LogEntry(Model):
    index: int
    height: int
    time: int
    kind: str
    """Transaction type, `summary` or `genesis`."""
    sender: str
    outcome: str
    """`ok` or the refusing rule's code."""
    body: dict[str, Any]
    digest: str


class RecordInfo(Model):
    key: str
    height: int
    value: dict[str, Any] | None
    """Null: proved absent."""
    state_root: str
    proof: str
    """ICS23 CommitmentProof, hex."""


class CheckpointInfo(Model):
    seal: str
    """What vouches for it: `note`, a signed note with its cosignatures, or `header`, a block header with its votes."""
    note: str
    """The signed note with its cosignatures; empty where a header vouches."""
    size: int
    quorum: str
    freshness_seconds: int


class VerifyInfo(Model):
    """Result of re-verifying this node's own ledger from its genesis."""

    height: int
    entries: int
    root: str
    state_root: str
    standing: str
    """What vouches for these roots, and what that is worth; empty where nothing does yet."""
    seconds: float
