"""Other Pythons with what the ledger needs, and nothing else: `cryptography`, as the lock file pins it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.torture.places import ROOT

ENVIRONMENTS = ROOT / ".peers"
NEEDED = ("cffi", "cryptography", "pycparser")


def find_python(version: str) -> Path | None:
    """An interpreter of `3.x`, on the path or under pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = shutil.which(f"python{version}")
    for python in [*([Path(found)] if found else []), *sorted((pyenv / "versions").glob(f"{version}.*/bin/python"))]:
        if subprocess.run([python, "-c", "import ensurepip, venv"], check=False, capture_output=True).returncode == 0:
            return python
    return None


def python_with_needs(version: str) -> Path | None:
    """The interpreter of an environment made for the purpose on first use; None where there is no such Python."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"python{version}.lock").open("w") as lock:  # two runs beside each other make one
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _made(version, ENVIRONMENTS / f"python{version}")


def _made(version: str, environment: Path) -> Path | None:
    python = environment / "bin" / "python"
    if (
        python.exists()
        and subprocess.run([python, "-c", "import cryptography"], check=False, capture_output=True).returncode == 0
    ):
        return python
    base = find_python(version)
    if base is None:
        return None
    subprocess.run([base, "-m", "venv", "--clear", environment], check=True, capture_output=True)
    requirements = environment / "requirements.txt"
    requirements.write_text(locked(NEEDED))
    pip: list[Path | str] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]
    subprocess.run([*pip, "--require-hashes", "--requirement", requirements], check=True, capture_output=True)
    return python


def locked(names: tuple[str, ...]) -> str:
    """Their lines of the lock file, digests and all."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.findall(r"^[a-z0-9].*(?:\n    .*)*", text, flags=re.MULTILINE)
    return "\n".join(entry for entry in entries if entry.partition("==")[0] in names) + "\n"
