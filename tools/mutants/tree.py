"""A copy of the project, faults in it, and runs of its tests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.core import Core
from tools.mutants.descriptions import Mutant

LEFT_BEHIND = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".bench",
    ".peers",
    ".tools",
    "target",
    "dist",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
)


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of tests ended."""

    status: int
    """pytest's exit status: 0 all passed, 1 some failed, others could not run."""
    seconds: float
    output: str
    timed_out: bool

    @property
    def failed_test(self) -> str:
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", self.output, re.MULTILINE)
        return found[1] if found else ""

    @property
    def last_lines(self) -> str:
        return "\n".join(self.output.strip().splitlines()[-15:])


class Tree:
    """A copy of the project in which faults may be made."""

    def __init__(self, original: Path, place: Path, core: Core) -> None:
        """Copy `original` to `place`/tree, with links to what was built, and to what lies beside (third-party vectors)."""
        self.root = place / "tree"
        self._original = original
        self._core = core
        shutil.copytree(original, self.root, ignore=LEFT_BEHIND)
        links = {self.root / name: original / name for name in (".venv", ".tools")}
        for link, target in (*links.items(), (place / "shared", original.parent / "shared")):
            if target.exists():
                link.symlink_to(target)

    @contextlib.contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """The tree with one fault in it; as before at the end."""
        path = self.root / mutant.file
        before, core = path.read_text(), self.root / "src" / "atoll" / "_core.abi3.so"
        path.write_text(mutant.apply(self.root))
        try:
            if path.suffix == ".rs":
                core.unlink(missing_ok=True)
                self._core.build(self.root, core)
            yield
        finally:
            path.write_text(before)
            if path.suffix == ".rs":
                shutil.copy(self._original / core.relative_to(self.root), core)

    def run(self, tests: tuple[str, ...], limit_seconds: float) -> Run:
        """Run these tests until the first that fails. No bytecode is kept: a fault of equal length must not meet an old one."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
        paths = f"{self.root / 'src'}:{self.root}"
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output, timed_out = "", False
        try:
            output, _ = process.communicate(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what the tests left running
        if timed_out:
            output, _ = process.communicate()
        return Run(process.returncode, time.monotonic() - started, output, timed_out)


def digest_tree(root: Path) -> str:
    """Of all files that a mutant's fate may depend on."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        left_out = LEFT_BEHIND(folder, [*folders, *names])
        folders[:] = sorted(set(folders) - left_out)
        for name in sorted(set(names) - left_out):
            path = Path(folder, name)
            data = path.read_bytes()
            found.update(f"{path.relative_to(root)}\0{len(data)}\0".encode() + data)
    return found.hexdigest()
