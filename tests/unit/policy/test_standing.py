"""What a running job rests on may fall away; the node looks again before it starts, while it runs, and before it releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from atoll.ledger.records import (
    Dataset,
    DatasetState,
    Grant,
    GrantState,
    Member,
    MemberState,
    Right,
    RightKind,
    RightState,
    root_right_id,
)
from atoll.policy.standing import find_withdrawal
from tests.unit.policy.desk import CUSTOMERS, FILES, GRANT, NOW, RIGHT, Desk

FALLEN: dict[str, tuple[str, Callable[[Desk], object]]] = {
    "a party is suspended": ("policy.parties", lambda d: d.change(Member, "bank", state=MemberState.SUSPENDED)),
    "a party is unknown": ("policy.parties", lambda d: d.view.drop(Member, "bank")),
    "a dataset is frozen by order": ("policy.order", lambda d: d.order("dataset", FILES)),
    "the receiver's lineage is recalled": ("policy.order", lambda d: d.order("lineage", "bank/customers", recall=True)),
    "the grant is recalled": ("policy.order", lambda d: d.order("grant", GRANT.hex(), recall=True)),
    "the right of the grant is recalled by order": (
        "policy.order",
        lambda d: d.grant_under(RightKind.OPERATION).order("right", RIGHT.hex(), recall=True),
    ),
    "a party is frozen": ("policy.order", lambda d: d.order("member", "bureau")),
    "a dataset is withdrawn": ("policy.dataset", lambda d: d.change(Dataset, FILES, state=DatasetState.WITHDRAWN)),
    "the receiver's own dataset is frozen": (
        "policy.dataset",
        lambda d: d.change(Dataset, CUSTOMERS, state=DatasetState.FROZEN),
    ),
    "a dataset is unknown": ("policy.dataset", lambda d: d.view.drop(Dataset, FILES)),
    "the grant is revoked": ("policy.no_grant", lambda d: d.change(Grant, GRANT.hex(), state=GrantState.REVOKED)),
    "the grant is revoked here alone": ("policy.no_grant", lambda d: d.revoked.add(GRANT)),
    "the root right is frozen": ("policy.right", lambda d: d.change_root(state=RightState.FROZEN)),
    "a right between is revoked": ("policy.right", lambda d: d.grant_under(RightKind.OPERATION, state=RightState.REVOKED)),
    "the right was passed on and the grant was the holder's own": (
        "policy.right",
        lambda d: d.grant_under(RightKind.USE, giver="bank", holder="telecom"),
    ),
    "the receiver's own holding was passed on": (
        "policy.right",
        lambda d: d.change(Right, root_right_id("bank/customers").hex(), holder="telecom"),
    ),
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


STANDING: dict[str, Callable[[Desk], object]] = {
    "the holding was passed on": lambda d: d.change_root(holder="telecom"),
    "the term of the right has ended": lambda d: d.grant_under(RightKind.OPERATION, not_after=NOW - 1),
    "the receiver has leased its own set out since": lambda d: leased_out(d),
}


@pytest.mark.parametrize("what", STANDING)
def test_a_job_that_began_in_time_is_not_stopped_by_what_does_not_touch_it(what: str) -> None:
    desk = Desk()
    STANDING[what](desk)
    assert find(desk) == ""


@pytest.mark.parametrize("what", ["the term of the right has ended", "the receiver has leased its own set out since"])
def test_but_a_job_that_is_yet_to_begin_is(what: str) -> None:
    desk = Desk()
    STANDING[what](desk)
    assert find_withdrawal(desk.plan, desk.view, desk.revoked.__contains__, beginning_at=NOW) == "policy.right"


def leased_out(desk: Desk) -> None:
    """The bank has leased the use of its customers to the telecom alone."""
    root = desk.view.get(Right, root_right_id("bank/customers").hex())
    assert root is not None
    lease = replace(root, right=RIGHT, kind=RightKind.USE, holder="telecom", parent=root.right, exclusive=True, not_after=NOW)
    desk.view.put(lease, replace(root, children=(RIGHT,)))


def test_an_input_without_a_grant_needs_none() -> None:
    desk = Desk().change_input(grant=b"", grant_version=0)
    desk.revoked.add(b"")
    assert find(desk) == ""
