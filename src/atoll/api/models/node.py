"""How a node is, and why something stands where it stands."""

from __future__ import annotations

from atoll.api.models.base import Model
from atoll.api.models.jobs import DecisionInfo


class Status(Model):
    """How a node is."""

    org: str
    chain_id: str
    genesis_digest: str
    version: str
    engine: str
    """`embedded: tamper-evident under one operator` and the like; the honest words of SECURITY 3.4."""
    test: bool
    height: int
    log_size: int
    term: int
    sequencer: str
    quorum: str
    """`3 of 4`."""
    freshness_seconds: int
    """Age of the newest checkpoint with a quorum; jobs need 60 or less."""
    connected: list[str]
    jobs_running: int
    pss_mb: float


class DoctorFinding(Model):
    check: str
    ok: bool
    found: str
    remedy: str = ""


class WhyInfo(Model):
    """Everything this node knows about why a job stands where it stands."""

    job: str
    state: str
    reason: str
    sentence: str
    remedy: str
    decisions: dict[str, DecisionInfo]
    """By organisation: this node's own decision in full."""
