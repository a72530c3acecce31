"""The index of the catalogue: what is found, in which order, page by page, whatever is typed into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atoll.exchange.catalogue.entry import Entry, entry_of
from atoll.exchange.catalogue.errors import BadQuery
from atoll.exchange.catalogue.query import MAX_TERMS, MAX_TEXT, Query
from atoll.ledger.records import DatasetState
from atoll.policy.demand import Exposure
from atoll.storage.catalogue import CatalogueIndex
from atoll.storage.errors import StoreCorrupt
from tests.unit.catalogue.shelf import RECORD, alone, entry, listed, opinion
from tests.unit.policy.desk import column


@pytest.fixture
def index() -> Iterator[CatalogueIndex]:
    made = CatalogueIndex(":memory:", ledger="a ledger")
    yield made
    made.close()


def put(index: CatalogueIndex, *entries: Entry) -> None:
    for one in entries:
        index.put(one, RECORD)


def found(index: CatalogueIndex, **asked: Any) -> list[str]:
    return [one.entry.dataset for one in index.search(Query(**asked)).listed]


def test_a_dataset_is_found_by_each_word_of_its_card_and_by_the_beginning_of_one(index: CatalogueIndex) -> None:
    put(
        index,
        entry("bank/loans/1", title="Crédit scores", keywords=("ratings",), description="of households", spatial="Taipei"),
        entry("bureau/roads/1", title="Roads", columns=(column("Plate_Number", semantics="vehicle-plate"),)),
    )
    for text in ("credit", "CREDIT scores", "rat", "house", "taipei", "loans", "\uff43redit"):
        assert found(index, text=text) == ["bank/loans/1"], text
    for text in ("plate", "number", "vehicle", "bureau"):
        assert found(index, text=text) == ["bureau/roads/1"], text
    assert found(index, text="credit roads") == []
    assert found(index, text="ro") == [], "two letters stand for themselves"


def test_a_part_of_a_run_of_chinese_finds_it(index: CatalogueIndex) -> None:
    put(index, entry("bank/loans/1", title="个人信用评分数据"))
    assert found(index, text="信用") == found(index, text="信用评分") == found(index, text="信") == ["bank/loans/1"]
    assert found(index, text="用信") == []


def test_the_best_place_counts_then_the_newest_then_the_name(index: CatalogueIndex) -> None:
    put(
        index,
        entry("bank/a/1", description="income of households"),
        entry("bank/b/1", title="Income"),
        entry("bank/d/1", keywords=("income",), height=5),
        entry("bank/c/1", keywords=("income",), height=5),
        entry("bank/e/1", keywords=("income",), height=9),
    )
    page = index.search(Query(text="income"))
    order = ["bank/b/1", "bank/e/1", "bank/c/1", "bank/d/1", "bank/a/1"]
    assert [one.entry.dataset for one in page.listed] == order
    assert [one.score for one in page.listed] == [8, 5, 5, 5, 1]


def test_filters_hold_together(index: CatalogueIndex) -> None:
    personal = (column("id", semantics="national-id", classes=("personal:sensitive",), normalisation="national-id/1"),)
    put(
        index,
        entry("bank/a/1", columns=personal, level=4),
        entry("bank/b/1", classes=("industry:J66",), level=2),
        entry("bureau/c/1", columns=personal, level=3, state=DatasetState.FROZEN),
    )
    assert found(index, classes=("personal",)) == found(index, classes=("sensitive",)) == ["bank/a/1", "bureau/c/1"]
    assert found(index, classes=("personal:sensitive",), most_level=3) == ["bureau/c/1"]
    assert found(index, classes=("personal", "industry")) == []
    assert found(index, semantics=("national-id",), owners=("bank",)) == ["bank/a/1"]
    assert found(index, owners=("bank", "bureau"), least_level=3) == ["bank/a/1", "bureau/c/1"]
    assert found(index, states=("frozen",)) == ["bureau/c/1"]
    assert index.search(Query(states=("frozen",))).listed[0].entry.state == "frozen"


def test_what_could_be_intersected_is_somebody_elses_under_the_same_rule_and_not_hidden_or_over(
    index: CatalogueIndex,
) -> None:
    key = column("id", normalisation="phone-e164/1?region=US")
    put(
        index,
        entry("bank/mine/1", columns=(key,)),
        entry("bureau/yes/1", columns=(key,)),
        entry("bureau/other-region/1", columns=(replace(key, normalisation="phone-e164/1?region=CN"),)),
        entry("bureau/hidden/1", columns=(replace(key, exposure=Exposure.HIDDEN),)),
        entry("bureau/sums/1", columns=(replace(key, exposure=Exposure.AFTER_AGGREGATE, normalisation=""),)),
        entry("bureau/until-100/1", columns=(replace(key, exposure_until=100),)),
    )
    asked = {"rules": ("phone-e164/1?region=US",), "not_owner": "bank"}
    assert found(index, **asked, now=100) == ["bureau/until-100/1", "bureau/yes/1"]
    assert found(index, **asked, now=101) == ["bureau/yes/1"]


def test_what_rests_on_a_lineage_is_found_by_it_until_it_is_forgotten(index: CatalogueIndex) -> None:
    made = replace(entry("bank/mix/1"), lineages=("bank/mix", "bureau/raw"))
    put(index, made, made, entry("bureau/raw/1"), entry("bureau/raw/2"), entry("bureau/rawer/1"))
    assert sorted(index.resting_on("bureau/raw")) == ["bank/mix/1", "bureau/raw/1", "bureau/raw/2"]
    index.remove("bank/mix/1")
    assert index.resting_on("bank/mix") == []


def test_of_two_columns_under_one_rule_the_one_that_may_be_compared_longer_counts(index: CatalogueIndex) -> None:
    key = column("id", normalisation="national-id/1")
    for number, ends in enumerate([(100, 0), (0, 100), (100, 200), (200, 100)]):
        columns = tuple(replace(key, name=f"c{at}", exposure_until=end) for at, end in enumerate(ends))
        put(index, entry(f"bank/c{number}/1", columns=columns))
    assert len(found(index, rules=("national-id/1",), now=150)) == 4
    assert found(index, rules=("national-id/1",), now=250) == ["bank/c0/1", "bank/c1/1"]


def test_the_grade_is_that_of_the_best_founded_opinion_that_stands(index: CatalogueIndex) -> None:
    put(index, entry("bank/a/1"), entry("bank/b/1"))
    index.put_opinion(opinion("bank/a/1", "bank", 1, third_party=False, time=9))
    assert found(index, worst_grade=1) == ["bank/a/1"]
    assert found(index, worst_grade=5, third_party=True) == []
    index.put_opinion(opinion("bank/a/1", "auditor", 3, time=5))
    assert found(index, worst_grade=2) == []
    assert found(index, worst_grade=3, third_party=True) == ["bank/a/1"]
    (only,) = index.search(Query(worst_grade=5)).listed
    assert only.opinion is not None
    assert only.opinion.evaluator == "auditor"
    index.put_opinion(opinion("bank/a/1", "auditor", 3, time=6, stands=False))
    assert found(index, worst_grade=1) == ["bank/a/1"]
    assert [one.stands for one in index.opinions("bank/a/1")] == [True, False]


def test_an_opinion_that_comes_before_the_dataset_counts_once_that_is_there(index: CatalogueIndex) -> None:
    index.put_opinion(opinion("bank/a/1", "auditor", 2))
    put(index, entry("bank/a/1"))
    assert found(index, worst_grade=2) == ["bank/a/1"]


def test_pages_follow_each_other_and_nothing_is_lost_or_seen_twice_while_the_list_grows(index: CatalogueIndex) -> None:
    names = [f"bank/d{at:03}/1" for at in range(25)]
    put(index, *(entry(name, height=at // 3) for at, name in enumerate(names)))
    everything = found(index)
    assert sorted(everything) == names
    assert [name for page in (1, 2, 3) for name in found(index, limit=10, page=page)] == everything
    seen, after = [], ""
    while True:
        page = index.search(Query(limit=10, after=after))
        seen += [one.entry.dataset for one in page.listed]
        put(index, entry(f"bank/new{len(seen)}/1", height=100 + len(seen)))
        after = page.following
        if not after:
            break
    assert seen == everything


def test_counts_are_over_all_pages(index: CatalogueIndex) -> None:
    put(
        index,
        *(entry(f"bank/d{at}/1", level=1 + at % 2, classes=("industry:J66", "subject:personal")) for at in range(6)),
        entry("bureau/x/1"),
    )
    page = index.search(Query(limit=2))
    assert page.total == 7
    assert page.facets["owner"] == {"bank": 6, "bureau": 1}
    assert page.facets["level"] == {"1": 3, "2": 4}
    assert page.facets["class"] == {"industry:J66": 6, "subject:personal": 6}


TYPED = """" ' '_OR_1=1_-- "_OR_" credit* NEAR(a_b) credit_AND_NOT_income title:credit % %% \0 a\0b"""


