"""Nothing gets rid of what binds data by a new number, a new name, or a false word about where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Dataset, DatasetState, Finding, JobInput, LevelFloor, Regrade, RightKind
from atoll.ledger.records import root_right_id as root
from atoll.ledger.rules.approver import LONGEST_SECONDS
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.dispute import DecideDispute, OpenDispute, Outcome
from atoll.ledger.rules.errors import (
    ApprovalMissing,
    BadParents,
    DatasetBlocked,
    DeadlinePassed,
    LevelBelowLast,
    LevelHeld,
    LoweringUnsigned,
    NotTradable,
    OrderInForce,
    RightNotInForce,
    TooEarly,
    TooManyAncestors,
    UnfoundedParent,
)
from atoll.ledger.rules.job import StartJob
from atoll.ledger.rules.lineages import MOST_ANCESTORS, ancestry, effective_level
from atoll.ledger.rules.right import TransferRight
from tests.unit.rules.estate import Estate
from tests.unit.rules.lagoon import (
    CUSTOMERS,
    FILES,
    GRANT,
    GRANTED_INPUT,
    JOB,
    OWN_INPUT,
    Lagoon,
    consent,
    evaluation,
    permission,
    proposal,
    receipt,
    registration,
    regrading,
)

NEXT, COPY, SUMS = "bureau/files/2", "bureau/copy/1", "bank/sums/1"
REASON = bytes(32)
DISPUTE = b"\xd1" * 16
ROLES = {"auditor": ("auditor", "regulator")}


def supervised() -> Lagoon:
    """The auditor is a regulator as well."""
    return Lagoon(roles=ROLES).with_datasets()


def core(lagoon: Lagoon, dataset: str = FILES, level: int = 6) -> Lagoon:
    """The regulator finds that it is core data."""
    return lagoon.later().do("auditor", regrading(dataset=dataset, level=level, reason_commitment=REASON))


def level(lagoon: Lagoon, dataset: str) -> int:
    return effective_level(lagoon.state, lagoon.dataset(dataset))


# -- where it came from: nobody names another's data who got nothing of them --------------------------------------------------


def test_nobody_names_anothers_data_as_its_source_who_got_nothing_of_them() -> None:
    lagoon = Lagoon().with_grant()
    lagoon.refused(UnfoundedParent, "bank", registration(SUMS, parents=(FILES,)))
    lagoon.refused(UnfoundedParent, "bank", registration(SUMS, parents=(FILES,), bases=(b"\x00" * 16,)))
    lagoon.do("bank", registration(SUMS, parents=(FILES,), bases=(GRANT,)))


def test_a_grant_to_somebody_else_is_no_basis() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", permission(grantee="telecom"))
    lagoon.refused(UnfoundedParent, "bank", registration(SUMS, parents=(FILES,), bases=(GRANT,)))


def test_a_basis_is_one_for_its_own_lineage_alone() -> None:
    lagoon = Lagoon().with_grant().do("bureau", registration("bureau/others/1"))
    lagoon.refused(UnfoundedParent, "bank", registration(SUMS, parents=("bureau/others/1",), bases=(GRANT,)))


def test_a_right_in_the_lineage_is_a_basis_for_its_holder() -> None:
    estate = Estate()
    right = estate.give("bank", RightKind.USE)
    estate.do("bank", registration(SUMS, parents=(FILES,), bases=(right,)))
    other = estate.give("telecom", RightKind.USE)
    estate.refused(UnfoundedParent, "bank", registration("bank/other/1", parents=(FILES,), bases=(other,)))


def test_the_job_whose_result_it_is_is_a_basis_for_what_went_in() -> None:
    lagoon = Lagoon().with_grant().started().do("bank", receipt()).do("bureau", receipt())
    lagoon.do("bureau", registration("bureau/others/1"))
    more = ("bank/customers/1", "bureau/files/1", "bureau/others/1")
    lagoon.refused(UnfoundedParent, "bank", registration(SUMS, parents=more, source_job=JOB))
    lagoon.do("bank", registration(SUMS, parents=(CUSTOMERS, FILES), source_job=JOB))
    lagoon.do("bank", registration("bank/sums/2", parents=(CUSTOMERS, FILES)))  # as its version before it


# -- the next version is bound by what binds the one before it ----------------------------------------------------------------


def test_a_next_version_drops_none_of_its_sources() -> None:
    lagoon = Lagoon().with_grant().do("bank", registration(SUMS, parents=(FILES,), bases=(GRANT,)))
    lagoon.refused(BadParents, "bank", registration("bank/sums/2"))
    lagoon.do("bank", registration("bank/sums/2", parents=(CUSTOMERS, FILES)))
    assert "bureau/files" in ancestry(lagoon.state, lagoon.dataset("bank/sums/2")).lineages


def test_a_next_version_starts_no_lower_than_the_one_before_it() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", regrading(level=4))
    lagoon.refused(LevelBelowLast, "bureau", registration(NEXT, level=3))
    lagoon.do("bureau", registration(NEXT, level=4))


def test_a_next_version_starts_no_lower_than_what_has_risen_under_the_one_before_it() -> None:
    lagoon = supervised().do("bureau", registration(COPY, parents=(FILES,)))
    core(lagoon, level=5)
    lagoon.refused(LevelBelowLast, "bureau", registration("bureau/copy/2", level=4, parents=(FILES,)))


def test_a_regulators_floor_holds_for_versions_registered_ahead_of_it_and_all_after() -> None:
    lagoon = supervised().do("bureau", registration(NEXT))
    core(lagoon)
    lagoon.refused(NotTradable, "bureau", permission(dataset=NEXT))
    lagoon.refused(LevelHeld, "bureau", registration("bureau/files/3", level=2))
    lagoon.refused(LevelHeld, "bureau", regrading(dataset=NEXT, level=3, reason_commitment=REASON))
    assert lagoon.get(LevelFloor, "bureau/files").floor == 6
    assert (level(lagoon, NEXT), lagoon.dataset(NEXT).level) == (6, 2)


def test_a_floor_that_was_set_after_a_consent_stops_the_start_of_a_version_registered_ahead() -> None:
    lagoon = supervised().do("bureau", registration(NEXT)).do("bureau", permission(dataset=NEXT))
    lagoon.consented(inputs=(replace(GRANTED_INPUT, dataset=NEXT), OWN_INPUT))
    core(lagoon).refused(NotTradable, "bank", StartJob(job_id=JOB))


# -- what rises in a source reaches what was made from it ---------------------------------------------------------------------


def test_what_becomes_core_takes_what_was_made_from_it_along() -> None:
    lagoon = supervised().do("bureau", registration(COPY, parents=(FILES,))).do("bureau", permission(dataset=COPY))
    lagoon.consented(inputs=(replace(GRANTED_INPUT, dataset=COPY), OWN_INPUT))
    core(lagoon)
    assert (level(lagoon, COPY), lagoon.dataset(COPY).level) == (6, 2)
    lagoon.refused(NotTradable, "bank", StartJob(job_id=JOB))
    lagoon.refused(NotTradable, "bureau", permission(grant=b"\x62" * 16, dataset=COPY))


def test_a_consent_to_a_use_of_what_was_made_from_g4_needs_a_person() -> None:
    lagoon = supervised().do("bureau", registration(COPY, parents=(FILES,))).do("bureau", permission(dataset=COPY))
    lagoon.do("bureau", regrading(level=4)).propose(inputs=(replace(GRANTED_INPUT, dataset=COPY), OWN_INPUT))
    lagoon.refused(ApprovalMissing, "bureau", consent())


def lowered() -> Lagoon:
    """A copy of what became important, lowered since with a person's signature; sums of the copy."""
    lagoon = core(supervised().do("bureau", registration(COPY, parents=(FILES,))), level=5).later()
    ada = lagoon.with_persons("bureau", "ada")["ada"]
    lagoon.do("bureau", lagoon.signed_for(ada, 2, dataset=COPY))
    return lagoon.do("bureau", registration("bureau/sums/1", parents=(COPY,)))


