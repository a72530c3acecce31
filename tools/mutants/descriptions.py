"""What a mutant is, as tests/mutants/*.toml describe it."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path


class MutantError(Exception):
    """A description that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `find` stands exactly once in `file` and is replaced by `replace`."""

    name: str
    file: str
    find: str
    replace: str
    why: str
    """What an attacker or an accident could do if this line were so."""
    tests: tuple[str, ...]
    """What to run, as pytest takes it: files or node ids."""
    source: str
    """The file of tests/mutants that describes it."""

    def apply(self, root: Path) -> str:
        """The text of the file with the fault in it.

        Raises:
            MutantError: the text to find is not there exactly once, or the result is not a program, or is the same program.
        """
        path = root / self.file
        if not path.is_file():
            raise MutantError(f"{self.source}: {self.name}: there is no file {self.file}")
        text = path.read_text()
        if text.count(self.find) != 1:
            raise MutantError(
                f"{self.source}: {self.name}: the text to find stands {text.count(self.find)} times in {self.file}"
            )
        mutated = text.replace(self.find, self.replace)
        if path.suffix == ".py":
            try:
                same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(mutated))
            except SyntaxError as err:
                raise MutantError(f"{self.source}: {self.name}: not Python any more: {err}") from err
            if same:
                raise MutantError(f"{self.source}: {self.name}: the program stays the same")
        return mutated


def load_mutants(folder: Path) -> list[Mutant]:
    """Every mutant described in `folder`.

    Raises:
        MutantError: a description lacks a field or has one too many, is empty, or its name is taken.
    """
    mutants: dict[str, Mutant] = {}
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text()).get("mutant", []):
            name = entry.get("name", "?")
            fields = {"name", "file", "find", "replace", "why", "tests"}
            if entry.keys() != fields:
                raise MutantError(f"{path.name}: {name}: missing or unknown: {', '.join(sorted(entry.keys() ^ fields))}")
            if not all(entry[field] for field in fields - {"replace"}):
                raise MutantError(f"{path.name}: {name}: only `replace` may be empty")
            if name in mutants:
                raise MutantError(f"{path.name}: {name}: the name is taken in {mutants[name].source}")
            mutants[name] = Mutant(**(entry | {"tests": tuple(entry["tests"]), "source": path.name}))
    return list(mutants.values())


def choose(mutants: list[Mutant], asked: list[str]) -> list[Mutant]:
    """Those asked for by name, subject or source file; all where nothing is asked for."""
    names = {mutant: {mutant.name, mutant.file, mutant.source, mutant.source.removesuffix(".toml")} for mutant in mutants}
    for one in asked:
        if not any(one in each for each in names.values()):
            raise MutantError(f"no mutant is called {one} or lies in it")
    return [mutant for mutant, each in names.items() if not asked or each & set(asked)]
