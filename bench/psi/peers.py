"""The peers, each with an environment of its own under `.bench`, made from a locked list on first use."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from psi.processes import FOLDER, Parties

ROOT = FOLDER.parents[1]
CACHE = ROOT / ".bench"
PYTHON = "python3.11"
"""The newest that `spu` runs on."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One implementation that somebody else wrote."""

    name: str
    protocols: tuple[str, ...]

    def start(self) -> Parties:
        """Two warm parties of it."""
        return Parties(self.name, (self._interpreter(), FOLDER / f"{self.name}_party.py"), 2, folder=CACHE, settings={})

    def _interpreter(self) -> Path:
        lock = FOLDER / f"{self.name}.lock"
        home = CACHE / self.name
        mark = home / ".lock"
        if not mark.exists() or mark.read_bytes() != lock.read_bytes():
            print(f"installing {self.name} into {home.relative_to(ROOT)}", file=sys.stderr)
            environment = {**os.environ, "PYENV_VERSION": os.environ.get("PYENV_VERSION", "")}
            subprocess.run([PYTHON, "-m", "venv", "--clear", home], check=True, env=environment)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock]
            subprocess.run([home / "bin" / "python", *install], check=True)
            mark.write_bytes(lock.read_bytes())
        return home / "bin" / "python"


SPU = Peer("spu", ("RR22", "RR22_LOW", "KKRT", "ECDH"))
OPENMINED = Peer("openmined", ("ECDH",))
