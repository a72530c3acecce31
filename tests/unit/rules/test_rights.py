"""Rights on the ledger: minted, divided, leased, passed on, frozen, revoked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import FOREVER, MAX_CHAIN, Authority, Right, RightKind, RightState, root_right_id
from atoll.ledger.rights import GIVES, chain_of
from atoll.ledger.rules.errors import (
    AlreadyExists,
    DeadlinePassed,
    NotAllowed,
    NotFrozenSo,
    NotMember,
    RightChanged,
    RightExceeded,
    RightNotInForce,
    RightNotMovable,
    StaleNonce,
    Unknown,
    WrongState,
)
from atoll.ledger.rules.right import (
    FreezeRight,
    LeaseRight,
    RevokeRight,
    SublicenseRight,
    TransferRight,
    UnfreezeRight,
    lift_freeze,
    set_freeze,
)
from tests.unit.rules.estate import BEGIN, END, LINEAGE, ROOT, Estate, given, granted
from tests.unit.rules.lagoon import registration

HOLDING, USE, PROCESSING, OPERATION, INCOME, MANAGEMENT, TRANSACTION = RightKind

# -- the root ------------------------------------------------------------------------------------------------------------------


def test_the_first_version_of_a_lineage_mints_its_root_and_later_ones_do_not() -> None:
    estate = Estate()
    root = estate.right()
    assert (root.kind, root.lineage, root.holder, root.parent) == (HOLDING, LINEAGE, "bureau", b"")
    assert (root.share_ppm, root.depth_left, root.not_after) == (1_000_000, MAX_CHAIN - 1, FOREVER)
    estate.give("bank", USE)
    before = estate.right()
    assert estate.do("bureau", registration("bureau/files/2")).right() == before


def test_a_root_is_neither_given_nor_revoked() -> None:
    estate = Estate()
    estate.refused(RightExceeded, "bureau", given(ROOT, "bank", HOLDING))
    estate.refused(NotAllowed, "bureau", RevokeRight(right=ROOT))


# -- division ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(RightKind) - {HOLDING}))
def test_every_other_kind_is_given_from_the_root(kind: RightKind) -> None:
    estate = Estate()
    right = estate.right(estate.give("bank", kind))
    assert (right.holder, right.grantor, right.parent, right.lineage) == ("bank", "bureau", ROOT, LINEAGE)
    assert not estate.fell(right.right)
    assert estate.right().children == (right.right,)


@pytest.mark.parametrize("parent", sorted(set(RightKind) - {HOLDING}))
@pytest.mark.parametrize("child", RightKind)
def test_a_right_gives_exactly_the_kinds_below_it(parent: RightKind, child: RightKind) -> None:
    estate = Estate()
    above = estate.give("bank", parent, depth_left=1)
    body = given(above, "telecom", child, as_=SublicenseRight)
    if child in GIVES[parent]:
        estate.do("bank", body)
    else:
        estate.refused(RightExceeded, "bank", body)


BEYOND: dict[str, dict[str, Any]] = {
    "as many levels as its parent": {"depth_left": 2},
    "a second before its parent": {"not_before": BEGIN - 1},
    "a second after its parent": {"not_after": END + 1},
    "a term that ends before it begins": {"not_before": END, "not_after": END - 1},
    "one use more": {"uses": 11},
    "uses without a bound": {"uses": 0},
}


@pytest.mark.parametrize("why", BEYOND)
def test_a_sublicense_stays_within_its_parent(why: str) -> None:
    estate = Estate()
    parent = estate.give("bank", OPERATION, depth_left=2, uses=10)
    fits = {"uses": 10, "depth_left": 1}
    estate.refused(RightExceeded, "bank", given(parent, "telecom", USE, as_=SublicenseRight, **fits | BEYOND[why]))
    estate.sublicense("bank", parent, "telecom", USE, **fits)  # to the last second, level and use


def test_the_deepest_right_gives_nothing() -> None:
    estate = Estate()
    holders = ("bank", "telecom")
    right = estate.give("bank", OPERATION, depth_left=MAX_CHAIN - 2)
    for left in range(MAX_CHAIN - 3, -1, -1):
        at = MAX_CHAIN - 3 - left
        right = estate.sublicense(holders[at % 2], right, holders[(at + 1) % 2], OPERATION, depth_left=left)
    assert len(chain_of(estate.state, right)[0]) == MAX_CHAIN
    last = estate.right(right).holder
    estate.refused(RightExceeded, last, given(right, "auditor", USE, as_=SublicenseRight))


def test_uses_given_away_never_add_up_to_more_than_the_parents_and_do_not_come_back() -> None:
    estate = Estate()
    parent = estate.give("bank", OPERATION, uses=10, depth_left=1)
    child = estate.sublicense("bank", parent, "telecom", USE, uses=6)
    estate.permit("bank", right=parent, uses=4, grantee="telecom")
    estate.refused(RightExceeded, "bank", granted(right=parent, uses=1, grant=b"\x62" * 16))
    estate.revoke("bank", child)
    estate.refused(RightExceeded, "bank", granted(right=parent, uses=1, grant=b"\x62" * 16))


def test_shares_of_living_children_never_add_up_to_more_than_the_parents() -> None:
    estate = Estate()
    first = estate.give("bank", INCOME, share_ppm=600_000, depth_left=1)
    estate.give("telecom", INCOME, share_ppm=400_000, not_after=END - 500)
    one_more = given(ROOT, "auditor", INCOME, share_ppm=1)
    estate.refused(RightExceeded, "bureau", one_more)
    estate.freeze("bureau", first)
    estate.refused(RightExceeded, "bureau", one_more)  # a frozen share is not free
    estate.time = END - 499
    estate.do("bureau", one_more)  # the telecom's ended by itself
    assert [estate.right(one).holder for one in estate.right().children] == ["bank", "auditor"]


def test_a_right_is_given_to_an_active_member_once_by_its_holder_and_before_it_ends() -> None:
    estate = Estate()
    estate.refused(NotMember, "bureau", given(ROOT, "stranger", USE))
    estate.refused(NotAllowed, "bank", given(ROOT, "telecom", USE))
    estate.refused(NotAllowed, "bureau", given(ROOT, "bureau", USE))
    estate.refused(Unknown, "bureau", given(b"\x01" * 16, "bank", USE))
    estate.refused(DeadlinePassed, "bureau", given(ROOT, "bank", USE, not_before=0, not_after=estate.time - 1))
    right = estate.give("bank", USE)
    estate.refused(AlreadyExists, "bureau", given(ROOT, "bank", USE, right=right))


def test_grants_come_from_the_root_and_sublicenses_from_below_it() -> None:
    estate = Estate()
    operation = estate.give("bank", OPERATION, depth_left=1)
    estate.refused(NotAllowed, "bank", given(operation, "telecom", USE))
    estate.refused(NotAllowed, "bureau", given(ROOT, "telecom", USE, as_=SublicenseRight))


# -- terms ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "holds"), [(BEGIN + 4, False), (BEGIN + 5, True), (END, True), (END + 1, False)])
def test_a_right_holds_from_its_first_second_to_its_last(at: int, holds: bool) -> None:
    estate = Estate()
    right = estate.give("bank", OPERATION, not_before=BEGIN + 5, depth_left=1)
    estate.time = at
    assert (estate.fell(right) == "") is holds
    body = given(right, "telecom", USE, as_=SublicenseRight, not_before=BEGIN + 5)
    if holds:
        estate.do("bank", body)
    else:
        estate.refused(RightNotInForce, "bank", body)


# -- leases --------------------------------------------------------------------------------------------------------------------


def test_a_lease_keeps_the_lessor_out_and_returns_by_itself() -> None:
    estate = Estate()
    estate.lease("bank", OPERATION, not_after=END - 500)
    for body in (given(ROOT, "telecom", USE), given(ROOT, "telecom", OPERATION), granted(), granted(grantee="bureau")):
        estate.refused(RightExceeded, "bureau", body)
    estate.do("bureau", given(ROOT, "telecom", INCOME))  # what was not leased is still its own
    estate.time = END - 499
    estate.permit("bureau").give("telecom", USE, not_before=END - 499)


@pytest.mark.parametrize("kind", [USE, PROCESSING, OPERATION])
def test_what_was_leased_is_not_given_again_through_a_right_that_could_give_it(kind: RightKind) -> None:
    estate = Estate()
    estate.lease("bank", PROCESSING)
    estate.refused(RightExceeded, "bureau", given(ROOT, "telecom", kind))


def test_a_lease_is_for_one_alone_so_it_waits_for_others_to_end() -> None:
    estate = Estate()
    estate.give("telecom", USE, not_after=END - 500)
    body = given(ROOT, "bank", OPERATION, as_=LeaseRight)
    assert "while telecom has a right of use" in estate.refused(RightExceeded, "bureau", body)
    estate.do("bureau", replace(body, not_before=END - 499))


def test_a_lease_has_an_end_and_is_of_what_can_be_had_alone() -> None:
    estate = Estate()
    estate.refused(RightExceeded, "bureau", given(ROOT, "bank", USE, as_=LeaseRight, not_after=FOREVER))
    estate.refused(RightExceeded, "bureau", given(ROOT, "bank", INCOME, as_=LeaseRight))


def test_a_frozen_lease_is_no_way_back_to_the_lessor_and_a_revoked_one_is() -> None:
    estate = Estate()
    lease = estate.lease("bank", USE)
    estate.freeze("bureau", lease).refused(RightExceeded, "bureau", granted())
    estate.revoke("bureau", lease).permit("bureau")


# -- transfer ------------------------------------------------------------------------------------------------------------------


def test_after_a_transfer_the_new_holder_has_everything_and_the_old_one_nothing() -> None:
    estate = Estate()
    child = estate.give("telecom", USE)
    estate.transfer("bureau", ROOT, "bank")
    for body in (given(ROOT, "auditor", USE), granted(), FreezeRight(right=child), RevokeRight(right=child)):
        estate.refused(NotAllowed, "bureau", body)
    estate.permit("bank", grantee="telecom").freeze("bank", child).revoke("bank", child)
    assert estate.grant().owner == "bureau"  # the custodian still enforces
    assert estate.grant().giver == "bank"


def test_of_two_transfers_one_wins() -> None:
    estate = Estate()
    first, second = (TransferRight(right=ROOT, version=1, to=to) for to in ("bank", "telecom"))
    estate.do("bureau", first).refused(NotAllowed, "bureau", second)
    estate.refused(RightChanged, "bank", replace(second, version=1))
    assert estate.right().holder == "bank"


def test_a_transfer_is_not_replayed_after_the_right_has_come_back() -> None:
    estate = Estate()
    sale = estate.founding.sign("bureau", TransferRight(right=ROOT, version=1, to="bank"))
    assert estate.submit(sale).ok
    estate.transfer("bank", ROOT, "bureau")
    estate.refused_bytes(StaleNonce, sale, sender="bureau")
    estate.refused(RightChanged, "bureau", TransferRight(right=ROOT, version=1, to="bank"))  # not even freshly signed


def test_what_changed_since_both_looked_stops_a_transfer() -> None:
    estate = Estate()
    estate.give("telecom", INCOME)
    estate.refused(RightChanged, "bureau", TransferRight(right=ROOT, version=1, to="bank"))


def test_another_right_moves_only_with_a_right_of_transaction_in_force() -> None:
    estate = Estate()
    use = estate.give("bank", USE)
    move = TransferRight(right=use, version=1, to="telecom")
    estate.refused(RightNotMovable, "bank", move)
    estate.refused(RightNotMovable, "bank", replace(move, under=use))
    power = estate.give("bank", TRANSACTION)
    estate.refused(RightNotMovable, "bank", TransferRight(right=power, version=1, to="telecom", under=power))
    estate.refused(NotAllowed, "bank", replace(move, under=estate.give("auditor", TRANSACTION)))
    estate.freeze("bureau", power).refused(RightNotInForce, "bank", replace(move, under=power))
    estate.unfreeze("bureau", power).do("bank", replace(move, under=power))
    assert estate.right(use).holder == "telecom"


def test_a_right_of_transaction_in_one_lineage_moves_nothing_in_another() -> None:
    estate = Estate()
    use = estate.give("telecom", USE)
    power = estate.give("telecom", TRANSACTION, by="bank", parent=root_right_id("bank/customers"))
    estate.refused(RightNotMovable, "telecom", TransferRight(right=use, version=1, to="auditor", under=power))


def test_a_frozen_right_is_not_passed_on_and_nobody_gets_one_who_has_it_or_is_no_member() -> None:
    estate = Estate()
    estate.refused(NotAllowed, "bureau", TransferRight(right=ROOT, version=1, to="bureau"))
    estate.refused(NotMember, "bureau", TransferRight(right=ROOT, version=1, to="stranger"))
    estate.freeze("bureau", ROOT).refused(RightNotInForce, "bureau", TransferRight(right=ROOT, version=2, to="bank"))


# -- freeze and revoke ---------------------------------------------------------------------------------------------------------


def test_a_freeze_above_acts_below_without_rewriting_and_ends_with_it() -> None:
    estate = Estate()
    operation = estate.give("bank", OPERATION, depth_left=1)
    use = estate.sublicense("bank", operation, "telecom", USE)
    before = estate.right(use)
    estate.freeze("bureau", operation)
    assert "is frozen" in estate.fell(use)
    assert estate.right(use) == before
    estate.refused(RightNotInForce, "telecom", granted(right=use, grantee="telecom"))
    estate.unfreeze("bureau", operation).permit("telecom", right=use, grantee="telecom")


def test_a_revoked_right_and_all_below_it_are_dead_for_good() -> None:
    estate = Estate()
    operation = estate.give("bank", OPERATION, depth_left=1)
    use = estate.sublicense("bank", operation, "telecom", USE)
    estate.revoke("bureau", operation)
    assert "is revoked" in estate.fell(use)
    estate.refused(WrongState, "bureau", RevokeRight(right=operation))
    estate.refused(WrongState, "bureau", FreezeRight(right=operation))
    estate.refused(RightNotInForce, "bank", given(operation, "auditor", USE, as_=SublicenseRight))


@pytest.mark.parametrize("stranger", ["telecom", "auditor", "operator"])
def test_a_stranger_does_nothing_to_a_right(stranger: str) -> None:
    estate = Estate()
    right = estate.give("bank", OPERATION, depth_left=1)
    bodies = [
        RevokeRight(right=right),
        FreezeRight(right=right),
        UnfreezeRight(right=right),
        TransferRight(right=right, version=1, to=stranger),
        given(right, stranger, USE, as_=SublicenseRight),
        given(right, stranger, USE, as_=LeaseRight),
    ]
    for body in bodies:
        estate.refused(NotAllowed, stranger, body)


def test_a_right_is_revoked_from_above_or_given_back_and_not_from_beside() -> None:
    estate = Estate()
    operation = estate.give("bank", OPERATION, depth_left=1)
    first, second = (estate.sublicense("bank", operation, to, USE) for to in ("telecom", "auditor"))
    estate.refused(NotAllowed, "auditor", RevokeRight(right=first))
    estate.refused(NotAllowed, "telecom", RevokeRight(right=operation))
    estate.revoke("bureau", first).revoke("auditor", second)


def test_a_manager_freezes_and_revokes_in_its_lineage_but_not_the_root() -> None:
    estate = Estate()
    power, use = estate.give("bank", MANAGEMENT), estate.give("telecom", USE)
    estate.freeze("bank", use, under=power).unfreeze("bank", use, under=power).revoke("bank", use, under=power)
    estate.refused(NotAllowed, "bank", FreezeRight(right=ROOT, under=power))
    estate.refused(NotAllowed, "bank", FreezeRight(right=root_right_id("bank/customers"), under=power))
    estate.refused(NotAllowed, "bank", FreezeRight(right=power, under=estate.give("bank", INCOME)))
    estate.freeze("bureau", power)
    estate.refused(RightNotInForce, "bank", FreezeRight(right=estate.give("telecom", USE), under=power))


def test_a_manager_does_not_turn_on_what_its_own_right_comes_from() -> None:
    estate = Estate()
    power = estate.give("telecom", MANAGEMENT, depth_left=1)
    below = estate.sublicense("telecom", power, "bank", MANAGEMENT)
    for right in (power, below):
        estate.refused(NotAllowed, "bank", RevokeRight(right=right, under=below))
        estate.refused(NotAllowed, "bank", FreezeRight(right=right, under=below))
    estate.refused(NotAllowed, "telecom", FreezeRight(right=power, under=power))
    estate.revoke("telecom", below, under=power)


@pytest.mark.parametrize("kind", [USE, PROCESSING, OPERATION, INCOME, MANAGEMENT, TRANSACTION])
def test_a_manager_below_a_manager_reaches_what_others_gave_from_rights_of_use_and_nothing_else(kind: RightKind) -> None:
    estate = Estate()
    power = estate.give("telecom", MANAGEMENT, depth_left=1)
    below = estate.sublicense("telecom", power, "bank", MANAGEMENT)
    parent = kind if kind in (INCOME, MANAGEMENT, TRANSACTION) else OPERATION
    from_root = estate.give("operator", parent, depth_left=1)
    elsewhere = estate.sublicense("operator", from_root, "auditor", kind)
    estate.refused(NotAllowed, "bank", RevokeRight(right=from_root, under=below))
    if kind in (INCOME, MANAGEMENT, TRANSACTION):
        estate.refused(NotAllowed, "bank", RevokeRight(right=elsewhere, under=below))
    else:
        estate.freeze("bank", elsewhere, under=below)
    estate.revoke("telecom", elsewhere, under=power).revoke("telecom", from_root, under=power)


def test_a_regulators_freeze_is_lifted_by_an_order_alone() -> None:
    estate = Estate()
    use = estate.give("bank", USE)
    set_freeze(estate.call("auditor"), estate.right(use), Authority.ORDER)
    estate.state.keep()
    estate.refused(NotFrozenSo, "bureau", UnfreezeRight(right=use))
    estate.freeze("bureau", use)
    estate.refused(WrongState, "bureau", FreezeRight(right=use))
    lift_freeze(estate.call("auditor"), estate.right(use), Authority.ORDER)
    estate.state.keep()
    assert (estate.right(use).state, estate.right(use).frozen_by) == (RightState.FROZEN, (Authority.RIGHTS,))
    assert estate.unfreeze("bureau", use).right(use).state is RightState.ACTIVE


def test_the_freeze_of_a_revoked_right_is_not_lifted_into_life() -> None:
    estate = Estate()
    use = estate.give("bank", USE)
    estate.freeze("bureau", use).revoke("bureau", use).refused(WrongState, "bureau", UnfreezeRight(right=use))


def test_a_right_that_was_never_registered_is_unknown() -> None:
    estate = Estate()
    assert estate.state.get(Right, root_right_id("nobody/nothing").hex()) is None
    estate.refused(Unknown, "bureau", FreezeRight(right=b"\x01" * 16))
