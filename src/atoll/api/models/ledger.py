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


class BlockInfo(Model):
    height: int
    time: int
    first: int
    """Log index of its first entry."""
    transactions: int
    refused: int
    state_root: str


class LedgerNews(Model):
    """What has happened since somebody last asked."""

    height: int
    """Height to ask from next time."""
    heard_at: int
    """When a quorum last stood for the ledger, Unix seconds; to be given back next time."""
    blocks: list[BlockInfo]
    """Oldest first."""
    cosigned: dict[str, int]
    """Validating member to the time of its newest cosignature or vote, Unix seconds by its own clock."""


class ValidatorInfo(Model):
    org: str
    counts: bool
    """Whether its cosignature or vote counts towards the quorum."""
    power: int
    cosign: str
    """Its cosigning key, hex."""
    consensus: str
    """Its consensus key, hex; empty on an embedded ledger."""
    last_at: int
    """Its newest cosignature or vote under the newest agreed point, Unix seconds; 0 where it has none there."""


class ValidatorsInfo(Model):
    engine: str
    """In honest words: what the engine's agreement is worth."""
    term: int
    sequencer: str
    quorum: int
    validators: list[ValidatorInfo]


class VerifyInfo(Model):
    """Result of re-verifying this node's own ledger from its genesis."""

    height: int
    entries: int
    root: str
    state_root: str
    standing: str
    """What vouches for these roots, and what that is worth; empty where nothing does yet."""
    seconds: float