def test_what_was_lowered_since_with_a_signature_is_not_bound_nor_what_is_made_from_it() -> None:
    lagoon = lowered()
    assert (level(lagoon, FILES), level(lagoon, COPY), level(lagoon, "bureau/sums/1")) == (5, 2, 2)


def test_what_rises_after_the_lowering_binds_again() -> None:
    lagoon = core(lowered())
    assert (level(lagoon, COPY), level(lagoon, "bureau/sums/1")) == (6, 6)


def test_what_its_owner_raises_after_the_lowering_binds_again_too() -> None:
    lagoon = lowered().later().do("bureau", regrading(level=6))
    assert (level(lagoon, COPY), level(lagoon, "bureau/sums/1")) == (6, 6)


def test_a_second_way_to_the_source_around_the_lowered_one_binds() -> None:
    lagoon = lowered()
    lagoon.do("bureau", registration("bureau/both/1", level=5, parents=(COPY, FILES)))
    assert level(lagoon, "bureau/both/1") == 5


def test_a_lowered_version_that_rises_itself_stays_free_of_what_rose_before() -> None:
    lagoon = lowered().later().do("bureau", regrading(dataset=COPY, level=3))
    assert level(lagoon, COPY) == 3


# -- a level of G4 falls by a person's hand alone -----------------------------------------------------------------------------


