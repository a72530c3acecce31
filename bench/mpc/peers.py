"""The peers: three nodes each, in an environment of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from environments import CACHE, install

from mpc.processes import FOLDER, Nodes


@dataclass(frozen=True, slots=True)
class Peer:
    """One implementation that somebody else wrote."""

    name: str
    """As figures call it."""
    environment: str
    lock: Path
    rows: dict[str, int] = field(default_factory=dict)
    """What it is asked, and for at most how many rows: more would take longer than it tells."""

    def prepare(self) -> Path:
        """Its interpreter; the first time this needs the network."""
        return install(self.environment, self.lock)

    def start(self) -> Nodes:
        """Three warm nodes of it."""
        script = FOLDER / f"{self.environment}_node.py"
        return Nodes(self.name, (self.prepare(), script), folder=CACHE, settings={})


SPU = Peer(
    "spu ABY3",
    "spu",
    FOLDER.parent / "psi" / "spu.lock",
    {
        "multiply": 1_000_000,
        "less-than": 1_000_000,
        "sort": 100_000,
        "correlation": 1_000_000,
        "variance": 1_000_000,
        "logistic": 100_000,
        "mlp": 128,
        "rank": 10_000,
    },
)
MPYC = Peer("MPyC", "mpyc", FOLDER / "mpyc.lock", {"multiply": 100_000, "less-than": 1_000, "sort": 100})
PEERS = (SPU, MPYC)
