"""Mutants, tried a few at a time."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.core import Core
from tools.mutants.descriptions import Mutant, MutantError
from tools.mutants.tree import Run, Tree

LEAST_SECONDS = 60
"""A mutant's tests may take this long, or PATIENCE times what they take without it; a mutant that hangs them is noticed too."""
PATIENCE = 5

KILLED, SURVIVED, BROKEN, NOT_RUN = "killed", "SURVIVED", "BROKEN", "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant."""

    mutant: Mutant
    verdict: str
    seconds: float
    detail: str
    """The first test that noticed, or what went wrong."""


class Runner:
    """Tries mutants on a few trees at once."""

    def __init__(self, original: Path, places: list[Path], *, until: float) -> None:
        """Args: until: `time.monotonic()` after which no mutant is begun."""
        self._trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        core = Core(original / "target" / "mutants")
        for place in places:
            self._trees.put(Tree(original, place, core))
        self._until = until
        self._pool = ThreadPoolExecutor(len(places))
        self._asking: defaultdict[tuple[str, ...], threading.Lock] = defaultdict(threading.Lock)
        self._baselines: dict[tuple[str, ...], Run] = {}

    def run(self, mutants: list[Mutant]) -> Iterator[Outcome]:
        """The outcomes, in the order of `mutants`."""
        yield from self._pool.map(self._try, mutants)

    def _baseline(self, tests: tuple[str, ...]) -> Run:
        """How these tests end without a fault; run once."""
        with self._asking[tests]:
            if tests not in self._baselines:
                with self._tree() as tree:
                    self._baselines[tests] = tree.run(tests, 10 * LEAST_SECONDS)
        return self._baselines[tests]

    def _try(self, mutant: Mutant) -> Outcome:
        if time.monotonic() > self._until:
            return Outcome(mutant, NOT_RUN, 0, "")
        baseline = self._baseline(mutant.tests)
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