def test_a_level_of_g4_falls_by_a_persons_signature_alone() -> None:
    lagoon = Lagoon().with_grant().do("bureau", regrading(level=4)).propose()
    lagoon.refused(ApprovalMissing, "bureau", consent())
    lagoon.refused(LoweringUnsigned, "bureau", regrading(level=3, reason_commitment=REASON))
    ada = lagoon.with_persons("bureau", "ada")["ada"]
    lagoon.do("bureau", lagoon.signed_for(ada, 3))
    assert lagoon.get(Regrade, FILES).approver == "bureau/approver/1"


@pytest.mark.parametrize("changes", [{"level": 2}, {"dataset": NEXT}, {"since": 0}])
def test_a_signature_is_for_one_lowering(changes: dict[str, object]) -> None:
    lagoon = Lagoon().with_datasets().later().do("bureau", regrading(level=4))
    ada = lagoon.with_persons("bureau", "ada")["ada"]
    said = lagoon.signed_for(ada, **({"level": 3} | changes))  # type: ignore[arg-type]
    lagoon.refused(LoweringUnsigned, "bureau", replace(said, dataset=FILES, level=3))


def test_a_signature_does_not_serve_twice() -> None:
    lagoon = Lagoon().with_datasets().later().do("bureau", regrading(level=4))
    said = lagoon.signed_for(lagoon.with_persons("bureau", "ada")["ada"], 3)
    lagoon.later().do("bureau", said).later().do("bureau", regrading(level=4))
    lagoon.refused(LoweringUnsigned, "bureau", said)


def test_a_person_of_another_member_lowers_nothing() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", regrading(level=4))
    eve = lagoon.with_persons("bank", "eve")["eve"]
    lagoon.refused(LoweringUnsigned, "bureau", lagoon.signed_for(eve, 3, org="bureau"))


def test_a_signature_for_a_lowering_lies_no_longer_than_a_week() -> None:
    lagoon = Lagoon().with_datasets().do("bureau", regrading(level=4))
    ada = lagoon.with_persons("bureau", "ada")["ada"]
    lagoon.refused(DeadlinePassed, "bureau", lagoon.signed_for(ada, 3, not_after=lagoon.time - 1))
    lagoon.refused(TooEarly, "bureau", lagoon.signed_for(ada, 3, not_after=lagoon.time + LONGEST_SECONDS + 1))


