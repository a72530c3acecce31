"""A run that was cut short is gone on with."""

from __future__ import annotations

from pathlib import Path

from tools.mutants.descriptions import Mutant
from tools.mutants.tree import digest_tree


class Unfinished:
    """What a run of all that was cut short had killed: a file with the tree's digest in its first line, then a name a line."""

    def __init__(self, root: Path) -> None:
        self._path = root / "target" / "mutants" / "unfinished"
        self._digest = digest_tree(root)
        lines = self._path.read_text().splitlines() if self._path.is_file() else []
        self.killed = set(lines[1:]) if lines[:1] == [self._digest] else set()
        """Those that it killed in this very tree."""
        self._last = lines[-1] if len(lines) > 1 else ""

    def turn(self, mutants: list[Mutant]) -> list[Mutant]:
        """The same, beginning behind the one that it killed last."""
        start = next((at for at, one in enumerate(mutants, 1) if one.name == self._last), 0)
        return mutants[start:] + mutants[:start]

    def begin(self) -> None:
        """Have the file speak of this tree."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self.killed:
            self._path.write_text(f"{self._digest}\n")

    def add(self, mutant: Mutant) -> None:
        """Note that it was killed."""
        with self._path.open("a") as file:
            file.write(f"{mutant.name}\n")

    def end(self) -> None:
        """All were tried."""
        self._path.unlink(missing_ok=True)
