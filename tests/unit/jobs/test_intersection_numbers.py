"""Intersections that tell a number: how many keys are common, or a sum over them; noise, floors, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from atoll.jobs.errors import BadPlan, NotSummable
from atoll.jobs.intersection import Output
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.shape import Shape
from atoll.jobs.table import MemoryRows
from atoll.ledger.plan import Plan
from atoll.policy.demand import Exposure
from atoll.protocols.pump import pump
from tests.unit.dh.runs import narrow_sums
from tests.unit.jobs.world import (
    BANK,
    BANK_ROWS,
    BUREAU_ROWS,
    INCOMES,
    KIND,
    OWNER,
    RECEIVER,
    SECOND,
    SHARED,
    altered,
    given,
    mutual,
    plan_of,
    rows_job,
    run,
)

__all__ = ["narrow_sums"]


def number(output: Output, shows: tuple[str, ...] = (), **changes: Any) -> Plan:
    return plan_of(replace(altered("bureau", shows=shows), output=output, protocol="", **changes))


def test_a_cardinality_is_the_number_of_keys_that_both_have_and_no_row() -> None:
    job = number(Output.CARDINALITY)
    done = run(job, {OWNER: INCOMES, RECEIVER: given(SHARED)})
    assert done[RECEIVER].result.rows() == [(2,)]
    assert [(one.name, one.kind) for one in KIND.result_schema(job)] == [("count", "integer")]
    assert done[RECEIVER].counts == {"own": 4, "matched": 2}


def test_noise_moves_a_count_and_is_stated_wherever_the_count_is_described() -> None:
    job = number(Output.CARDINALITY, epsilon_micro=2_000_000, receivers=(replace(BANK, rows_cap=28),))
    found = []
    for attempt in range(6):
        inputs = {OWNER: given(BUREAU_ROWS), RECEIVER: given(BANK_ROWS)}
        seeds = {at: bytes([attempt + 10 * (at == OWNER)] * 32) for at in inputs}
        done = pump({at: KIND.program(job, at, one, seed=seeds[at]) for at, one in inputs.items()})
        found.append(done[RECEIVER].result.rows()[0][0])
    assert len(set(found)) > 1
    assert "epsilon = 2" in job.leakage
    assert "outside the promise of differential privacy" in job.leakage
    assert "leaves out the public dummies has the exact count" in job.leakage
    assert "counts up to 28 above its row cap" in job.leakage
    assert KIND.parameters(job)["epsilon-micro"] == 2_000_000
    assert [(line.epsilon_micro, one.epsilon_micro) for line, one in zip(job.inputs, KIND.demands(job), strict=True)] == [
        (2_000_000, 2_000_000),
        (0, 0),
    ]
    assert any("noisy number of keys in common" in one.reads for one in job.coalitions)


def test_an_exact_count_says_nothing_of_noise() -> None:
    assert "differential" not in number(Output.CARDINALITY).leakage


def test_noise_with_more_dummies_than_the_receivers_cap_is_refused() -> None:
    with pytest.raises(BadPlan, match="in the place of the 28 dummies"):
        number(Output.CARDINALITY, epsilon_micro=2_000_000, receivers=(replace(BANK, rows_cap=27),))
    cardinality = PROTOCOLS["psi-cardinality-ristretto255"]
    both = Shape(receiver_rows=28, owner_rows=(27,), receivers=2, output=Output.CARDINALITY, epsilon_micro=2_000_000)
    assert "28 dummies" in cardinality.why_not(both)
    assert not cardinality.why_not(replace(both, receivers=1))


def test_an_epsilon_that_takes_too_much_noise_is_refused() -> None:
    with pytest.raises(BadPlan, match="epsilon"):
        number(Output.CARDINALITY, epsilon_micro=1)


AMOUNTS = given(
    [("AT1", "ANN", "100.25"), ("7", "bob", "-50.5"), ("AT1", "ANN", "0.05"), ("9", "joe", "1"), ("8", "EVE", None)],
    names=("i", "n", "debt"),
)


def test_a_sum_adds_every_row_of_the_owner_with_a_common_key_as_sql_does() -> None:
    job = number(Output.SUM, ("debt",), scale=2)
    done = run(job, {OWNER: AMOUNTS, RECEIVER: given(SHARED)})
    assert KIND.parameters(job)["total-bits"] == 44
    assert done[RECEIVER].result.rows() == [(3, "49.80")]
    assert [(one.name, one.kind) for one in KIND.result_schema(job)] == [("count", "integer"), ("sum", "decimal")]
    assert done[OWNER].result is None


@pytest.mark.usefixtures("narrow_sums")
def test_over_fewer_keys_than_asked_for_no_sum_is_told() -> None:
    done = run(number(Output.SUM, ("debt",), scale=2, min_count=4), {OWNER: AMOUNTS, RECEIVER: given(SHARED)})
    assert done[RECEIVER].result.rows() == [(3, None)]


def test_a_sum_demands_its_column_as_an_aggregate_and_says_that_the_owner_gets_nothing() -> None:
    job = number(Output.SUM, ("debt",), min_count=20)
    owner, receiver = KIND.demands(job)
    assert owner.columns[-1] == ("debt", Exposure.AFTER_AGGREGATE)
    assert owner.columns[0] == ("national_id", Exposure.ENCRYPTED_ONLY)
    assert (owner.output, owner.payload, owner.min_count) == (Output.SUM, ("debt",), 20)
    assert receiver.payload == ()
    alone = {one.members: one.reads for one in job.coalitions}
    assert "sum of bureau/files/3:debt" in alone["bank",]
    assert alone["bureau",] == ("size of bank/customers/1",)
    assert "The owner learns how many rows with a key the receiver brings, and nothing of the result." in job.leakage
    assert (KIND.parameters(job)["min-count"], KIND.parameters(job)["total-bits"]) == (20, 44)


@pytest.mark.usefixtures("narrow_sums")
def test_the_summed_column_is_read_once_however_many_frames_there_are() -> None:
    class Counted(MemoryRows):
        reads = 0

        def take(self, columns: Sequence[str], rows: bytes) -> pa.Table:
            type(self).reads += 1
            return super().take(columns, rows)

    many = [(f"K{at}", "x", "1") for at in range(9000)]
    whole = given(many, names=("i", "n", "debt"))
    table = Counted([{"debt": row[2]} for row in many])
    owner = replace(whole, inputs=(replace(whole.inputs[0], table=table),))
    asked = replace(altered("bureau", shows=("debt",), rows_cap=9000), output=Output.SUM, protocol="")
    done = run(plan_of(asked), {OWNER: owner, RECEIVER: given([("K7", "x"), ("K8999", "x")])})
    assert done[RECEIVER].result.rows() == [(2, "2")]
    assert Counted.reads == 1


def test_what_cannot_be_summed_ends_the_run_and_shows_no_cell() -> None:
    names = given([("AT1", "ANN", "secret")], names=("i", "n", "debt"))
    with pytest.raises(NotSummable) as caught:
        run(number(Output.SUM, ("debt",)), {OWNER: names, RECEIVER: given(SHARED)})
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("narrow_sums")
@pytest.mark.parametrize(
    "job",
    [rows_job(), number(Output.CARDINALITY), number(Output.SUM, ("income",))],
    ids=["rows", "cardinality", "sum"],
)
def test_other_outputs_resume_as_well_and_keep_to_their_estimate(job: Plan) -> None:
    inputs = {OWNER: INCOMES, RECEIVER: given(SHARED)}
    whole = run(job, inputs)
    states = list(zip(*whole.checkpoints.values(), strict=True))
    assert states
    for state in states:
        again = run(job, inputs, dict(zip(whole.checkpoints, state, strict=True)))
        assert again[OWNER].result_commitment == whole[OWNER].result_commitment
    for one, other in ((OWNER, RECEIVER), (RECEIVER, OWNER)):
        assert sum(len(packet.data) for packet in whole.said(one, other)) <= KIND.estimate(job).traffic_bytes


@pytest.mark.parametrize("output", [Output.CARDINALITY, Output.ROWS])
def test_both_can_receive_a_number_or_each_others_columns(output: Output) -> None:
    shows = output is Output.ROWS
    asked = replace(mutual(), output=output, protocol="")
    bank, bureau = asked.receivers
    if shows:
        asked = replace(asked, receivers=(replace(bank, shows=("limit",)), replace(bureau, shows=("income",))))
    inputs = {
        RECEIVER: given([(*row, "1000") for row in SHARED], names=("id", "name", "limit"), runs=2),
        SECOND: given([("AT1", "ANN", "70"), ("7", "bob", "80")], names=("national_id", "full_name", "income"), runs=2),
    }
    done = run(plan_of(asked), inputs)
    if shows:
        assert done[RECEIVER].result.rows() == [(*SHARED[0], "70"), (*SHARED[1], "70"), (*SHARED[2], "80")]
        assert done[SECOND].result.rows() == [("AT1", "ANN", "1000")] * 2 + [("7", "bob", "1000")]
    else:
        assert done[RECEIVER].result.rows() == done[SECOND].result.rows() == [(2,)]
