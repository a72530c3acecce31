"""A program's function becomes a graph: one step a computation, named by its line, and nothing that could overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.errors import BadProgram, DependsOnSecret, ValueOverflow, WrongOperands
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


def shown(function: Any, **sizes: Any) -> mp.Graph:
    column = mp.column("bank", mp.int64(0, 9), rows="n" if sizes else 4)
    return mp.program(inputs={"x": column}, outputs={"y": "bank"})(function).trace(**sizes)


def test_whole_numbers_of_numpys_stand_for_pythons() -> None:
    expected = shown(lambda x: x.reshape(2, 2)[1, 0])
    assert shown(lambda x: x.reshape(np.int64(2), 2)[np.int32(1), 0], n=np.int64(4)) == expected
    assert mp.parse_graph(shown(lambda x: x.reshape(np.int64(2), 2)[1, 0]).encode()) == expected


@pytest.mark.parametrize("rows", [2.0, True, "4"])
def test_a_number_of_rows_is_a_whole_number(rows: Any) -> None:
    with pytest.raises(BadProgram, match="which is not a whole number"):
        shown(lambda x: x, n=rows)


def test_what_is_no_whole_number_is_refused_in_its_line_and_not_as_a_graph_too_long() -> None:
    with pytest.raises(WrongOperands, match=r"test_tracing\.py:\d+: reshape cannot be done: shape is \(2\.0, 2\)"):
        shown(lambda x: x.reshape(2.0, 2))


def test_a_value_kept_from_another_trace_is_refused() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x + 1)
        return x * 2 + kept[0]

    shown(keeps)
    with pytest.raises(WrongOperands, match="kept from another trace"):
        shown(keeps)


def test_names_that_no_reader_of_the_graph_would_take_are_refused_at_once() -> None:
    column = mp.column("bank", mp.int64(0, 9), rows=4)

    def nameless(x: Any) -> Any:
        return x

    nameless.__name__ = "\u00e9"
    with pytest.raises(BadProgram, match="its name needs a letter"):
        mp.program(inputs={"x": column}, outputs={"y": "bank"})(nameless)
    with pytest.raises(BadProgram, match="a receiver twice"):
        mp.program(inputs={"x": column}, outputs={"y": ("bank", "bank")})(lambda x: x)
