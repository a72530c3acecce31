"""Datasets: a name of one's own, one version after the other, withdrawn for good."""

from __future__ import annotations

import pytest

from atoll.ledger.records import Dataset, DatasetState, Member, MemberState
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.errors import AlreadyExists, BadTransaction, NotAllowed, NotMember, Unknown, WrongState
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, registration


def test_an_owner_registers_a_dataset_under_its_own_name() -> None:
    lagoon = Lagoon().later(heights=6).do("bank", registration(CUSTOMERS, level=3))
    found = lagoon.get(Dataset, CUSTOMERS)
    assert (found.owner, found.lineage, found.level, found.state, found.height) == (
        "bank",
        "bank/customers",
        3,
        DatasetState.ACTIVE,
        7,
    )


def test_nobody_registers_under_the_name_of_another() -> None:
    assert "only bank" in Lagoon().refused(NotAllowed, "bureau", registration(CUSTOMERS))


def test_a_member_without_the_role_owner_registers_nothing() -> None:
    Lagoon().refused(NotAllowed, "operator", registration("operator/logs/1"))


def test_a_version_is_registered_once() -> None:
    lagoon = Lagoon().do("bank", registration(CUSTOMERS))
    lagoon.refused(AlreadyExists, "bank", registration(CUSTOMERS, level=1))
    assert lagoon.get(Dataset, CUSTOMERS).level == 2


def test_versions_follow_each_other_without_a_gap_and_share_a_lineage() -> None:
    lagoon = Lagoon()
    lagoon.refused(Unknown, "bank", registration("bank/customers/2"))
    lagoon.do("bank", registration("bank/customers/1"))
    lagoon.refused(Unknown, "bank", registration("bank/customers/3"))
    lagoon.do("bank", registration("bank/customers/2"))
    assert lagoon.get(Dataset, "bank/customers/2").lineage == "bank/customers"


@pytest.mark.parametrize(
    "name",
    [
        "bank/customers",
        "bank/customers/0",
        "bank/customers/01",
        "bank/customers/1/1",
        "bank/../1",
        "bank/a b/1",
        "Bank/customers/1",
        "bank/customers/1\n",
        "/customers/1",
        "bank/customers/1000000",
    ],
)
def test_a_dataset_has_one_spelling(name: str) -> None:
    body = registration(CUSTOMERS).to_map() | {"dataset": name}
    lagoon = Lagoon()
    lagoon.refused(BadTransaction, "bank", Spelt(body))  # type: ignore[arg-type]


class Spelt:
    """A registration whose fields nobody checked."""

    TAG = "dataset.register/1"

    def __init__(self, fields: dict[str, object]) -> None:
        self._fields = fields

    def to_map(self) -> dict[str, object]:
        return self._fields


@pytest.mark.parametrize("level", [0, 7, True])
def test_levels_go_from_1_to_6(level: int) -> None:
    fields = registration(CUSTOMERS).to_map() | {"level": level}
    Lagoon().refused(BadTransaction, "bank", Spelt(fields))  # type: ignore[arg-type]


def test_an_owner_withdraws_its_dataset_once_and_for_good() -> None:
    lagoon = Lagoon().with_datasets().do("bank", WithdrawDataset(dataset=CUSTOMERS))
    assert lagoon.get(Dataset, CUSTOMERS).state is DatasetState.WITHDRAWN
    lagoon.refused(WrongState, "bank", WithdrawDataset(dataset=CUSTOMERS))
    lagoon.refused(AlreadyExists, "bank", registration(CUSTOMERS))


def test_nobody_withdraws_the_dataset_of_another_or_one_that_is_not_there() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(NotAllowed, "bank", WithdrawDataset(dataset=FILES))
    lagoon.refused(Unknown, "bank", WithdrawDataset(dataset="bank/orders/1"))


def test_a_suspended_member_registers_nothing() -> None:
    lagoon = Lagoon()
    lagoon.put(Member.from_map(lagoon.get(Member, "bank").to_map() | {"state": str(MemberState.SUSPENDED)}))
    lagoon.refused(NotMember, "bank", registration(CUSTOMERS))
