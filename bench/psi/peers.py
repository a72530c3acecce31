"""The peers, each with an environment of its own."""

from __future__ import annotations

from dataclasses import dataclass

from environments import CACHE, install

from psi.processes import FOLDER, Parties


@dataclass(frozen=True, slots=True)
class Peer:
    """One implementation that somebody else wrote."""

    name: str
    protocols: tuple[str, ...]

    def start(self) -> Parties:
        """Two warm parties of it."""
        interpreter = install(self.name, FOLDER / f"{self.name}.lock")
        return Parties(self.name, (interpreter, FOLDER / f"{self.name}_party.py"), 2, folder=CACHE, settings={})


SPU = Peer("spu", ("RR22", "RR22_LOW", "KKRT", "ECDH"))
OPENMINED = Peer("openmined", ("ECDH",))
