"""The job kind `similarity`: its plan holds to its word, its run counts, and each stage takes no more than it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.jobs.errors import BadInputs, BadPlan
from atoll.jobs.kind import Brings, Input, Inputs
from atoll.jobs.similarity import PURPOSE, SAMPLE_ROWS, Similarity, SimilaritySpec, rows_cap, scale_of
from atoll.jobs.similarity.kind import OWNER, RECEIVER
from atoll.ledger.plan import Limits, Plan
from atoll.ledger.records import Stage
from atoll.protocols.psi.errors import TooManyRows
from atoll.protocols.psi.memory import MemoryItems
from atoll.protocols.pump import pump

KIND = Similarity()
NEW, OLD = "bureau/people/1", "bank/customers/1"
BANDS = SimilaritySpec.of_bands(NEW, OLD)
ROWS = SimilaritySpec.of_rows(NEW, OLD, new_rows_at_most=512, incumbent_rows_at_most=1024)


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


@pytest.mark.parametrize("spec", [BANDS, ROWS])
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


def test_rows_do_not_pass_for_bands_nor_bands_for_rows() -> None:
    """The ledger tells the stages apart by their caps."""
    with pytest.raises(BadPlan):
        KIND.draft(replace(BANDS, new_rows=64))
    with pytest.raises(BadPlan):
        KIND.draft(replace(ROWS, new_rows=32))
    with pytest.raises(BadPlan):
        KIND.check(replace(plan_of(BANDS), program={"stage": "rows", "scale": 0}))


def test_nobody_is_asked_about_two_versions_of_its_own() -> None:
    with pytest.raises(BadPlan):
        KIND.draft(SimilaritySpec.of_bands("bank/others/1", OLD))


@pytest.mark.parametrize("rows_at_most", [1, 64, 512, SAMPLE_ROWS, 4 * SAMPLE_ROWS, 1 << 32])
def test_large_tables_bring_a_sample_and_have_room_for_its_scatter(rows_at_most: int) -> None:
    scale = scale_of(rows_at_most)
    expected = rows_at_most >> scale
    assert expected <= SAMPLE_ROWS
    assert rows_cap(rows_at_most, scale) >= min(rows_at_most, expected + 12 * int(expected**0.5) * (scale > 0))


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
        run(BANDS, [number.to_bytes(17, "big") for number in range(33)], [bytes(17)])


def test_a_place_brings_one_input() -> None:
    with pytest.raises(BadInputs):
        KIND.program(plan_of(BANDS), OWNER, Inputs(), seed=bytes(32))


def test_what_is_told_stands_in_the_plan() -> None:
    assert "how many of the 32 band tags" in plan_of(BANDS).leakage
    assert "other rows than those it registered" in plan_of(ROWS).leakage
    assert plan_of(BANDS).program["stage"] == Stage.BANDS