@pytest.mark.parametrize("text", [one.replace("_", " ") for one in TYPED.split()])
def test_what_is_typed_is_words_and_never_a_query_language(index: CatalogueIndex, text: str) -> None:
    put(index, entry("bank/secret/1", title="Nothing of the kind"))
    with suppress(BadQuery):  # where it holds no word
        assert found(index, text=text) == []
    for field in ("classes", "semantics", "owners", "states", "rules"):
        assert found(index, **{field: (text,)}) == []
    assert found(index) == ["bank/secret/1"]


@pytest.mark.parametrize(
    "query",
    [
        Query(text="x" * (MAX_TEXT + 1)),
        Query(text="!!!"),
        Query(text=" ".join(f"w{at}" for at in range(MAX_TERMS + 1))),
        Query(owners=("a",) * (MAX_TERMS + 1)),
        Query(limit=0),
        Query(limit=101),
        Query(page=0),
        Query(most_level=7),
        Query(worst_grade=6),
        Query(after="AAAA"),
        Query(after="é"),
    ],
)
def test_a_question_without_an_answer_is_refused(index: CatalogueIndex, query: Query) -> None:
    with pytest.raises(BadQuery):
        index.search(query)


def test_a_cursor_belongs_to_its_question(index: CatalogueIndex) -> None:
    put(index, entry("bank/a/1"), entry("bank/b/1"))
    after = index.search(Query(limit=1)).following
    assert found(index, limit=1, after=after) == ["bank/b/1"]
    with pytest.raises(BadQuery, match="cursor"):
        index.search(Query(limit=1, after=after, owners=("bank",)))