# -- what is blocked or under an order does not come back under another number ------------------------------------------------


def upheld() -> Lagoon:
    """The bureau's version is blocked by a decision."""
    lagoon = Lagoon(roles=ROLES).with_oprf_key().register(CUSTOMERS, "a").register(FILES, "b")
    lagoon.do("bank", OpenDispute(dispute=DISPUTE, subject=FILES, against=CUSTOMERS, evidence=bytes(32)))
    return lagoon.do("auditor", DecideDispute(dispute=DISPUTE, outcome=Outcome.UPHELD, reason=bytes(32)))


@pytest.mark.parametrize("content", ["b", "b with a row changed"])
def test_a_blocked_version_does_not_come_back_as_the_next_one(content: str) -> None:
    lagoon = upheld().register(NEXT, content)
    assert lagoon.dataset(NEXT).state is DatasetState.BLOCKED
    lagoon.refused(DatasetBlocked, "bureau", permission(dataset=NEXT))
    assert lagoon.dataset(NEXT).finding is lagoon.dataset(FILES).finding


def test_withdrawing_a_blocked_version_clears_nothing() -> None:
    lagoon = upheld().do("bureau", WithdrawDataset(dataset=FILES)).register(NEXT, "b")
    assert lagoon.dataset(NEXT).state is DatasetState.BLOCKED
    copied = Lagoon().with_oprf_key().register(CUSTOMERS, "a").register(FILES, "a")
    copied.do("bureau", WithdrawDataset(dataset=FILES)).register(NEXT, "a bit different")
    assert copied.dataset(NEXT).state is DatasetState.BLOCKED
    assert copied.dataset(NEXT).first == CUSTOMERS


def test_a_version_before_last_that_is_blocked_still_blocks_its_content() -> None:
    lagoon = Lagoon(roles=ROLES).with_oprf_key().register(CUSTOMERS, "a").register(FILES, "b").register(NEXT, "c")
    lagoon.do("bank", OpenDispute(dispute=DISPUTE, subject=FILES, against=CUSTOMERS, evidence=bytes(32)))
    lagoon.do("auditor", DecideDispute(dispute=DISPUTE, outcome=Outcome.UPHELD, reason=bytes(32)))
    lagoon.register("bureau/files/3", "b").register("bureau/files/4", "d")
    assert lagoon.dataset("bureau/files/3").state is DatasetState.BLOCKED
    assert lagoon.dataset("bureau/files/4").state is DatasetState.BLOCKED  # until a decision about the one before it


def test_a_decision_frees_a_version_that_was_blocked_by_the_one_before_it() -> None:
    lagoon = upheld().register(NEXT, "b")
    second = b"\xd2" * 16
    lagoon.do("bureau", OpenDispute(dispute=second, subject=NEXT, against=CUSTOMERS, evidence=bytes(32)))
    lagoon.do("auditor", DecideDispute(dispute=second, outcome=Outcome.RELEASED, reason=bytes(32)))
    lagoon.register("bureau/files/3", "c")
    assert lagoon.dataset("bureau/files/3").state is DatasetState.ACTIVE
    assert lagoon.dataset("bureau/files/3").finding is Finding.NEW


@pytest.mark.parametrize(("kind", "target"), [("dataset", FILES), ("lineage", "bureau/files"), ("member", "bureau")])
def test_what_is_under_an_order_gets_no_next_version(kind: str, target: str) -> None:
    lagoon = Lagoon(roles=ROLES).with_oprf_key().register(FILES, "b")
    persons = list(lagoon.with_persons("auditor", "ann", "ben").values())
    lagoon.do("auditor", lagoon.ordered("recall", kind, target, persons))
    lagoon.refused(OrderInForce, "bureau", registration(NEXT, **same_as(lagoon, FILES)))


