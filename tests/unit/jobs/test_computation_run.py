"""Computations run: who gets what, against whom, and what ends a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll import programs as mp
from atoll.jobs.computation import program
from atoll.jobs.computation.results import to_result
from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.kind import Inputs
from atoll.jobs.security import Security
from atoll.protocols.mpc.errors import OwnerDiffers
from atoll.protocols.mpc.places import compute, owner, receiver
from atoll.protocols.pump import pump
from tests.unit.jobs.secret import KIND, joint, numbers, plan_of, run, spec_of, vertical

GRAPH = joint()
SPEC = spec_of(GRAPH)
PLAN = plan_of(SPEC)
BODY = GRAPH.encode()
TABLES = {0: numbers(16, income=[10, 20, None, 30]), 1: numbers(16, other=[5] * 10)}


def test_receivers_get_their_outputs_and_nobody_else_gets_anything() -> None:
    ended = run(PLAN, BODY, TABLES)
    first, second = ended[receiver(0)].result, ended[receiver(1)].result
    assert first is not None
    assert second is not None
    assert (first.columns, first.rows()) == (("mean", "rows"), [(110, 13)])
    assert (second.columns, second.rows()) == (("rows",), [(13,)])
    for place in (owner(0), owner(1), *(compute(at) for at in range(3))):
        assert ended[place].result is None
        assert ended[place].opening is None
    assert len({one.result_commitment for one in ended.values()}) == 1
    assert ended[owner(0)].counts == {"own": 4}


def test_against_a_node_that_deviates_the_answer_is_the_same() -> None:
    plan = plan_of(spec_of(GRAPH, security=Security.MALICIOUS))
    result = run(plan, BODY, TABLES)[receiver(0)].result
    assert result is not None
    assert result.rows() == [(110, 13)]


def test_two_owners_whose_rows_stand_beside_each_other() -> None:
    graph = vertical()
    plan = plan_of(spec_of(graph))
    bills, late = [65536 * at + 32768 for at in range(16)], [at % 2 for at in range(16)]
    ended = run(plan, graph.encode(), {0: numbers(16, bill=bills), 1: numbers(16, late=late)})
    result = ended[receiver(0)].result
    assert result is not None
    assert [float(cell) for (cell,) in result.rows() if cell is not None] == [sum(at + 0.5 for at in range(1, 16, 2))]


def test_what_stands_under_a_null_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that hides rows by nulls hides them also from a receiver that looks at what the nodes send it."""

    @mp.program(
        inputs={
            "x": mp.column("first", mp.int64(1, 100), rows=16, nullable=True),
            "y": mp.column("second", mp.bool_, rows=16, nullable=True),
        },
        outputs={"x": "asker", "y": "asker"},
    )
    def as_it_is(x: Any, y: Any) -> Any:
        return {"x": x, "y": y}

    graph = as_it_is.trace()
    seen: list[Any] = []

    def watched(outputs: Any, opened: Any) -> Any:
        seen.extend(opened)
        return to_result(outputs, opened)

    monkeypatch.setattr(program, "to_result", watched)
    hidden = numbers(16, x=[7] * 16)
    hidden.columns["x"].present[3:] = False  # type: ignore[index]
    truths = numbers(16, y=[1] * 16)
    truths.columns["y"].present[5:] = False  # type: ignore[index]
    ended = run(plan_of(spec_of(graph)), graph.encode(), {0: hidden, 1: truths})
    assert [one.tolist() for one in seen] == [
        [7] * 3 + [0] * 13,
        [1] * 3 + [0] * 13,
        [1] * 5 + [0] * 11,
        [1] * 5 + [0] * 11,
    ]
    result = ended[receiver(0)].result
    assert result is not None
    assert result.rows()[2:6] == [(7, True), (None, True), (None, True), (None, None)]


def test_a_node_with_another_plan_ends_the_run() -> None:
    other = replace(PLAN, salt=bytes([1]) * 32)
    places = [owner(0), owner(1), *(compute(at) for at in range(3)), receiver(0), receiver(1)]

    def roles(odd: Any) -> dict[Any, Any]:
        made = {}
        for at, place in enumerate(places):
            tables = (TABLES[place.index],) * 2 if place.role == "owner" else ()
            inputs = Inputs(tables=tables, attached=BODY)
            made[place] = KIND.program(other if place == odd else PLAN, place, inputs, seed=bytes([at + 1]) * 32)
        return made

    for odd in (owner(1), compute(0), compute(2)):
        with pytest.raises(OwnerDiffers):
            pump(roles(odd))


def test_an_owners_shares_of_another_attempt_are_refused() -> None:
    places = [owner(0), owner(1), *(compute(at) for at in range(3)), receiver(0), receiver(1)]
    roles = {}
    for at, place in enumerate(places):
        tables = (TABLES[place.index],) * 2 if place.role == "owner" else ()
        inputs = Inputs(tables=tables, attached=BODY, attempt=2 if place == owner(1) else 1)
        roles[place] = KIND.program(PLAN, place, inputs, seed=bytes([at + 1]) * 32)
    with pytest.raises(OwnerDiffers):
        pump(roles)


def test_inputs_that_are_not_the_places_own_are_refused() -> None:
    for place, inputs in (
        (owner(0), Inputs(attached=BODY)),
        (owner(0), Inputs(tables=(TABLES[0],), attached=BODY)),
        (compute(0), Inputs(tables=(TABLES[0],), attached=BODY)),
        (owner(2), Inputs(tables=(TABLES[0],) * 2, attached=BODY)),
    ):
        with pytest.raises(BadInputs):
            KIND.program(PLAN, place, inputs, seed=bytes(32))
    with pytest.raises(BadPlan):
        KIND.program(PLAN, owner(0), Inputs(tables=(TABLES[0],) * 2, attached=vertical().encode()), seed=bytes(32))


def test_nothing_prints_a_column() -> None:
    secret = numbers(16, income=[123456])
    assert "123456" not in repr(Inputs(tables=(secret,), attached=BODY))
    assert BODY.hex() not in repr(KIND.draft(SPEC))


def test_another_attempt_shares_the_same_columns_otherwise() -> None:
    def said(seed: int) -> list[bytes]:
        role = KIND.program(PLAN, owner(0), Inputs(tables=(TABLES[0],) * 2, attached=BODY), seed=bytes([seed]) * 32)
        return [step.message.data for step in (next(role) for _ in range(3))]  # type: ignore[union-attr]

    assert said(1) == said(1)
    assert all(one != other for one, other in zip(said(1), said(2), strict=True))
