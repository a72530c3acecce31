"""The tables of levels that a node has: those that come with the program, and files in the folder `levels` of its home.

The usual one is the only file of one's own, or else that of the standard.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atoll.exchange.grading.errors import BadLevelTable, UnknownLevelTable

if TYPE_CHECKING:
    from atoll.exchange.grading import LevelTable

MAX_OWN_TABLES = 16


class LevelTables:
    """Tables of classes and levels by name/version."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "levels"

    def all(self) -> dict[str, LevelTable]:
        """Every table; one's own take the place of a built-in one of the same name and version.

        Raises:
            BadLevelTable: a file of one's own cannot be used; half of the tables would be worse than none.
        """
        from atoll.exchange.grading import built_in

        return built_in() | self._own()

    def get(self, name: str) -> LevelTable:
        """One table; the usual one for an empty name.

        Raises:
            UnknownLevelTable, BadLevelTable: there is none of this name, or it cannot be used.
        """
        from atoll.exchange.grading import DEFAULT_TABLE

        own = self._own()
        found = self.all()
        asked = name or (next(iter(own)) if len(own) == 1 else DEFAULT_TABLE)
        if asked not in found:
            raise UnknownLevelTable(table=asked[:64], known=", ".join(sorted(found)))
        return found[asked]

    def _own(self) -> dict[str, LevelTable]:
        from atoll.exchange.grading import parse_table

        files = sorted(self._folder.glob("*.toml")) if self._folder.is_dir() else []
        if len(files) > MAX_OWN_TABLES:
            raise BadLevelTable(reason=f"the folder levels holds more than {MAX_OWN_TABLES} files")
        tables = [parse_table(file.read_bytes()) for file in files]
        return {one.id: one for one in tables}
