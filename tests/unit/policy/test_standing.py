"""What a running job rests on may fall away; the node looks again before it starts, while it runs, and before it releases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from atoll.ledger.records import Dataset, DatasetState, Grant, GrantState, Member, MemberState
from atoll.policy.standing import find_withdrawal
from tests.unit.policy.desk import CUSTOMERS, FILES, GRANT, Desk

FALLEN: dict[str, tuple[str, Callable[[Desk], object]]] = {
    "a party is suspended": ("policy.parties", lambda d: d.change(Member, "bank", state=MemberState.SUSPENDED)),
    "a party is unknown": ("policy.parties", lambda d: d.view.drop(Member, "bank")),
    "a dataset is frozen by order": ("policy.order", lambda d: d.order("dataset", FILES)),
    "the receiver's lineage is recalled": ("policy.order", lambda d: d.order("lineage", "bank/customers", recall=True)),
    "the grant is recalled": ("policy.order", lambda d: d.order("grant", GRANT.hex(), recall=True)),
    "a party is frozen": ("policy.order", lambda d: d.order("member", "bureau")),
    "a dataset is withdrawn": ("policy.dataset", lambda d: d.change(Dataset, FILES, state=DatasetState.WITHDRAWN)),
    "the receiver's own dataset is frozen": (
        "policy.dataset",
        lambda d: d.change(Dataset, CUSTOMERS, state=DatasetState.FROZEN),
    ),
    "a dataset is unknown": ("policy.dataset", lambda d: d.view.drop(Dataset, FILES)),
    "the grant is revoked": ("policy.no_grant", lambda d: d.change(Grant, GRANT.hex(), state=GrantState.REVOKED)),
    "the grant is revoked here alone": ("policy.no_grant", lambda d: d.revoked.add(GRANT)),
    "the grant is unknown": ("policy.no_grant", lambda d: d.view.drop(Grant, GRANT.hex())),
}


def find(desk: Desk) -> str:
    return find_withdrawal(desk.plan, desk.view, desk.revoked.__contains__)


def test_a_job_whose_ground_still_stands_goes_on() -> None:
    assert find(Desk()) == ""


@pytest.mark.parametrize("what", FALLEN)
def test_a_job_is_stopped_by_the_first_thing_that_no_longer_stands(what: str) -> None:
    code, change = FALLEN[what]
    desk = Desk()
    change(desk)
    assert find(desk) == code


def test_an_input_without_a_grant_needs_none() -> None:
    desk = Desk().change_input(grant=b"", grant_version=0)
    desk.revoked.add(b"")
    assert find(desk) == ""
