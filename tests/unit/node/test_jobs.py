"""Jobs as people look at them at their node."""

from __future__ import annotations

from typing import Any

import pytest

from atoll.node.jobs import Jobs
from tests.unit.node.offices import Offices


def desk(offices: Offices, org: str) -> Jobs:
    one = offices[org]
    return Jobs(one.context, one.bodies, one.consents, None)  # type: ignore[arg-type]


def test_a_job_is_shown_with_its_plan_and_what_it_would_take(offices: Offices) -> None:
    job = offices.propose()
    shown = desk(offices, "bank").show(job.job_id.hex())
    assert shown.plan is not None
    assert shown.estimate is not None
    assert shown.estimate["memory_mb"] > 0


@pytest.mark.parametrize(
    "lie", [{"protocol": "nope"}, {"program": {}}, {"program": {"output": 7}}, {"kind": "divination"}], ids=str
)
def test_a_plan_that_nobody_can_carry_out_is_shown_without_what_it_would_take(offices: Offices, lie: dict[str, Any]) -> None:
    job = offices.propose(offices.plan(**lie))
    shown = desk(offices, "bank").show(job.job_id.hex())
    assert shown.plan is not None
    assert shown.estimate is None
