"""Rights that no rule could have built, put into the state: they carry nothing, and no walk over them is long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import MAX_CHAIN, RightKind, root_right_id
from atoll.ledger.rights import why_not_in_force
from atoll.ledger.rules.errors import RightNotInForce
from atoll.ledger.rules.right import SublicenseRight
from tests.unit.rules.estate import Estate, given, granted

HOLDING, USE, PROCESSING, OPERATION, INCOME, MANAGEMENT, TRANSACTION = RightKind


def test_a_loop_forged_into_the_state_carries_nothing() -> None:
    estate = Estate()
    upper = estate.give("bank", OPERATION, depth_left=2)
    lower = estate.sublicense("bank", upper, "telecom", OPERATION, depth_left=1)
    estate.put(replace(estate.right(upper), parent=lower))
    for right, holder in ((upper, "bank"), (lower, "telecom")):
        assert "stands deeper" in estate.fell(right)
        estate.refused(RightNotInForce, holder, given(right, "auditor", USE, as_=SublicenseRight))
    estate.put(replace(estate.right(upper), parent=upper))
    assert estate.fell(upper)


FORGED: dict[str, dict[str, Any]] = {
    "a parent that is not there": {"parent": b"\x01" * 16},
    "a parent in another lineage": {"parent": root_right_id("bank/customers")},
    "no parent, and it is no root": {"parent": b""},
    "a kind that its parent cannot give": {"kind": HOLDING},
    "a depth as great as its parent's": {"depth_left": MAX_CHAIN - 1},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_right_forged_into_the_state_carries_nothing(how: str) -> None:
    estate = Estate()
    right = estate.give("bank", OPERATION)
    estate.put(replace(estate.right(right), **FORGED[how]))
    assert estate.fell(right)
    estate.refused(RightNotInForce, "bank", granted(right=right, grantee="telecom"))


def test_a_chain_longer_than_any_rule_builds_is_not_walked_to_its_end() -> None:
    reads: list[str] = []
    some = replace(Estate().right(), kind=OPERATION)

    class Endless:
        def get(self, kind: Any, identifier: str) -> Any:
            reads.append(identifier)
            up = (int.from_bytes(bytes.fromhex(identifier), "big") + 1).to_bytes(16, "big")
            return replace(some, right=bytes.fromhex(identifier), parent=up, depth_left=min(len(reads), MAX_CHAIN) - 1)

    assert why_not_in_force(Endless(), bytes(16), 0)
    assert len(reads) <= MAX_CHAIN
