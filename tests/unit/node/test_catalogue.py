"""The node's catalogue: what the ledger commits to gets in, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.exchange.catalogue.query import Query
from atoll.ledger.records import Member
from atoll.ledger.rules.dataset import WithdrawDataset
from atoll.ledger.rules.grade import RegradeDataset
from atoll.ledger.rules.quality import ReportQuality, WithdrawQuality
from atoll.node.bodies import Kind
from atoll.node.catalogue import Catalogue, names_in
from atoll.node.errors import NoSuchThing
from atoll.policy.card import CARD_DOMAIN, DatasetCard
from atoll.policy.odrl.profile import NAMESPACE
from atoll.primitives.commitment import commit
from atoll.storage.catalogue import CatalogueIndex
from atoll.wire.message import encode_message, parse_message
from tests.unit.node.offices import CUSTOMERS, FILES, Offices


@pytest.fixture
def offices() -> Offices:
    return Offices()


def catalogue(offices: Offices, org: str = "telecom") -> Catalogue:
    office = offices[org]
    return Catalogue(office.context, office.bodies, CatalogueIndex(":memory:", ledger="lagoon"))


async def cards_in(one: Catalogue) -> list[str]:
    page = await one.search(Query())
    return [entry.dataset for entry in page.entries if entry.card_verified]


async def exported(one: Catalogue, word: str) -> dict[str, str]:
    """What the export says of each dataset under a word of the profile."""
    document = await one.to_dcat(Query())
    return {each["dct:identifier"]: each[f"{NAMESPACE}{word}"] for each in document["dataset"]}


def forged(offices: Offices) -> bytes:
    """The bureau's card with another title."""
    card = parse_message(offices["bureau"].store.body(Kind.CARD, FILES) or b"", DatasetCard)
    return encode_message(replace(card, title="Forged"))


def commit_to(offices: Offices, dataset: str = FILES, /, **changes: Any) -> None:
    """Have its owner commit to a card that its own node would not have published."""
    office = offices[dataset.split("/")[0]]
    card = parse_message(office.store.body(Kind.CARD, dataset) or b"", DatasetCard)
    body = encode_message(replace(card, **changes))
    office.bodies.keep(Kind.CARD, dataset, body)
    offices.lagoon.put(replace(offices.lagoon.dataset(dataset), card_commitment=commit(CARD_DOMAIN, card.salt, body)))


def derive(offices: Offices) -> None:
    """The bank's set is one that was made from the bureau's."""
    commit_to(offices, CUSTOMERS, parents=(FILES,))
    offices.lagoon.put(replace(offices.lagoon.dataset(CUSTOMERS), parents=(FILES,)))


async def test_cards_are_fetched_compared_with_their_commitments_and_found(offices: Offices) -> None:
    one = catalogue(offices)
    await one.compare()
    assert await cards_in(one) == []
    assert [entry.dataset for entry in (await one.search(Query(text="files"))).entries] == [FILES]
    await one.fetch_missing()
    assert sorted(await cards_in(one)) == [CUSTOMERS, FILES]
    await one.fetch_missing()
    assert [method for _, _, method in offices.calls] == ["body.get"] * 2


async def test_a_card_that_does_not_fit_its_commitment_is_never_indexed(offices: Offices) -> None:
    offices.lies["bureau"] = forged(offices)
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    assert await cards_in(one) == [CUSTOMERS]
    assert (await one.search(Query(text="forged"))).total == 0


async def test_a_card_on_the_shelf_that_does_not_fit_is_not_indexed_either(offices: Offices) -> None:
    offices["bureau"].bodies.keep(Kind.CARD, FILES, forged(offices))  # registered twice, and the other one was carried out
    one = catalogue(offices, "bureau")
    await one.compare()
    await one.fetch_missing()
    assert await cards_in(one) == [CUSTOMERS]


LIES: list[dict[str, Any]] = [
    {"dataset": "bureau/files/2"},
    {"level": 3},
    {"parents": (CUSTOMERS,)},
    {"rows_at_most": 1000},
    {"offers": ({"@id": "urn:atoll:lagoon:dataset:bank/customers/1", "@context": {}, "@type": "Offer", "permission": []},)},
]


@pytest.mark.parametrize("lie", LIES)
async def test_a_committed_card_that_does_not_hold_is_refused_without_its_words_and_fetched_once(
    offices: Offices, lie: dict[str, Any]
) -> None:
    commit_to(offices, title="Forged", **lie)
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    assert await cards_in(one) == [CUSTOMERS]
    (entry,) = (await one.search(Query(owners=("bureau",)))).entries
    assert entry.card_refused
    assert (entry.title, entry.keys, entry.rows_at_most) == ("", [], 0)
    assert (await one.search(Query(text="forged"))).total == 0
    assert [each["dct:identifier"] for each in (await one.to_dcat(Query()))["dataset"]] == [CUSTOMERS]
    asked = len(offices.calls)
    await one.fetch_missing()
    await one.compare()
    assert len(offices.calls) == asked
    assert offices["telecom"].bodies.believed(offices["telecom"].context.view(), FILES)[0] is None


