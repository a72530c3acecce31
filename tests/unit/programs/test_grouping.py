"""Groups, joins, secret places among three nodes: the clear answer, at the stated cost; the clear answer against DuckDB's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pytest

from atoll import programs as mp
from atoll.programs.errors import WrongOperands
from atoll.protocols.mpc import Adversary
from atoll.protocols.mpc.errors import KeyTooOften
from tests.unit.programs.stated import verify_stated

ROWS = 60
Case = Callable[..., Any]


def one(groups: Any, name: str) -> Any:
    return groups.columns[name]


CASES: dict[str, Case] = {
    "sum by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("sum", x)}), "s"),
    "count by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": "count"}), "s"),
    "sum by code, numbers after the point": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("sum", p)}), "s"),
    "sum by code, nulls": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("sum", z)}), "s"),
    "count by code, nulls": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("count", z)}), "s"),
    "min by code, nulls": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("min", z)}), "s"),
    "max by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 9, {"s": ("max", p)}), "s"),
    "first by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("first", x)}), "s"),
    "last by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("last", x)}), "s"),
    "codes that are null": lambda c, x, p, z, t: one(mp.group_by_code(abs(z), 8, {"s": ("sum", x)}), "s"),
    "true ones by code": lambda c, x, p, z, t: one(mp.group_by_code(c, 8, {"s": ("sum", t)}), "s"),
    "fewer groups than codes": lambda c, x, p, z, t: one(mp.group_by_code(c, 3, {"s": ("sum", x)}), "s"),
    "keys": lambda c, x, p, z, t: mp.group_by([x], {}).keys[0],
    "sum by key": lambda c, x, p, z, t: one(mp.group_by([x], {"s": ("sum", p)}), "s"),
    "count by two keys": lambda c, x, p, z, t: one(mp.group_by([x, t], {"s": "count"}), "s"),
    "max by key": lambda c, x, p, z, t: one(mp.group_by([c], {"s": ("max", x)}), "s"),
    "min by key": lambda c, x, p, z, t: one(mp.group_by([c], {"s": ("min", x)}), "s"),
    "unique_values": lambda c, x, p, z, t: mp.unique_values(p),
    "unique_counts": lambda c, x, p, z, t: mp.unique_counts(c)[1],
    "join": lambda c, x, p, z, t: mp.join([], [p[:5]], left_on=[c], right_on=[mp.cumulative_sum(c[:5] * 0 + 1)]).right[0],
    "join with nulls": lambda c, x, p, z, t: mp.join([x], [z, t], left_on=[z], right_on=[x], multiplicity=20).right[0],
    "join, truth values": lambda c, x, p, z, t: mp.join([x], [t], left_on=[c], right_on=[x], multiplicity=20).right[0],
    "join, left": lambda c, x, p, z, t: mp.join([x], [], left_on=[c, t], right_on=[x, t], multiplicity=20).matched,
    "entries of a short table": lambda c, x, p, z, t: mp.take_secret(p[:9], c),
    "entries of a long table": lambda c, x, p, z, t: mp.take_secret(mp.tile(z, 30), c * 99),
    "entries, some places null": lambda c, x, p, z, t: mp.take_secret(t, z),
    "scatter_add": lambda c, x, p, z, t: mp.scatter_add(c, p, 10),
    "scatter": lambda c, x, p, z, t: mp.scatter(x, c, -x),
    "cumulative_max": lambda c, x, p, z, t: mp.cumulative_max(x),
    "cumulative_min": lambda c, x, p, z, t: mp.cumulative_min(p.reshape(3, 20), axis=1),
}

SQL = {
    "sum by code": "select coalesce(sum(x), 0) from range(8) g(c) left join r using (c) group by c order by c",
    "count by code": "select count(x) from range(8) g(c) left join r using (c) group by c order by c",
    "sum by code, nulls": "select coalesce(sum(z), 0) from range(8) g(c) left join r using (c) group by c order by c",
    "count by code, nulls": "select count(z) from range(8) g(c) left join r using (c) group by c order by c",
    "min by code, nulls": "select min(z) from range(8) g(c) left join r using (c) group by c order by c",
    "max by code": "select max(p) from range(9) g(c) left join r using (c) group by c order by c",
    "first by code": "select arg_min(x, n) from range(8) g(c) left join r using (c) group by c order by c",
    "last by code": "select arg_max(x, n) from range(8) g(c) left join r using (c) group by c order by c",
    "true ones by code": "select coalesce(sum(t::int), 0) from range(8) g(c) left join r using (c) group by c order by c",
    "fewer groups than codes": "select coalesce(sum(x), 0) from range(3) g(c) left join r using (c) group by c order by c",
    "keys": "select distinct x from r order by x",
    "sum by key": "select sum(p) from r group by x order by x",
    "count by two keys": "select count(*) from r group by x, t order by x, t",
    "max by key": "select max(x) from r group by c order by c",
    "min by key": "select min(x) from r group by c order by c",
    "unique_values": "select distinct p from r order by p",
    "unique_counts": "select count(*) from r group by c order by c",
    "scatter_add": "select coalesce(sum(p), 0) from range(10) g(c) left join r using (c) group by c order by c",
    "cumulative_max": "select max(x) over (order by n) from r order by n",
}


def trace(function: Case) -> mp.Graph:
    whole = mp.int64(-7, 12)
    inputs = {
        "c": mp.column("bank", mp.int64(0, 7), rows=ROWS),
        "x": mp.column("bank", whole, rows=ROWS),
        "p": mp.column("bank", mp.fixed(-50, 50, fraction=16), rows=ROWS),
        "z": mp.column("bank", whole, rows=ROWS, nullable=True),
        "t": mp.column("bank", mp.bool_, rows=ROWS),
    }
    return mp.program(inputs=inputs, outputs={"o": "bureau"})(lambda c, x, p, z, t: {"o": function(c, x, p, z, t)}).trace()


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(11)
    return {
        "c": rng.integers(0, 6, ROWS) + (np.arange(ROWS) % 3 == 0),
        "x": rng.integers(-7, 12, ROWS, endpoint=True),
        "p": np.ldexp(rng.integers(-50 << 16, 50 << 16, ROWS // 2).repeat(2), -16),
        "z": np.ma.MaskedArray(rng.integers(-7, 12, ROWS), mask=np.arange(ROWS) % 3 == 0),
        "t": rng.integers(0, 2, ROWS).astype(bool),
    }


@pytest.mark.parametrize("adversary", Adversary)
@pytest.mark.parametrize("name", CASES)
def test_three_nodes_give_the_clear_answer_at_the_stated_cost(name: str, adversary: Adversary) -> None:
    graph, given = trace(CASES[name]), columns()
    ran = mp.simulate(graph, given, seed=bytes(32), adversary=adversary)
    (output,) = graph.outputs
    expected: Any = mp.run_clear(graph, given)["o"]
    found: Any = ran.outputs["bureau"]["o"]
    assert np.array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
    difference = np.ma.filled(np.ma.abs(found.astype(float) - expected.astype(float)), 0.0)
    assert np.max(difference) <= float(graph.kind(output.ref).error) + 1e-9
    told = mp.explain(graph, adversary=adversary)
    if adversary is Adversary.SEMI_HONEST:  # of a sort of more than one level the shuffle settles what it takes
        assert told.exact == (name != "entries of a long table")
    verify_stated(told, ran)


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("sum by code", ["comparisons"]),
        ("sum by key", ["comparisons", "where shuffled rows go"]),
        ("join, left", ["comparisons", "where shuffled rows go", "whether a key stands on the right more than 20 times"]),
        ("entries of a short table", []),
    ],
)
def test_all_that_nodes_are_shown_on_the_way_is_listed(name: str, opened: list[str]) -> None:
    listed = mp.explain(trace(CASES[name])).openings
    assert len(listed) == len(opened)
    assert all(what in one.what for what, one in zip(opened, listed, strict=True))


@pytest.mark.parametrize("name", SQL)
def test_the_clear_answer_is_duckdbs(name: str) -> None:
    given = columns()
    with duckdb.connect() as base:
        base.execute("create table r (n int, c int, x int, p double, z int, t bool)")
        rows = zip(range(ROWS), *(column.tolist() for column in given.values()), strict=True)
        base.executemany("insert into r values (?, ?, ?, ?, ?, ?)", list(rows))
        expected = [row[0] for row in base.execute(SQL[name]).fetchall()]
    found: Any = np.ma.asarray(mp.run_clear(trace(CASES[name]), given)["o"])
    assert [None if value is None else pytest.approx(value) for value in found.tolist()[: len(expected)]] == expected
    assert found.mask.all() if not np.shape(found.mask) and found.mask else not np.ma.count(found[len(expected) :])


def test_a_join_gives_all_pairs() -> None:
    given = columns()
    graph = trace(lambda c, x, p, z, t: _pairs(mp.join([c], [p], left_on=[c], right_on=[x], multiplicity=20)))
    found: Any = mp.simulate(graph, given, seed=bytes(32)).outputs["bureau"]["o"]
    with duckdb.connect() as base:
        base.execute("create table r (c int, x int, p double)")
        base.executemany("insert into r values (?, ?, ?)", list(zip(*(given[one].tolist() for one in "cxp"), strict=True)))
        expected = base.execute("select a.c, b.p from r a join r b on a.c = b.x").fetchall()
    assert sorted(map(tuple, found[~found.mask.any(axis=1)].tolist())) == sorted(expected)


def _pairs(joined: Any) -> Any:
    return mp.stack([mp.where(joined.matched, joined.left[0], joined.right[0]), joined.right[0]], axis=1)


@pytest.mark.parametrize("adversary", Adversary)
def test_a_key_that_stands_there_too_often_ends_the_run(adversary: Adversary) -> None:
    graph = trace(lambda c, x, p, z, t: mp.join([], [p], left_on=[c], right_on=[x]).right[0])
    with pytest.raises(KeyTooOften):
        mp.simulate(graph, columns(), seed=bytes(32), adversary=adversary)


@pytest.mark.parametrize(
    ("problem", "function"),
    {
        "not a column of integers": lambda c, x, p, z, t: one(mp.group_by_code(p, 3, {"s": "count"}), "s"),
        "integers from 0": lambda c, x, p, z, t: one(mp.group_by_code(x, 3, {"s": "count"}), "s"),
        "mean is not": lambda c, x, p, z, t: one(mp.group_by_code(c, 3, {"s": ("mean", x)}), "s"),
        "number of groups is 0": lambda c, x, p, z, t: one(mp.group_by_code(c, 0, {"s": "count"}), "s"),
        "there is no key": lambda c, x, p, z, t: one(mp.group_by([], {"s": "count"}), "s"),
        "a key may be null": lambda c, x, p, z, t: one(mp.group_by([z], {"s": "count"}), "s"),
        "fill it first": lambda c, x, p, z, t: one(mp.group_by([c], {"s": ("max", z)}), "s"),
        "1 keys on the left and 2": lambda c, x, p, z, t: mp.join([], [p], left_on=[c], right_on=[x, c]).right[0],
        "on the right may be null": lambda c, x, p, z, t: mp.join([], [p], left_on=[c], right_on=[z]).right[0],
        "multiplicity is 65": lambda c, x, p, z, t: mp.join([], [p], left_on=[c], right_on=[x], multiplicity=65).right[0],
        "at a column of integers": lambda c, x, p, z, t: mp.take_secret(x, p),
        "nulls have no place": lambda c, x, p, z, t: mp.scatter(z, c, x),
    }.items(),
)
def test_refuses(problem: str, function: Case) -> None:
    with pytest.raises(WrongOperands, match=problem):
        trace(function)


def test_the_largest_so_far_of_a_long_column_is_a_short_graph() -> None:
    column = mp.column("bank", mp.int64(0, 9), rows=1_000_001)
    graph = mp.program(inputs={"x": column}, outputs={"y": "bank"})(lambda x: mp.cumulative_max(x)).trace()
    assert len(graph.encode()) < 20_000
