"""What holds of a run as a whole: nulls, several owners and receivers, ranges that do not hold, memory, small columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.columns import encode_column
from atoll.programs.errors import BadColumn, BadProgram, RangeBroken
from atoll.programs.explain import as_text
from atoll.programs.graph import Graph
from atoll.programs.places import owner_columns, owner_shapes, owners, receivers, unchecked
from atoll.programs.run import SharedColumn, run_graph
from atoll.programs.schedule import layers
from atoll.protocols.mpc import Node, Steps, public_ring, run_together, set_up

SEED = bytes(range(32))


@mp.program(
    inputs={
        "income": mp.column("bank", mp.int64(0, 10_000), rows="n", nullable=True),
        "debt": mp.column("bureau", mp.fixed(0, 1000, fraction=12), rows="n"),
        "works": mp.column("bank", mp.bool_, rows="n", nullable=True),
    },
    outputs={"heavy": ("bank", "bureau"), "total": "bureau", "known": "bank", "workers": "bank"},
)
def burden(income: mp.SecretArray, debt: mp.SecretArray, works: mp.SecretArray) -> dict[str, mp.SecretArray]:
    return {
        "heavy": debt * 10 > income,
        "total": mp.where(works, debt, 0).sum(),
        "known": income.count(),
        "workers": works.sum(),
    }


GIVEN: dict[str, Any] = {
    "income": [100, None, 10_000, 0, 7],
    "debt": [10.5, 3.0, 999.75, 0.0, 0.5],
    "works": [True, False, None, True, None],
}


def test_every_receiver_gets_what_is_meant_for_it_and_nothing_else() -> None:
    graph = burden.trace(n=5)
    assert (owners(graph), receivers(graph)) == (("bank", "bureau"), ("bank", "bureau"))
    ran = mp.simulate(graph, GIVEN, seed=SEED)
    clear = mp.run_clear(graph, GIVEN)
    assert {name: set(found) for name, found in ran.outputs.items()} == {
        "bank": {"heavy", "known", "workers"},
        "bureau": {"heavy", "total"},
    }
    for found in ran.outputs.values():
        for name, values in found.items():
            assert values.tolist() == clear[name].tolist()
    assert clear["heavy"].tolist() == [True, None, False, False, False]
    assert float(clear["total"]) == 10.5
    assert (int(clear["known"]), int(clear["workers"])) == (4, 2)


def test_an_output_shows_nothing_of_what_lies_under_its_nulls() -> None:
    column = mp.column("bank", mp.int64(5, 9), rows=3, nullable=True)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bureau"})(lambda x: x + 100).trace()
    given = {"x": [6, None, 7]}
    for found in (mp.run_clear(graph, given)["y"], mp.simulate(graph, given, seed=SEED).outputs["bureau"]["y"]):
        assert np.ma.getdata(found).tolist() == [106, 0, 107]
        assert np.ma.getmaskarray(found).tolist() == [False, True, False]


@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65])
def test_columns_of_any_length_work(rows: int) -> None:
    rng = np.random.default_rng(rows)
    given = {
        "income": rng.integers(0, 10_000, rows),
        "debt": rng.integers(0, 1000, rows) / 4,
        "works": rng.integers(0, 2, rows).astype(bool),
    }
    graph = burden.trace(n=rows)
    ran, clear = mp.simulate(graph, given, seed=SEED), mp.run_clear(graph, given)
    assert ran.outputs["bureau"]["heavy"].tolist() == clear["heavy"].tolist()


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("income", [100, 2, 3, 10_001, 5], "row 4 lies outside"),
        ("income", [100, 2, 3, 4], "it has 4 rows, and the program takes 5 rows"),
        ("income", [1.5, 2.0, 3.0, 4.0, 5.0], "holds float64"),
        ("income", ["a", 1, 2, 3, 4], "holds"),
        ("debt", [1.0, float("nan"), 1.0, 1.0, 1.0], "row 2 is NaN"),
        ("debt", [1.0, 1.0, float("-inf"), 1.0, 1.0], "row 3 is NaN or infinite"),
        ("debt", [1.0, None, 1.0, 1.0, 1.0], "row 2 is null, and nulls are not declared"),
        ("debt", [[1.0], [1.0, 2.0], 1.0, 1.0, 1.0], "different lengths|shape"),
        ("debt", [np.array([1.0, 2.0]), None], "different lengths"),
        ("works", [1, 0, 1, 0, 1], "holds int64"),
        ("works", None, "it is missing"),
        ("debt", np.full(5, 2**62), "row 1 lies outside"),
        ("debt", np.full(5, 1e300), "row 1 lies outside"),
    ],
)
def test_a_column_that_is_not_as_declared_is_refused_before_anything_is_shared(name: str, values: Any, problem: str) -> None:
    graph = burden.trace(n=5)
    owner = next(column.owner for column in graph.inputs if column.name == name)
    with pytest.raises(BadColumn, match=problem):
        owner_columns(graph, owner, GIVEN | {name: values})


def test_numbers_are_rounded_to_the_declared_steps() -> None:
    graph = burden.trace(n=5)
    assert encode_column(graph.inputs[1], [0.1, 0.2, 1 / 8192, 3, 1000]).raw.tolist() == [410, 819, 0, 12288, 4_096_000]


def test_a_range_that_does_not_hold_ends_the_run_before_anything_is_opened() -> None:
    column = mp.column("bank", mp.int64(-5, 9), rows=3, checked=True)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: x + 1).trace()
    (opening,) = mp.explain(graph).openings
    assert "whether all of x lies in int64 -5..9" in opening.what and opening.to == ("compute nodes",)

    def steps(me: int, values: list[int]) -> Steps[Any]:
        node: Node = yield from set_up(me, context=b"", seed=SEED[:31] + bytes([me]))
        return (yield from run_graph(node, graph, {"x": SharedColumn(public_ring(me, np.array(values)))}))

    run_together([steps(me, [-5, 0, 9]) for me in range(3)])
    for bad in ([-6, 0, 9], [0, 10, 0], [0, 0, -(2**63)], [2**63 - 1, 0, 0]):
        with pytest.raises(RangeBroken, match="column x"):
            run_together([steps(me, bad) for me in range(3)])


def test_where_owners_are_several_each_ones_ranges_are_checked_unless_it_is_believed() -> None:
    def weighed(w: mp.SecretArray, x: mp.SecretArray) -> mp.SecretArray:
        return (w * x).sum()

    def trace(**options: Any) -> mp.Graph:
        inputs = {"w": mp.column("a", mp.int64(0, 1), rows=4), "x": mp.column("b", mp.int64(0, 255), rows=4, **options)}
        return mp.program(inputs=inputs, outputs={"y": "a"})(weighed).trace()

    assert unchecked(trace()) == () and len(mp.explain(trace()).openings) == 2
    assert unchecked(trace(checked=False)) == ("x",)

    def steps(me: int) -> Steps[Any]:
        node: Node = yield from set_up(me, context=b"", seed=SEED[:31] + bytes([me]))
        weights, rows = np.array([1, 256, 65536, 2**24]), np.array([3, 1, 4, 1])
        columns = {"w": SharedColumn(public_ring(me, weights)), "x": SharedColumn(public_ring(me, rows))}
        return (yield from run_graph(node, trace(), columns))

    with pytest.raises(RangeBroken, match="column w"):
        run_together([steps(me) for me in range(3)])


def test_a_result_that_shows_what_lies_under_nulls_is_explained_as_such() -> None:
    column = mp.column("bank", mp.int64(5, 9), rows=3, nullable=True)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: mp.SecretArray(x.tracer, x.ref) + 1).trace()
    assert mp.explain(graph).outputs[0].what == "y, values under nulls of x included"


def test_the_largest_number_is_compared_as_a_whole_number() -> None:
    graph = mp.program(inputs={"x": mp.column("b", mp.fixed(0, 3, fraction=60), rows=1)}, outputs={"y": "b"})(
        lambda x: x
    ).trace()
    assert encode_column(graph.inputs[0], [3.0]).raw.tolist() == [3 << 60]
    with pytest.raises(BadColumn, match="row 1 lies outside"):
        encode_column(graph.inputs[0], [np.nextafter(3.0, 4)])


def test_what_does_not_wait_for_each_other_shares_rounds() -> None:
    def both(x: mp.SecretArray, y: mp.SecretArray) -> mp.SecretArray:
        return (x < 3) & (y < 4)

    inputs = {name: mp.column("bank", mp.int64(0, 9), rows=4) for name in "xy"}
    graph = mp.program(inputs=inputs, outputs={"z": "bank"})(both).trace()
    assert [len(layer.together) for layer in layers(graph)] == [2, 1, 0]


def test_results_are_let_go_when_nothing_needs_them_any_more() -> None:
    """However long a chain is, it holds what one link of it does."""

    def chain(links: int) -> Graph:
        def body(x: mp.SecretArray) -> mp.SecretArray:
            for _ in range(links):
                x = mp.maximum(x * x, 1).clip(0, 9)
            return x

        return mp.program(inputs={"x": mp.column("bank", mp.int64(0, 9), rows=1000)}, outputs={"y": "bank"})(body).trace()

    long = chain(20)
    assert mp.explain(long).memory_bytes == mp.explain(chain(2)).memory_bytes
    assert owner_shapes(long, "bank")[0].count == 1000


def test_a_mean_skips_nulls_and_is_null_without_values() -> None:
    columns = {"x": mp.column("bank", mp.fixed(0, 100, fraction=8), rows=2, width=4, nullable=True)}
    graph = mp.program(inputs=columns, outputs={"m": "bureau"})(lambda x: x.mean(axis=1)).trace()
    given = {"x": [[1.5, None, 4, 5], [None] * 4]}
    for found in (mp.run_clear(graph, given)["m"], mp.simulate(graph, given, seed=SEED).outputs["bureau"]["m"]):
        assert np.ma.getmaskarray(found).tolist() == [False, True]
        assert abs(float(found[0]) - 3.5) <= float(graph.kind(graph.outputs[0].ref).error) + 1e-9


def test_a_long_program_is_explained_in_a_page() -> None:
    def long(x: mp.SecretArray) -> mp.SecretArray:
        for at in range(80):
            x = (x * x).clip(0, 10 + at)
        return x

    graph = mp.program(inputs={"x": mp.column("bank", mp.int64(0, 9), rows=2)}, outputs={"y": "bank"})(long).trace()
    text = as_text(mp.explain(graph))
    assert "... and " in text and len(text.splitlines()) < 80


def test_a_program_with_large_tables_of_constants_says_so() -> None:
    column = mp.column("bank", mp.int64(0, 9), rows=40_000)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: x + np.arange(40_000)).trace()
    with pytest.raises(BadProgram, match="longer than 250,000 bytes; large tables of constants"):
        graph.encode()
