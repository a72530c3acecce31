"""The job kind `similarity`: its plan holds to its word, its run counts, and each stage takes no more than it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.kind import Brings, Input, Inputs
from atoll.jobs.similarity import PURPOSE, Similarity, SimilaritySpec
from atoll.jobs.similarity.kind import OWNER, RECEIVER
from atoll.ledger.checks import SAMPLE_CAP, Stage
from atoll.ledger.plan import Limits, Plan
from atoll.policy.sampling import MOST_COMPARED, SAMPLE_ROWS, extent_of
from atoll.protocols.psi.errors import TooManyRows
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.pump import pump

KIND = Similarity()
NEW, OLD = "bureau/people/1", "bank/customers/1"
SAMPLE = SimilaritySpec.of(Stage.SAMPLE, NEW, OLD, new_at_most=512, incumbent_at_most=1024)
ROWS = SimilaritySpec.of(Stage.ROWS, NEW, OLD, new_at_most=512, incumbent_at_most=1024)


def plan_of(spec: SimilaritySpec, **changes: Any) -> Plan:
    fields = KIND.draft(spec).to_fields() | {
        "salt": bytes(32),
        "chain_id": "test.example/lagoon",
        "genesis_digest": bytes(32),
        "job_id": bytes(16),
        "purpose": PURPOSE,
        "limits": Limits(memory_bytes=2**28, traffic_bytes=2**24, attempts=3),
        "not_after": 0,
    }
    return Plan(**fields | changes)


@pytest.mark.parametrize("spec", [SAMPLE, ROWS])
def test_a_drafted_plan_passes_its_own_check(spec: SimilaritySpec) -> None:
    plan = plan_of(spec)
    KIND.check(plan)
    assert KIND.brings is Brings.PRINTS
    assert plan.orgs() == ("bank", "bureau")
    assert plan.receivers() == ("bank",)
    assert not any(one.grant for one in plan.inputs)
    assert all(one.uses == 0 for one in KIND.demands(plan))


@pytest.mark.parametrize(
    "change",
    [
        {"leakage": "Nothing."},
        {"coalitions": ()},
        {"adversary_model": "malicious"},
        {"program": {"stage": "rows", "scale": 99}},
        {"program": {"stage": "cells", "scale": 0}},
        {"program": {"stage": "rows"}},
        {"protocol": "psi-ecdh"},
    ],
)
def test_a_plan_that_misstates_itself_is_refused(change: dict[str, Any]) -> None:
    plan = plan_of(ROWS)
    with pytest.raises(BadPlan):
        KIND.check(replace(plan, **change))


def test_rows_do_not_pass_for_a_sample_nor_a_sample_for_rows() -> None:
    """The ledger tells the stages apart by their caps."""
    with pytest.raises(BadPlan):
        KIND.draft(replace(SAMPLE, new_rows=64))
    with pytest.raises(BadPlan):
        KIND.draft(replace(ROWS, new_rows=SAMPLE_CAP))
    with pytest.raises(BadPlan):
        KIND.draft(replace(ROWS, new_rows=SAMPLE_CAP, incumbent_rows=SAMPLE_CAP))
    with pytest.raises(BadPlan):
        KIND.check(replace(plan_of(SAMPLE), program={"stage": "rows", "scale": 0}))


def test_nobody_is_asked_about_two_versions_of_its_own() -> None:
    with pytest.raises(BadPlan):
        KIND.draft(replace(SAMPLE, new="bank/others/1"))


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("rows_at_most", [1, 64, 512, SAMPLE_ROWS, MOST_COMPARED, 4 * MOST_COMPARED, 1 << 32])
def test_large_tables_bring_a_sample_and_have_room_for_its_scatter(stage: Stage, rows_at_most: int) -> None:
    scale, new_rows, incumbent_rows = extent_of(stage, new=rows_at_most, incumbent=1)
    expected = rows_at_most >> scale
    assert expected <= (SAMPLE_ROWS if stage is Stage.SAMPLE else MOST_COMPARED)
    assert min(rows_at_most, SAMPLE_ROWS) <= expected
    assert new_rows >= min(rows_at_most, expected + 11 * int(expected**0.5) * (scale > 0))
    assert incumbent_rows >= 64


def test_a_hidden_card_hides_no_table() -> None:
    """It counts as large as the other one, so a sample of it is compared and not an empty one."""
    assert extent_of(Stage.ROWS, new=0, incumbent=1 << 20) == extent_of(Stage.ROWS, new=1 << 20, incumbent=1 << 20)


def run(spec: SimilaritySpec, new: list[bytes], old: list[bytes]) -> Any:
    plan = plan_of(spec)
    return pump(
        {
            OWNER: KIND.program(plan, OWNER, Inputs((Input(MemoryItems(new)),)), seed=bytes([1] * 32)),
            RECEIVER: KIND.program(plan, RECEIVER, Inputs((Input(MemoryItems(old)),)), seed=bytes([2] * 32)),
        }
    )


def test_the_earlier_owner_learns_three_numbers_and_the_later_one_none() -> None:
    old = [number.to_bytes(32, "big") for number in range(100)]
    ended = run(ROWS, [*old[20:], b"x" * 32], old)
    assert ended[RECEIVER].result.columns == ("common", "incumbent", "new")
    assert ended[RECEIVER].result.rows() == [(80, 100, 81)]
    assert ended[OWNER].result is None
    assert ended[OWNER].result_commitment == ended[RECEIVER].result_commitment


def test_a_side_that_brings_more_than_the_plan_lets_in_ends_the_run() -> None:
    with pytest.raises(TooManyRows):
        run(ROWS, [number.to_bytes(32, "big") for number in range(513)], [bytes(32)])


def test_a_place_brings_one_input() -> None:
    with pytest.raises(BadInputs):
        KIND.program(plan_of(SAMPLE), OWNER, Inputs(), seed=bytes(32))


def test_what_is_told_stands_in_the_plan() -> None:
    assert "a sample of at most about 2,048 rows" in plan_of(SAMPLE).leakage
    assert "other rows than those it registered" in plan_of(ROWS).leakage
    assert plan_of(SAMPLE).program["stage"] == Stage.SAMPLE
