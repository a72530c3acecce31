"""Rights at the custodian's desk: the chain to the root, its terms, and every scope on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Right, RightKind, RightState, root_right_id
from atoll.policy.reasons import Verdict
from atoll.policy.scopes import RightScope, why_scope_not_within
from tests.unit.policy.desk import FILES_RIGHT, NOW, RIGHT, Desk

Change = Callable[[Desk], object]


def scope(right: bytes = RIGHT, **dimensions: tuple[str, ...]) -> RightScope:
    return RightScope(salt=bytes(32), right=right, **dimensions)


def below(desk: Desk, **dimensions: tuple[str, ...]) -> Desk:
    """A second right of operation below the first, with a scope of its own; the grant is given under it."""
    above = desk.view.get(Right, RIGHT.hex())
    assert above is not None
    lower = b"\x72" * 16
    desk.scopes[lower] = scope(lower, **dimensions)
    desk.view.put(replace(above, right=lower, parent=RIGHT, depth_left=0, scope_commitment=bytes(32)))
    return desk.change_grant(right=lower)


DENIED: dict[str, Change] = {
    "the root right is frozen": lambda d: d.change_root(state=RightState.FROZEN),
    "the root right is unknown": lambda d: d.view.drop(Right, FILES_RIGHT.hex()),
    "the grant names no right": lambda d: d.change_grant(right=b""),
    "the right is one of another lineage": lambda d: d.change_grant(right=root_right_id("bank/customers")),
    "the right that the grant was given under is revoked": lambda d: d.grant_under(
        RightKind.OPERATION, state=RightState.REVOKED
    ),
    "its term ended a second ago": lambda d: d.grant_under(RightKind.OPERATION, not_after=NOW - 1),
    "its term begins in a second": lambda d: d.grant_under(RightKind.OPERATION, not_before=NOW + 1),
    "a right of operation under a frozen root": lambda d: d.grant_under(RightKind.OPERATION).change_root(
        state=RightState.FROZEN
    ),
    "a chain that bites its own tail": lambda d: d.grant_under(RightKind.OPERATION, parent=RIGHT),
    "a scope that this node does not hold": lambda d: d.grant_under(RightKind.OPERATION, scope_commitment=bytes(32)),
    "the scope of another right": lambda d: d.grant_under(
        RightKind.OPERATION, scope=RightScope(salt=bytes(32), right=FILES_RIGHT)
    ),
    "a column outside the scope": lambda d: d.grant_under(RightKind.OPERATION, scope=scope(columns=("name",))),
    "a purpose outside the scope": lambda d: d.grant_under(RightKind.OPERATION, scope=scope(purposes=("advertising",))),
    "a kind of job outside the scope": lambda d: d.grant_under(RightKind.OPERATION, scope=scope(job_kinds=("sum",))),
    "identifiers under a right of processing": lambda d: d.grant_under(RightKind.PROCESSING, giver="bank"),
    "a holder's own grant after it has passed the right on": lambda d: d.grant_under(
        RightKind.USE, giver="bank", holder="telecom"
    ),
    "an own run after the holding was passed on": lambda d: setattr(
        d.receive_at_home().change_root(holder="telecom"), "proposer", "bureau"
    ),
    "an own run under a freeze": lambda d: setattr(
        d.receive_at_home().change_root(state=RightState.FROZEN), "proposer", "bureau"
    ),
    "a wider scope below a narrow one": lambda d: below(
        d.grant_under(RightKind.OPERATION, scope=scope(purposes=("advertising",))), purposes=("advertising", "credit-check")
    ),
}


@pytest.mark.parametrize("why", DENIED)
def test_what_no_right_carries_is_denied(why: str) -> None:
    desk = Desk()
    DENIED[why](desk)
    assert desk.verdict() == ("deny", "policy.right")


PERMITTED: dict[str, Change] = {
    "a grant under a right of operation": lambda d: d.grant_under(RightKind.OPERATION),
    "in the first second of its term": lambda d: d.grant_under(RightKind.OPERATION, not_before=NOW),
    "in the last second of its term": lambda d: d.grant_under(RightKind.OPERATION, not_after=NOW),
    "a scope that holds everything asked for": lambda d: d.grant_under(
        RightKind.OPERATION,
        scope=scope(columns=("name", "national_id"), purposes=("credit-check",), job_kinds=("intersection",)),
    ),
    "a scope that says nothing": lambda d: d.grant_under(RightKind.OPERATION, scope=scope()),
    "a count under a right of processing": lambda d: (
        d.grant_under(RightKind.PROCESSING, giver="bank").permit_output("cardinality").change_output("cardinality")
    ),
    "a grant to another after its right was passed on": lambda d: d.grant_under(RightKind.OPERATION, holder="operator"),
    "a scope below a scope": lambda d: below(
        d.grant_under(RightKind.OPERATION, scope=scope(purposes=("credit-check", "advertising"))), purposes=("credit-check",)
    ),
}


@pytest.mark.parametrize("why", PERMITTED)
def test_what_a_right_carries_is_permitted(why: str) -> None:
    desk = Desk()
    PERMITTED[why](desk)
    assert desk.ask().verdict is Verdict.PERMIT


def test_a_denial_says_which_right_which_scope_and_what_was_asked() -> None:
    desk = Desk().grant_under(RightKind.OPERATION, scope=scope(columns=("name",)))
    (found,) = [one for one in desk.ask().reasons if not one.holds]
    assert (found.constraint, found.wanted, found.observed) == (f"columns of right {RIGHT.hex()}", "name", "name, national_id")


def test_a_denial_names_the_right_above_that_fell() -> None:
    desk = Desk().grant_under(RightKind.OPERATION).change_root(state=RightState.FROZEN)
    found = next(one for one in desk.ask().reasons if not one.holds)
    assert found.observed == f"right {FILES_RIGHT.hex()} (holding) is frozen"


@pytest.mark.parametrize("name", ["columns", "purposes", "job_kinds"])
def test_a_giver_learns_in_which_dimension_a_scope_is_too_wide(name: str) -> None:
    one: dict[str, Any] = {name: ("a",)}
    two: dict[str, Any] = {name: ("a", "b")}
    narrow, wide = replace(scope(), **one), replace(scope(), **two)
    assert "b are not in the parent's scope" in why_scope_not_within(wide, narrow)
    assert why_scope_not_within(narrow, wide) == why_scope_not_within(scope(), narrow) == ""
