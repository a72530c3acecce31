"""What a process keeps of programs that others propose is bounded."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import atoll.jobs.computation
import atoll.jobs.ranking
import atoll.protocols.mpc
from atoll import programs as mp
from atoll.jobs.computation import kind as computation
from atoll.jobs.computation.statement import state
from atoll.jobs.security import Security
from atoll.programs.explain import Explanation, explain
from atoll.programs.graph import Graph
from atoll.protocols.mpc import Adversary

FEW = {
    "and_circuit": "no parameters",
    "overflow_circuit": "no parameters",
    "_times_one": "widths of a word",
    "sum_circuit": "widths of a word, two or three summands, a few spare rounds",
    "unmask_circuit": "as above",
    "unmask_twice_circuit": "as above",
    "carries_circuit": "as above",
    "carries_of_three_circuit": "as above",
    "choice_circuit": "as above",
    "sign_circuit": "as above",
    "all_zero_circuit": "as above",
    "zero_circuit": "as above",
    "comparison_circuit": "as above",
    "_cheapest": "numbers up to the bits of a word",
    "exponential_table": "bits of a word",
    "logarithm_table": "bits of a word",
    "reciprocal_table": "bits of a word",
    "root_table": "bits of a word",
    "sigmoid_table": "bits of a word",
}
"""Kept without a bound, because there are only so many."""


def modules() -> Iterator[ModuleType]:
    for package in (atoll.protocols.mpc, mp, atoll.jobs.computation, atoll.jobs.ranking):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def test_what_a_proposer_can_choose_freely_is_not_kept_without_a_bound() -> None:
    unbounded = {
        name
        for module in modules()
        for name, found in vars(module).items()
        if hasattr(found, "cache_parameters") and found.cache_parameters()["maxsize"] is None
    }
    assert unbounded == set(FEW)


def test_a_program_is_looked_at_once_however_often_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    @mp.program(inputs={"here": mp.column("first", mp.int64(0, 9), rows="n")}, outputs={"total": "asker"})
    def total(here: mp.SecretArray) -> mp.SecretArray:
        return here.sum()

    looked: list[bytes] = []

    def counted(graph: Graph, *, adversary: Adversary) -> Explanation:
        looked.append(graph.digest)
        return explain(graph, adversary=adversary)

    graph = total.trace(n=37)
    monkeypatch.setattr(computation, "explain", counted)
    said = state(graph, Security.SEMI_HONEST)
    assert computation.describe(graph.encode(), said) == computation.describe(graph.encode(), said)
    assert looked == [graph.digest]
