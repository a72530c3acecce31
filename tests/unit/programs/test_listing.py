"""A listing is the program: whoever reads it has seen every step, every operand and every public number."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.encoding import parse_graph
from atoll.programs.graph import Graph
from atoll.programs.library.ranking import Rule, ranking_program
from atoll.programs.listing import MOST_RUNS, as_listing

Secret = mp.SecretArray
Body = Callable[[Secret, Secret], Secret]
ROWS = 200
ALIKE: dict[str, Body] = {
    "the row of 4711": lambda x, y: mp.where(y == 4711, x, 0).sum(),
    "the row of 4712": lambda x, y: mp.where(y == 4712, x, 0).sum(),
    "of the other column": lambda x, y: mp.where(x == 4711, y, 0).sum(),
    "all other rows": lambda x, y: mp.where(y == 4711, 0, x).sum(),
    "the seventh row": lambda x, y: (x * np.eye(1, ROWS, 7, dtype=np.int64)[0]).sum(),
    "the eighth row": lambda x, y: (x * np.eye(1, ROWS, 8, dtype=np.int64)[0]).sum(),
    "a slice": lambda x, y: x[7:8].sum(),
    "another slice": lambda x, y: x[8:9].sum(),
    "divided": lambda x, y: x.sum() / 3,
    "divided by more": lambda x, y: x.sum() / 7,
    "many weights": lambda x, y: (x * np.arange(ROWS)).sum(),
    "many others": lambda x, y: (x * np.r_[np.arange(ROWS - 1), 0]).sum(),
}
"""Programs of which `explain` says much the same."""


def traced(body: Body, receiver: str = "asker") -> Graph:
    """As it arrives at a node: without the author's lines."""
    inputs = {name: mp.column(owner, mp.int64(0, 9999), rows=ROWS) for name, owner in (("x", "first"), ("y", "second"))}
    return parse_graph(mp.program(inputs=inputs, outputs={"out": receiver})(body).trace().encode())


@pytest.mark.parametrize("which", ALIKE)
def test_every_step_has_a_line_and_so_has_every_output(which: str) -> None:
    graph = traced(ALIKE[which])
    head, *lines = as_listing(graph).splitlines()
    assert head == "Step by step:"
    assert len(lines) == len(graph.steps) + len(graph.outputs)
    for step, line in zip(graph.steps, lines, strict=False):
        assert step.operation.NAME in line


def test_programs_that_differ_in_anything_are_listed_otherwise() -> None:
    listed = {which: as_listing(traced(body)) for which, body in ALIKE.items()}
    listed["to somebody else"] = as_listing(traced(ALIKE["a slice"], "watcher"))
    for one, other in combinations(listed, 2):
        assert listed[one] != listed[other], (one, other)


def test_the_ends_of_a_range_are_spelt_out_where_they_are_shown_rounded() -> None:
    def listed(dtype: mp.DType) -> str:
        return as_listing(mp.program(inputs={"x": mp.column("first", dtype, rows=1)}, outputs={"y": "a"})(lambda x: x).trace())

    assert listed(mp.int64(0, 10**15)) != listed(mp.int64(0, 10**15 + 1))
    assert listed(mp.fixed(0, 1, fraction=24)) != listed(mp.fixed(0, 1 + 2**-24, fraction=24))
    assert "input x of first, from 0 to 16777217 times 2^-24  -> " in listed(mp.fixed(0, 1 + 2**-24, fraction=24))
    assert "input x of first  -> " in listed(mp.fixed(-0.5, 1, fraction=24))


def test_numbers_are_spelt_out_until_there_are_too_many_different_ones() -> None:
    assert "constant 4711 " in as_listing(traced(ALIKE["the row of 4711"]))
    assert f"constant 7 times 0, 1, {ROWS - 8} times 0 " in as_listing(traced(ALIKE["the seventh row"]))
    many = as_listing(traced(ALIKE["many weights"]))
    assert f"{MOST_RUNS - 1}, and so on, {ROWS} numbers with the SHA-256 " in many


def test_a_mask_is_said_to_be_one_and_so_are_operations_with_several_results() -> None:
    inputs = {"x": mp.column("first", mp.int64(0, 9), rows=16, nullable=True)}
    largest = mp.program(inputs=inputs, outputs={"out": "asker"})(lambda x: mp.max(x)).trace()
    said = as_listing(largest)
    assert "input_mask x of first" in said
    assert "out to asker: " in said
    assert ", null where %" in said
    assert as_listing(ranking_program(Rule.ORDER, bidders=3, low=1, high=9).trace()).count("to row-") == 3
