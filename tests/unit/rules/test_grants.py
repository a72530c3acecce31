"""Grants: given by the owner, to a member, for one dataset version; taken back for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.ledger.records import Budget, Dataset, DatasetState, GrantState, Member, MemberState, budget_id, grant_account
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import AlreadyExists, NotAllowed, NotMember, Unknown, WrongState
from atoll.ledger.rules.grant import RevokeGrant
from atoll.testing.consortium import FOUNDED
from tests.unit.rules.lagoon import FILES, GRANT, Lagoon, permission


def test_an_owner_grants_the_use_of_its_dataset() -> None:
    lagoon = Lagoon().with_grant(uses=3)
    grant = lagoon.grant()
    assert (grant.owner, grant.grantee, grant.dataset, grant.version, grant.state) == (
        "bureau",
        "bank",
        FILES,
        1,
        GrantState.ACTIVE,
    )
    budget = lagoon.get(Budget, budget_id(grant_account(GRANT), "uses"))
    assert (budget.owner, budget.limit, budget.reserved, budget.spent) == ("bureau", 3, 0, 0)


def test_nobody_grants_what_it_does_not_own() -> None:
    Lagoon().with_datasets().refused(NotAllowed, "bank", permission())


def test_a_grant_is_for_a_dataset_that_is_there_and_in_use() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(Unknown, "bureau", permission(dataset="bureau/files/2"))
    lagoon.do("bureau", WithdrawDataset(dataset=FILES))
    lagoon.refused(WrongState, "bureau", permission())


def test_a_frozen_dataset_is_granted_to_nobody() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.put(replace(lagoon.get(Dataset, FILES), state=DatasetState.FROZEN))
    lagoon.refused(WrongState, "bureau", permission())


def test_a_grant_goes_to_an_active_member() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(NotMember, "bureau", permission(grantee="stranger"))
    lagoon.put(replace(lagoon.get(Member, "bank"), state=MemberState.SUSPENDED))
    lagoon.refused(NotMember, "bureau", permission())


def test_a_grants_identifier_is_used_once_even_by_another_owner() -> None:
    lagoon = Lagoon().with_grant()
    lagoon.refused(AlreadyExists, "bureau", permission(uses=1000))
    lagoon.refused(AlreadyExists, "bank", permission(dataset="bank/customers/1", grantee="telecom"))
    assert lagoon.get(Budget, budget_id(grant_account(GRANT), "uses")).limit == 5


def test_the_owner_revokes_a_grant_once_and_its_version_grows() -> None:
    lagoon = Lagoon().with_grant().do("bureau", RevokeGrant(grant=GRANT))
    assert (lagoon.grant().state, lagoon.grant().version) == (GrantState.REVOKED, 2)
    lagoon.refused(WrongState, "bureau", RevokeGrant(grant=GRANT))


@pytest.mark.parametrize("org", ["bank", "operator", "telecom"])
def test_nobody_else_revokes_it(org: str) -> None:
    lagoon = Lagoon().with_grant()
    lagoon.refused(NotAllowed, org, RevokeGrant(grant=GRANT))


def test_a_grant_that_is_not_there_cannot_be_revoked() -> None:
    Lagoon().refused(Unknown, "bureau", RevokeGrant(grant=GRANT))


def test_a_revoked_identifier_is_not_given_again() -> None:
    lagoon = Lagoon().with_grant().do("bureau", RevokeGrant(grant=GRANT))
    lagoon.refused(AlreadyExists, "bureau", permission(not_before=FOUNDED + 1))