async def test_a_card_keeps_the_level_of_its_first_day_when_the_ledgers_changes(offices: Offices) -> None:
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    offices.lagoon.do("bureau", RegradeDataset(dataset=FILES, level=3, table="t", reason_commitment=b"\x09" * 32))
    await one.compare()
    (entry,) = (await one.search(Query(owners=("bureau",)))).entries
    assert (entry.card_verified, entry.card_refused, entry.level) == (True, "", 3)


async def test_an_owner_that_is_away_is_asked_again_and_keeps_nobody_waiting(offices: Offices) -> None:
    one = catalogue(offices)
    offices.unreachable.add("bureau")
    await one.compare()
    await one.fetch_missing()
    assert await cards_in(one) == [CUSTOMERS]
    offices.unreachable.clear()
    await one.fetch_missing()
    assert sorted(await cards_in(one)) == [CUSTOMERS, FILES]


async def test_state_and_quality_are_those_of_the_ledger_now(offices: Offices) -> None:
    one = catalogue(offices)
    offices.lagoon.do("bank", opinion := ReportQuality(
        dataset=CUSTOMERS, commitment=b"\x05" * 32, metrics=bytes(32), grade=2, score_ppm=870_000))  # fmt: skip
    await one.compare()
    await one.fetch_missing()
    (entry,) = (await one.search(Query(worst_grade=2))).entries
    assert entry.quality is not None
    assert (entry.quality.grade, entry.quality.third_party, entry.quality.report) == ("B", False, opinion.commitment.hex())
    offices.lagoon.do("bank", WithdrawQuality(dataset=CUSTOMERS)).do("bank", WithdrawDataset(dataset=CUSTOMERS))
    await one.compare()
    assert (await one.search(Query(worst_grade=5))).total == 0
    assert [each.dataset for each in (await one.search(Query(states=("withdrawn",)))).entries] == [CUSTOMERS]
    assert sorted(await cards_in(one)) == [CUSTOMERS, FILES]
    assert [each.state for each in one.opinions(CUSTOMERS)] == ["withdrawn"]


async def test_what_an_order_freezes_is_marked_though_its_record_does_not_change(offices: Offices) -> None:
    lagoon = offices.lagoon
    lagoon.put(replace(lagoon.get(Member, "auditor"), roles=("auditor", "regulator")))
    persons = list(lagoon.with_persons("auditor", "anna", "ben").values())
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    lagoon.do("auditor", lagoon.ordered("freeze", "lineage", "bureau/files", persons))
    await one.compare()
    assert [entry.dataset for entry in (await one.search(Query(states=("frozen",)))).entries] == [FILES]
    assert sorted(await cards_in(one)) == [CUSTOMERS, FILES]
    assert await exported(one, "state") == {CUSTOMERS: "active", FILES: "frozen"}


async def test_what_was_made_from_frozen_data_is_frozen_too(offices: Offices) -> None:
    derive(offices)
    lagoon = offices.lagoon
    lagoon.put(replace(lagoon.get(Member, "auditor"), roles=("auditor", "regulator")))
    persons = list(lagoon.with_persons("auditor", "anna", "ben").values())
    lagoon.do("auditor", lagoon.ordered("freeze", "dataset", FILES, persons))
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    assert await exported(one, "state") == {CUSTOMERS: "frozen", FILES: "frozen"}


async def test_the_level_is_that_of_what_a_dataset_was_made_from_where_that_is_higher(offices: Offices) -> None:
    derive(offices)
    one = catalogue(offices)
    await one.compare()
    await one.fetch_missing()
    assert await exported(one, "dataLevel") == {CUSTOMERS: "G2", FILES: "G2"}
    offices.lagoon.do("bureau", RegradeDataset(dataset=FILES, level=4, table="t", reason_commitment=b"\x09" * 32))
    await one.compare()
    assert (await one.search(Query(least_level=4))).total == 2
    assert (await one.search(Query(most_level=3))).total == 0
    assert await exported(one, "dataLevel") == {CUSTOMERS: "G4", FILES: "G4"}


async def test_what_could_be_intersected_with_ones_own_is_somebody_elses(offices: Offices) -> None:
    one = catalogue(offices, "bank")
    await one.compare()
    await one.fetch_missing()
    found = await one.search(Query(), matching=CUSTOMERS)
    assert [entry.dataset for entry in found.entries] == [FILES]
    with pytest.raises(NoSuchThing):
        await one.search(Query(), matching="bank/nothing/1")


async def test_dcat_holds_the_cards_that_fit(offices: Offices) -> None:
    one = catalogue(offices)
    await one.compare()
    assert "dataset" not in await one.to_dcat(Query())
    await one.fetch_missing()
    document = await one.to_dcat(Query(limit=1))
    assert [each["dct:identifier"] for each in document["dataset"]] == [CUSTOMERS]
    assert document["https://w3id.org/atoll/dex#following"]


def test_a_transaction_names_datasets_and_lineages_wherever_they_stand() -> None:
    body = {"dataset": FILES, "inputs": [{"dataset": CUSTOMERS}], "target": "bank/customers", "reason": "bank/a/b", "n": 3}
    assert list(names_in(body)) == [FILES, CUSTOMERS, "bank/customers"]