def test_a_dataset_without_its_card_is_found_by_what_the_ledger_says(index: CatalogueIndex) -> None:
    shy = listed("bank/shy/1", level=3)
    put(index, entry_of(shy, alone(shy), None))
    (only,) = index.search(Query(text="shy")).listed
    assert (only.entry.has_card, only.entry.level, only.entry.title) == (False, 3, "")
    assert index.without_card() == [("bank/shy/1", "bank")]


def test_what_is_put_again_takes_the_place_of_what_was_there(index: CatalogueIndex) -> None:
    put(index, entry("bank/a/1", title="Old"), entry("bank/a/1", title="New", level=3))
    assert found(index, text="old") == []
    assert found(index, text="new", least_level=3) == ["bank/a/1"]
    index.remove("bank/a/1")
    assert found(index) == []


@pytest.mark.parametrize("damage", ["garbage", "empty", "foreign"])
def test_an_index_that_is_damaged_or_of_another_ledger_begins_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "catalogue.sqlite"
    first = CatalogueIndex(path, ledger="one")
    put(first, entry("bank/a/1"))
    first.close()
    if damage == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif damage == "empty":
        path.write_bytes(b"")
    again = CatalogueIndex(path, ledger="two" if damage == "foreign" else "one")
    assert again.known() == {}
    put(again, entry("bank/a/1"))
    again.close()
    kept = CatalogueIndex(path, ledger="two" if damage == "foreign" else "one")
    assert kept.known() == {"bank/a/1": (RECORD, True)}
    kept.close()


def test_the_index_is_its_owners_alone(tmp_path: Path) -> None:
    CatalogueIndex(tmp_path / "c.sqlite", ledger="x").close()
    assert (tmp_path / "c.sqlite").stat().st_mode & 0o077 == 0
    assert sqlite3.connect(tmp_path / "c.sqlite").execute("SELECT count(*) FROM entry").fetchone() == (0,)


def test_an_index_that_breaks_while_it_is_open_says_so_and_begins_anew(tmp_path: Path) -> None:
    made = CatalogueIndex(tmp_path / "c.sqlite", ledger="x")
    put(made, entry("bank/a/1"))
    with sqlite3.connect(tmp_path / "c.sqlite") as other:
        other.execute("DROP TABLE entry")
    with pytest.raises(StoreCorrupt):
        found(made)
    with pytest.raises(StoreCorrupt):
        put(made, entry("bank/b/1"))
    made.clear()
    put(made, entry("bank/b/1"))
    assert found(made) == ["bank/b/1"]
    made.close()
