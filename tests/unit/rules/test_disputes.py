"""Disputes: between two owners, decided by somebody who belongs to neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import DatasetState, Dispute, DisputeState, Member, Right, Rivals, Tag, root_right_id
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.dispute import ANSWERS_EACH, AnswerDispute, DecideDispute, OpenDispute, Outcome
from atoll.ledger.rules.errors import AlreadyExists, DisputeRefused, WrongState
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, permission, registration

CASE, REASON = b"\xd1" * 16, b"\x0e" * 32


def blocked() -> Lagoon:
    """The bureau's version is a copy of the bank's."""
    lagoon = Lagoon(roles={"auditor": ("auditor",)}).with_oprf_key()
    return lagoon.register(CUSTOMERS, "b", "r", "n").register(FILES, "own", "r", "n")


def opening(**changes: Any) -> OpenDispute:
    return replace(OpenDispute(dispute=CASE, subject=FILES, against=CUSTOMERS, evidence=bytes(32)), **changes)


def disputed() -> Lagoon:
    return blocked().do("bureau", opening())


def decision(outcome: Outcome = Outcome.RELEASED) -> DecideDispute:
    return DecideDispute(dispute=CASE, outcome=outcome, reason=REASON)


def case(lagoon: Lagoon) -> Dispute:
    return lagoon.get(Dispute, CASE.hex())


def test_a_released_version_can_be_granted_and_is_first_with_what_nobody_held() -> None:
    lagoon = disputed().do("auditor", decision())
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE
    assert (case(lagoon).state, case(lagoon).decided_by, case(lagoon).reason) == (DisputeState.RELEASED, "auditor", REASON)
    lagoon.do("bureau", permission())
    holders = [lagoon.get(Tag, one.hex()).dataset for one in lagoon.dataset(FILES).tags]
    assert holders == [FILES, CUSTOMERS, CUSTOMERS]


def test_an_upheld_block_stays() -> None:
    lagoon = disputed().do("auditor", decision(Outcome.UPHELD))
    assert lagoon.dataset(FILES).state is DatasetState.BLOCKED


def test_an_owner_concerned_contests_a_version_that_nothing_blocks() -> None:
    """Whoever came second may hold what is its own; then the first registration is in dispute."""
    lagoon = blocked().do("bureau", opening(subject=CUSTOMERS, against=FILES))
    lagoon.do("auditor", decision(Outcome.UPHELD))
    assert lagoon.dataset(CUSTOMERS).state is DatasetState.BLOCKED


@pytest.mark.parametrize("sender", ["bank", "bureau", "telecom"])
@pytest.mark.parametrize("outcome", [Outcome.UPHELD, Outcome.RELEASED])
def test_nobody_decides_that_has_no_office(sender: str, outcome: Outcome) -> None:
    disputed().refused(DisputeRefused, sender, decision(outcome))


def test_an_auditor_that_belongs_to_a_party_does_not_decide() -> None:
    lagoon = disputed()
    lagoon.put(replace(lagoon.get(Member, "auditor"), affiliation="Bureau"))
    lagoon.refused(DisputeRefused, "auditor", decision())


def test_an_auditor_does_not_decide_its_own_case() -> None:
    lagoon = Lagoon().with_oprf_key()
    lagoon.put(replace(lagoon.get(Member, "auditor"), roles=("auditor", "owner")))
    lagoon.register(CUSTOMERS, "a").register("auditor/files/1", "a").do("auditor", opening(subject="auditor/files/1"))
    lagoon.refused(DisputeRefused, "auditor", decision())


def test_only_its_opener_takes_a_dispute_back_and_nothing_changes() -> None:
    lagoon = disputed()
    lagoon.refused(DisputeRefused, "bank", decision(Outcome.WITHDRAWN))
    lagoon.refused(DisputeRefused, "auditor", decision(Outcome.WITHDRAWN))
    lagoon.do("bureau", decision(Outcome.WITHDRAWN))
    assert lagoon.dataset(FILES).state is DatasetState.BLOCKED
    lagoon.do("bureau", opening(dispute=b"\xd2" * 16))


def test_a_dispute_is_between_owners_of_two_members_versions() -> None:
    lagoon = blocked()
    lagoon.refused(DisputeRefused, "telecom", opening())
    lagoon.refused(DisputeRefused, "bureau", opening(against=FILES))


def test_one_dispute_about_a_version_at_a_time() -> None:
    lagoon = disputed()
    lagoon.refused(WrongState, "bank", opening(dispute=b"\xd2" * 16))
    lagoon.refused(AlreadyExists, "bank", opening(subject=CUSTOMERS, against=FILES))


def test_a_decided_dispute_is_over() -> None:
    lagoon = disputed().do("auditor", decision())
    lagoon.refused(WrongState, "auditor", decision(Outcome.UPHELD))
    lagoon.refused(WrongState, "bank", AnswerDispute(dispute=CASE, evidence=bytes(32)))


def test_parties_answer_a_bounded_number_of_times() -> None:
    lagoon = disputed()
    answer = AnswerDispute(dispute=CASE, evidence=bytes(32))
    lagoon.refused(DisputeRefused, "telecom", answer)
    for _ in range(ANSWERS_EACH):
        lagoon.do("bank", answer)
    lagoon.refused(DisputeRefused, "bank", answer)
    lagoon.do("bureau", answer)
    assert [one.org for one in case(lagoon).answers] == ["bank"] * ANSWERS_EACH + ["bureau"]


def test_a_version_that_was_withdrawn_meanwhile_stays_withdrawn() -> None:
    lagoon = disputed().do("bureau", WithdrawDataset(dataset=FILES)).do("auditor", decision())
    assert lagoon.dataset(FILES).state is DatasetState.WITHDRAWN
    lagoon.refused(WrongState, "bank", opening(dispute=b"\xd2" * 16))


FRIEND = "telecom/own/1"


def test_what_stands_in_the_way_is_not_got_round_by_a_dispute_with_a_friend() -> None:
    lagoon = blocked().register(FRIEND, "other")
    lagoon.refused(DisputeRefused, "telecom", opening(against=FRIEND))
    lagoon.refused(DisputeRefused, "bureau", opening(against=FRIEND))
    lagoon.do("bureau", opening(against=CUSTOMERS))
    assert case(lagoon).parties == ("bank", "bureau")


def test_who_holds_the_root_of_what_came_first_is_a_party_and_does_not_judge() -> None:
    lagoon = blocked()
    root = lagoon.get(Right, root_right_id("bank/customers").hex())
    lagoon.put(replace(root, holder="telecom"))
    lagoon.do("telecom", opening())
    assert case(lagoon).parties == ("bank", "bureau", "telecom")
    lagoon.put(replace(root, holder="auditor"))
    lagoon.refused(DisputeRefused, "auditor", decision())


def test_disputes_against_several_versions_stand_side_by_side_and_each_releases_against_its_own() -> None:
    """The bank has its word before the dispute with the friend is decided; that decision cannot lift the bank's."""
    lagoon = Lagoon(roles={"auditor": ("auditor",)}).with_datasets().do("telecom", registration(FRIEND))
    lagoon.do("telecom", opening(against=FRIEND)).do("bank", opening(dispute=b"\xd2" * 16))
    lagoon.do("auditor", DecideDispute(dispute=b"\xd2" * 16, outcome=Outcome.UPHELD, reason=REASON))
    lagoon.do("auditor", decision(Outcome.RELEASED))
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).first) == (DatasetState.BLOCKED, CUSTOMERS)
    lagoon.do("bureau", opening(dispute=b"\xd3" * 16))
    lagoon.do("auditor", DecideDispute(dispute=b"\xd3" * 16, outcome=Outcome.RELEASED, reason=REASON))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE


def test_a_version_that_two_stand_in_the_way_of_is_released_against_both() -> None:
    lagoon = blocked()
    lagoon.put(Rivals(new=FILES, versions=(FRIEND,)))
    lagoon.register(FRIEND, "other").do("bureau", opening()).do("auditor", decision())
    assert (lagoon.dataset(FILES).state, lagoon.dataset(FILES).first) == (DatasetState.BLOCKED, FRIEND)
    lagoon.do("bureau", opening(dispute=b"\xd3" * 16, against=FRIEND))
    lagoon.do("auditor", DecideDispute(dispute=b"\xd3" * 16, outcome=Outcome.RELEASED, reason=REASON))
    assert lagoon.dataset(FILES).state is DatasetState.ACTIVE
