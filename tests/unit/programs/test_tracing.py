"""A program's function becomes a graph: one step a computation, named by its line, and nothing that could overflow."""

from __future__ import annotations

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.errors import BadProgram, DependsOnSecret, ValueOverflow
from atoll.programs.operations.arithmetic import Multiply


@mp.program(
    inputs={
        "a": mp.column("bank", mp.int64(-100, 100), rows="n"),
        "b": mp.column("shop", mp.int64(0, 9), rows="n", nullable=True),
    },
    outputs={"product": "bureau", "sum": ("bank", "shop")},
)
def example(a: mp.SecretArray, b: mp.SecretArray) -> dict[str, mp.SecretArray]:
    _unused = a * a
    return {"product": a * b + 0 * (b * a), "sum": a + b}


def test_the_clear_answer_is_numpys_and_null_where_an_operand_is() -> None:
    found = mp.run_clear(example.trace(n=3), {"a": [1, -2, 3], "b": [4, None, 6]})
    assert found["product"].tolist() == [4, None, 18]
    assert found["sum"].tolist() == [5, None, 9]


def test_equal_products_are_computed_once_and_unused_ones_never() -> None:
    graph = example.trace(n=3)
    secret_products = [
        step
        for step in graph.steps
        if isinstance(step.operation, Multiply) and all(kind.secret for kind in graph.kinds(step.inputs))
    ]
    assert len(secret_products) == 1


def test_a_graph_survives_its_encoding_to_the_bit() -> None:
    graph = example.trace(n=3)
    again = mp.parse_graph(graph.encode())
    assert again == graph
    assert again.digest == graph.digest != example.trace(n=4).digest
    assert [step.kinds for step in again.steps] == [step.kinds for step in graph.steps]


def test_an_overflow_is_found_before_anything_runs_and_names_its_line() -> None:
    @mp.program(inputs={"x": mp.column("bank", mp.int64(0, 1 << 40), rows=2)}, outputs={"y": "bank"})
    def too_much(x: mp.SecretArray) -> mp.SecretArray:
        return x * x

    with pytest.raises(ValueOverflow, match=r"test_tracing\.py:\d+: the result of square can lie anywhere from 0 to"):
        too_much.trace()


def test_a_condition_of_python_on_a_secret_is_refused_with_a_remedy() -> None:
    @mp.program(inputs={"x": mp.column("bank", mp.int64(0, 9), rows=2)}, outputs={"y": "bank"})
    def looks(x: mp.SecretArray) -> mp.SecretArray:
        return x + 1 if x + 1 else x

    with pytest.raises(DependsOnSecret, match=r"test_tracing\.py:\d+: a condition of Python"):
        looks.trace()


def test_what_is_returned_must_be_what_was_declared() -> None:
    @mp.program(inputs={"x": mp.column("bank", mp.int64(0, 9), rows=2)}, outputs={"y": "bank", "z": "bank"})
    def forgets(x: mp.SecretArray) -> dict[str, mp.SecretArray]:
        return {"y": x}

    with pytest.raises(BadProgram, match="differ in z"):
        forgets.trace()


def test_public_arrays_mix_with_secrets() -> None:
    @mp.program(inputs={"x": mp.column("bank", mp.fixed(-4, 4, fraction=16), rows=2, width=3)}, outputs={"y": "bank"})
    def weighted(x: mp.SecretArray) -> mp.SecretArray:
        return x * np.array([0.1, 0.2, 0.3]) - 1

    x = np.arange(6).reshape(2, 3) / 2
    found = mp.run_clear(weighted.trace(), {"x": x})["y"]
    np.testing.assert_allclose(found, x * np.array([0.1, 0.2, 0.3]) - 1, atol=1e-12)
