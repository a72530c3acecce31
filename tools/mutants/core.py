"""The native core, compiled again with one fault in it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from tools.mutants.descriptions import MutantError

SOURCES = (".cargo", "Cargo.toml", "Cargo.lock", "rust")
QUICK = ("lto=false", "incremental=true", "codegen-units=256")
"""Settings under which little is compiled again for a small change."""


class Core:
    """Compiles it where it was compiled before, so that only what differs is compiled again, in seconds.

    The compiler goes by a file's time and by the folder it works in: the sources stand in one place that stays, and a file is
    written there only when its text is another.
    """

    def __init__(self, place: Path) -> None:
        """Args: place: the folder that stays."""
        self._place = place

    def build(self, root: Path, to: Path) -> None:
        """Compile the core of the project at `root`, as it stands there, to the file `to`.

        Raises:
            MutantError: it does not compile.
        """
        source = self._place / "source"
        source.mkdir(parents=True, exist_ok=True)
        with (self._place / "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # one at a time, in whatever thread or process
            _copy(root, source)
            command = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "atoll-bindings"]
            quick = [word for one in QUICK for word in ("--config", f"profile.release.{one}")]
            where = ["--target-dir", str(self._place / "build")]
            done = subprocess.run([*command, *quick, *where], cwd=source, capture_output=True, text=True, check=False)
            if done.returncode:
                raise MutantError(f"does not compile\n{done.stderr[-2000:]}")
            made = (self._place / "build" / "release").glob("libatoll_core_py.*")
            shutil.copy(next(path for path in made if path.suffix in (".so", ".dylib")), to)


def _copy(root: Path, source: Path) -> None:
    """Make the sources those of a project; what is the same already keeps its time."""
    wanted = {path.relative_to(root) for name in SOURCES for path in _files(root / name)}
    for path in _files(source):
        if path.relative_to(source) not in wanted:
            path.unlink()
    for name in wanted:
        data, path = (root / name).read_bytes(), source / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _files(place: Path) -> list[Path]:
    """A file, or all files of a folder."""
    return [path for path in (place, *place.rglob("*")) if path.is_file()]
