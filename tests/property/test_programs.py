"""Programs put together by chance: three nodes give the clear answer within the bound that is stated, at the stated cost."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.protocols.mpc import Adversary
from tests.property.programs import Generated, generate
from tests.property.tables import generate_table
from tests.unit.programs.stated import verify_stated

COUNT = int(os.environ.get("ATOLL_PROGRAMS", "100"))
"""How many; `make long` runs thousands."""

BATCH = 50


@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
def test_generated_programs_give_the_clear_answer_within_their_bounds(batch: int) -> None:
    for seed in range(batch * BATCH, min((batch + 1) * BATCH, COUNT)):
        verify(seed, generate(seed), Adversary.MALICIOUS if seed % 5 == 4 else Adversary.SEMI_HONEST)


@pytest.mark.parametrize("batch", range(-(-COUNT // 2 // BATCH)))
def test_generated_programs_on_tables_give_the_clear_answer_whatever_a_node_may_do(batch: int) -> None:
    for seed in range(batch * BATCH, min((batch + 1) * BATCH, COUNT // 2)):
        verify(seed, generate_table(seed), Adversary.MALICIOUS if seed % 4 else Adversary.SEMI_HONEST)


def verify(seed: int, generated: Generated, adversary: Adversary) -> None:
    graph, columns = generated.graph, generated.columns
    clear = mp.run_clear(graph, columns)
    ran = mp.simulate(graph, columns, seed=seed.to_bytes(32), adversary=adversary)
    largest = max(float(kind.dtype.magnitude) for step in graph.steps for kind in step.kinds)
    for output in graph.outputs:
        kind, found, expected = graph.kind(output.ref), ran.outputs["somebody"][output.name], clear[output.name]
        assert found.shape == expected.shape == kind.shape, seed
        assert (np.ma.getmaskarray(found) == np.ma.getmaskarray(expected)).all(), seed
        # Floats, in which the clear answer is computed, have 53 bits.
        rounding = largest * 2.0**-50 if kind.dtype.name == "fixed" else 0.0
        off = distance(found, expected)
        assert off <= float(kind.error) + rounding, (seed, output.name, off, float(kind.error))
        present = np.ma.compressed(found) if output.valid is not None else found
        if present.size and not kind.dtype.is_bool:
            assert kind.dtype.least - rounding <= min(present.flat) and max(present.flat) <= kind.dtype.most + rounding, seed
    told = mp.explain(graph, adversary=adversary)
    verify_stated(told, ran)
    assert mp.parse_graph(graph.encode()) == graph, seed


def distance(found: Any, expected: Any) -> float:
    """The largest difference of two arrays where there are values; exact for integers."""
    pairs = zip(np.ma.compressed(np.ma.asarray(found)), np.ma.compressed(np.ma.asarray(expected)), strict=True)
    return max(
        (abs(float(one - other)) if isinstance(one, np.floating) else abs(int(one) - int(other)) for one, other in pairs),
        default=0,
    )
