"""How a node is, and why something stands where it stands."""

from __future__ import annotations

from atoll.api.models.base import Model
from atoll.api.models.jobs import DecisionInfo


class ValidatorHealth(Model):
    """CometBFT beside a node."""

    state: str
    """`running`, `restarting`, `stopped` or `failed`."""
    reason: str
    """Why it last ended; empty where it never did."""
    restarts: int
    votes: bool
    """Whether its key counts; a node whose key does not, follows."""
    catching_up: bool
    peers: int
    consensus_height: int
    """CometBFT's own height; it counts empty blocks too."""


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
    """Who puts transactions in order; empty under CometBFT, where each validator does in turn."""
    quorum: str
    """`3 of 4`."""
    quorum_reached: int
    """How many of them this node is connected to, itself among them."""
    quorum_missing: list[str]
    """Who counts towards a quorum, or puts transactions in order, and is not reached."""
    freshness_seconds: int
    """Age of the newest checkpoint with a quorum; jobs need 60 or less."""
    connected: list[str]
    jobs_running: int
    pss_mb: float
    rules: str
    """Version of the ledger's rules; which one comes next, and from which block on, where that is agreed."""
    motions_waiting: int
    """How many motions wait for this organisation's approval."""
    validator: ValidatorHealth | None
    """The process that votes on blocks; None on the embedded engine."""


class DoctorFinding(Model):
    check: str
    ok: bool
    found: str
    remedy: str = ""


class WhyInfo(Model):
    """Everything this node knows about why a job stands where it stands."""

    job: str
    state: str
    """State on the ledger."""
    phase: str = ""
    """What this node does with it; empty where it has no part in it."""
    reason: str
    """Code of the refusal or failure; empty where there is none."""
    sentence: str
    remedy: str
    ended_by: str = ""
    """Who signed what ended it; empty while nothing has, and where it was completed."""
    ended_height: int = 0
    """Block of that; 0 where there is none."""
    waits_for: list[str] = []
    """Parties whose consent is missing before it starts, or whose receipt once it has."""
    decisions: dict[str, DecisionInfo]
    """By organisation: this node's own decision in full."""