def test_a_content_under_an_order_is_not_registered_again_by_its_owner() -> None:
    lagoon = Lagoon(roles=ROLES).with_oprf_key().register(FILES, "b").register(NEXT, "c")
    persons = list(lagoon.with_persons("auditor", "ann", "ben").values())
    lagoon.do("auditor", lagoon.ordered("recall", "dataset", FILES, persons))
    lagoon.refused(OrderInForce, "bureau", registration("bureau/files/3", **same_as(lagoon, FILES)))
    lagoon.refused(OrderInForce, "bureau", registration("bureau/other/1", **same_as(lagoon, FILES, 2)))
    lagoon.register("bureau/files/3", "d")


def test_nothing_is_made_from_what_is_under_an_order() -> None:
    lagoon = Lagoon(roles=ROLES).with_datasets()
    persons = list(lagoon.with_persons("auditor", "ann", "ben").values())
    lagoon.do("auditor", lagoon.ordered("freeze", "dataset", FILES, persons))
    lagoon.refused(OrderInForce, "bureau", registration(COPY, parents=(FILES,)))


def same_as(lagoon: Lagoon, dataset: str, number: int = 1) -> dict[str, Any]:
    """The content of a version once more, from an evaluation of its own."""
    lagoon.do("bureau", evaluation(number))
    return {"evaluation": number.to_bytes(16, "big"), "tags": lagoon.dataset(dataset).tags}


# -- what was sold is not used under another name -----------------------------------------------------------------------------


def own_use(lagoon: Lagoon, dataset: str, **line: object) -> Lagoon:
    """The bureau would use a dataset of its own for itself."""
    given: dict[str, object] = {"grant": b"", "grant_version": 0} | line
    one = JobInput(dataset=dataset, user="bureau", rows_cap=10, receiver="bureau", **given)  # type: ignore[arg-type]
    lagoon.do("bureau", proposal(parties=("bureau",), receivers=("bureau",), inputs=(one,)))
    return lagoon.do("bureau", consent())


def resold() -> Lagoon:
    """The bureau has sold its files, and registered them again under another name."""
    lagoon = Lagoon().with_oprf_key().register(FILES, "b").register("bureau/other/1", "b")
    return lagoon.do("bureau", TransferRight(right=root("bureau/files"), version=1, to="bank"))


def test_what_was_sold_is_not_used_under_a_second_name() -> None:
    own_use(resold(), "bureau/other/1").refused(RightNotInForce, "bureau", StartJob(job_id=JOB))


def test_what_was_sold_is_not_used_under_a_second_name_by_a_grant_to_oneself() -> None:
    lagoon = resold().do("bureau", permission(dataset="bureau/other/1", grantee="bureau"))
    own_use(lagoon, "bureau/other/1", grant=GRANT, grant_version=1)
    lagoon.refused(RightNotInForce, "bureau", StartJob(job_id=JOB))


def test_a_second_name_of_what_one_still_holds_is_used_for_oneself() -> None:
    lagoon = Lagoon().with_oprf_key().register(FILES, "b").register("bureau/other/1", "b")
    own_use(lagoon, "bureau/other/1").do("bureau", StartJob(job_id=JOB))


# -- bounds -------------------------------------------------------------------------------------------------------------------


def test_what_would_rest_on_too_much_is_not_registered() -> None:
    lagoon = Lagoon().with_datasets()
    one = lagoon.get(Dataset, FILES)
    for number in range(5):
        parents = tuple(sorted(f"bureau/part-{number}-{at}/1" for at in range(64)))
        lagoon.put(replace(one, dataset=f"bureau/half-{number}/1", lineage=f"bureau/half-{number}", parents=parents))
    three, four = [tuple(f"bureau/half-{number}/1" for number in range(most)) for most in (3, 4)]
    lagoon.do("bureau", registration(COPY, parents=three))
    lagoon.refused(TooManyAncestors, "bureau", registration("bureau/more/1", parents=four))
    assert MOST_ANCESTORS == 256
