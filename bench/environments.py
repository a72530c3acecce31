"""Peers' environments: each in a folder of its own under `.bench`, made from a locked list on first use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".bench"
PYTHON = "python3.11"
"""The newest that `spu` runs on."""


def install(name: str, lock: Path) -> Path:
    """The interpreter of a peer's environment, with exactly what `lock` lists."""
    home = CACHE / name
    mark = home / ".lock"
    if not mark.exists() or mark.read_bytes() != lock.read_bytes():
        print(f"installing {name} into {home.relative_to(ROOT)}", file=sys.stderr)
        environment = {**os.environ, "PYENV_VERSION": os.environ.get("PYENV_VERSION", "")}
        subprocess.run([PYTHON, "-m", "venv", "--clear", home], check=True, env=environment)
        options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
        subprocess.run([home / "bin" / "python", *options], check=True)
        mark.write_bytes(lock.read_bytes())
    return home / "bin" / "python"
