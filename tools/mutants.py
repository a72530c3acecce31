"""Mutants: one-line faults in the lines that matter, each of which the tests must notice.

    python tools/mutants.py                  # all of them, two at a time
    python tools/mutants.py --only NAME      # one; may be given again
    python tools/mutants.py --file FILE      # those in one source file, or in one file of tests/mutants

They are described in tests/mutants/*.toml (README.md there). Each is applied alone, to a copy of the tree; the working tree is
never touched. A mutant is killed when the tests it names fail, and those tests must pass without it. Progress goes to standard
error; the last line on standard output is `N mutants, N killed`, and the exit status is 0 only if the two numbers are equal.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKERS = 2
LEFT_BEHIND = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".bench",
    ".peers",
    "target",
    "dist",
    "__pycache__",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
)
LEAST_SECONDS = 60
"""A mutant's tests may take this long, or PATIENCE times what they take without it; a mutant that hangs them is noticed too."""
PATIENCE = 5

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant."""

    mutant: Mutant
    verdict: str
    seconds: float
    detail: str
    """The first test that noticed, or what went wrong."""


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


class Tree:
    """A copy of the project in which faults may be made."""

    _building = threading.Lock()

    def __init__(self, original: Path, place: Path) -> None:
        """Copy `original` to `place`/tree, beside a link to what lies beside the original (the third-party vectors)."""
        self.root = place / "tree"
        self._original = original
        shutil.copytree(original, self.root, ignore=LEFT_BEHIND)
        for link, target in ((self.root / ".venv", original / ".venv"), (place / "shared", original.parent / "shared")):
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
                self._build(mutant, core)
            yield
        finally:
            path.write_text(before)
            if path.suffix == ".rs":
                shutil.copy(self._original / core.relative_to(self.root), core)

    def _build(self, mutant: Mutant, core: Path) -> None:
        """Compile the native core from this tree; the cache lies in the project's target folder.

        Cargo takes the trees for one and goes by the time of their files, so all of them are new to it: else what it compiled
        for the last mutant would pass for this one.
        """
        target = self._original / "target" / "mutants"
        command = [
            "cargo",
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--package",
            "atoll-bindings",
            "--target-dir",
            str(target),
        ]
        quick = ["--config", "profile.release.lto=false", "--config", "profile.release.codegen-units=16"]
        with self._building:
            for source in (self.root / "rust").rglob("*.rs"):
                source.touch()
            done = subprocess.run([*command, *quick], cwd=self.root, capture_output=True, text=True, check=False)
            if done.returncode:
                raise MutantError(f"{mutant.source}: {mutant.name}: does not compile\n{done.stderr[-2000:]}")
            built = next(path for path in (target / "release").glob("libatoll_core_py.*") if path.suffix in (".so", ".dylib"))
            shutil.copy(built, core)

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


class Runner:
    """Tries mutants on a few trees at once."""

    def __init__(self, original: Path, places: list[Path]) -> None:
        self._trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for place in places:
            self._trees.put(Tree(original, place))
        self._pool = ThreadPoolExecutor(len(places))
        self._baselines: dict[tuple[str, ...], Run] = {}

    def run(self, mutants: list[Mutant]) -> Iterator[Outcome]:
        """The outcomes, in the order of `mutants`."""
        tests = sorted({mutant.tests for mutant in mutants})
        say(f"running the tests of {len(mutants)} mutants without them")
        self._baselines = dict(zip(tests, self._pool.map(self._baseline, tests), strict=True))
        yield from self._pool.map(self._try, mutants)

    def _baseline(self, tests: tuple[str, ...]) -> Run:
        with self._tree() as tree:
            return tree.run(tests, 10 * LEAST_SECONDS)

    def _try(self, mutant: Mutant) -> Outcome:
        baseline = self._baselines[mutant.tests]
        if baseline.status:
            return Outcome(mutant, BROKEN, 0, f"its tests do not pass without it:\n{baseline.last_lines}")
        with self._tree() as tree:
            try:
                with tree.mutated(mutant):
                    run = tree.run(mutant.tests, max(LEAST_SECONDS, PATIENCE * baseline.seconds))
            except MutantError as err:
                return Outcome(mutant, BROKEN, 0, str(err))
        if run.timed_out:
            return Outcome(mutant, KILLED, run.seconds, "the tests do not end any more")
        if run.status == 1:
            return Outcome(mutant, KILLED, run.seconds, run.failed_test)
        if run.status == 0:
            return Outcome(mutant, SURVIVED, run.seconds, f"{mutant.file}: {mutant.why}")
        return Outcome(mutant, BROKEN, run.seconds, f"its tests could not run (pytest status {run.status}):\n{run.last_lines}")

    @contextlib.contextmanager
    def _tree(self) -> Iterator[Tree]:
        tree = self._trees.get()
        try:
            yield tree
        finally:
            self._trees.put(tree)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def choose(mutants: list[Mutant], names: list[str], files: list[str]) -> list[Mutant]:
    """Those asked for by name or file; all where nothing is asked for."""
    known = {mutant.name for mutant in mutants} | {mutant.file for mutant in mutants} | {mutant.source for mutant in mutants}
    asked = [*names, *(file.removeprefix("tests/mutants/") for file in files)]
    for one in asked:
        if one not in known:
            raise MutantError(f"no mutant is called {one} or lies in it")
    return [mutant for mutant in mutants if not asked or {mutant.name, mutant.file, mutant.source} & set(asked)]


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="mutants", description="Apply each mutant alone; the tests it names must fail.")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="this mutant")
    parser.add_argument("--file", metavar="FILE", action="append", default=[], help="those of a source file or a description")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        mutants = choose(load_mutants(root / "tests" / "mutants"), options.only, options.file)
    except MutantError as err:
        say(f"error: {err}")
        return 1
    killed = 0
    with tempfile.TemporaryDirectory(prefix="atoll-mutants-") as folder:
        runner = Runner(root, [Path(folder) / str(at) for at in range(WORKERS)])
        for at, outcome in enumerate(runner.run(mutants), 1):
            killed += outcome.verdict == KILLED
            line = f"[{at:2}/{len(mutants)}] {outcome.verdict:8} {outcome.seconds:5.1f} s  {outcome.mutant.name}"
            say(f"{line}  {outcome.detail}" if outcome.verdict == KILLED else f"{line}\n{outcome.detail}\n")
    say(f"{time.monotonic() - started:.0f} s")
    print(f"{len(mutants)} mutants, {killed} killed")
    return 0 if mutants and killed == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
