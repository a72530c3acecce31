"""What registration finds out, and what follows from it: who was first, whom a block binds, what a flood meets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.ledger.records import Dataset, DatasetState, Finding, JobState, OprfRequest, Standing, Tag
from atoll.ledger.rules.dataset import DAY_SECONDS, MOST_A_DAY, WithdrawDataset
from atoll.ledger.rules.errors import BadParents, DatasetBlocked, OprfLimitReached, TagsRefused, TooManyRegistrations
from atoll.ledger.rules.oprf import REQUESTS_A_DAY
from tests.unit.rules.lagoon import CUSTOMERS, FILES, GRANT, JOB, Lagoon, evaluation, permission, receipt, registration

NEXT = "bank/customers/2"


def keyed() -> Lagoon:
    return Lagoon().with_oprf_key()


def finding(lagoon: Lagoon, dataset: str) -> tuple[Finding, str, DatasetState]:
    found = lagoon.dataset(dataset)
    return found.finding, found.first, found.state


def test_without_tags_nothing_is_found() -> None:
    assert finding(Lagoon().with_datasets(), CUSTOMERS) == (Finding.UNCHECKED, "", DatasetState.ACTIVE)


def test_a_content_that_nobody_registered_is_new() -> None:
    assert finding(keyed().register(CUSTOMERS, "a"), CUSTOMERS) == (Finding.NEW, "", DatasetState.ACTIVE)


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (("b", "r", "n"), Finding.EXACT),
        (("other", "r", "n"), Finding.SAME_CONTENT),
    ],
)
def test_another_members_copy_is_blocked_whatever_was_changed(contents: tuple[str, ...], expected: Finding) -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register(FILES, *contents)
    assert finding(lagoon, FILES) == (expected, CUSTOMERS, DatasetState.BLOCKED)
    assert lagoon.dataset(CUSTOMERS).state is DatasetState.ACTIVE


def test_a_table_that_is_alike_without_names_alone_stands_under_review() -> None:
    """Payer and payee exchanged are other tables with one bag of cells a row."""
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register(FILES, "other", "other", "n")
    assert finding(lagoon, FILES) == (Finding.SAME_CONTENT, CUSTOMERS, DatasetState.REVIEW)
    assert lagoon.dataset(FILES).is_usable_by("bank")


def test_an_owner_gets_no_second_lineage_by_renaming_columns() -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register("bank/again/1", "other", "other", "n")
    assert finding(lagoon, "bank/again/1")[2] is DatasetState.BLOCKED


def test_a_hit_that_blocks_outweighs_one_in_doubt() -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register("telecom/lines/1", "b2", "r2", "n2")
    lagoon.do("telecom", WithdrawDataset(dataset="telecom/lines/1"))
    lagoon.register(FILES, "b2", "r", "n")
    assert finding(lagoon, FILES) == (Finding.SAME_CONTENT, CUSTOMERS, DatasetState.BLOCKED)


def test_what_its_first_registrant_gave_up_puts_another_member_under_review_and_no_more() -> None:
    lagoon = keyed().register(CUSTOMERS, "a").do("bank", WithdrawDataset(dataset=CUSTOMERS)).register(FILES, "a")
    assert finding(lagoon, FILES) == (Finding.EXACT, CUSTOMERS, DatasetState.REVIEW)
    lagoon.register("bank/again/1", "a")
    assert finding(lagoon, "bank/again/1")[2] is DatasetState.BLOCKED


def test_what_was_blocked_when_it_was_withdrawn_still_blocks() -> None:
    lagoon = keyed().register(CUSTOMERS, "a")
    lagoon.put(replace(lagoon.dataset(CUSTOMERS), state=DatasetState.BLOCKED))  # as by a near check, after it took its tags
    stood = lagoon.dataset(CUSTOMERS).standings
    blocked = Standing(height=stood[-1].height, state=DatasetState.BLOCKED, finding=Finding.NEAR)
    lagoon.put(replace(lagoon.dataset(CUSTOMERS), standings=(*stood, blocked)))
    lagoon.do("bank", WithdrawDataset(dataset=CUSTOMERS)).register(FILES, "a")
    assert finding(lagoon, FILES)[2] is DatasetState.BLOCKED


def test_a_next_version_of_a_blocked_one_stays_blocked_by_the_same_though_its_own_hit_is_in_doubt() -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register("telecom/lines/1", "b2", "r2", "n2")
    lagoon.register(FILES, "b", "r", "n").register("bureau/files/2", "new", "new", "n2")
    assert finding(lagoon, "bureau/files/2") == (Finding.EXACT, CUSTOMERS, DatasetState.BLOCKED)


def test_a_tag_of_one_layer_is_not_found_under_another() -> None:
    lagoon = keyed().register(CUSTOMERS, "x", "y", "z").register(FILES, "y", "z", "x")
    assert finding(lagoon, FILES) == (Finding.NEW, "", DatasetState.ACTIVE)


def test_a_next_version_with_the_same_content_is_noted_and_usable() -> None:
    lagoon = keyed().register(CUSTOMERS, "a").register(NEXT, "a")
    assert finding(lagoon, NEXT) == (Finding.EXACT, CUSTOMERS, DatasetState.ACTIVE)


def test_another_lineage_of_the_same_owner_is_blocked_too() -> None:
    """Budgets are kept for a lineage; a second name would double them."""
    assert finding(keyed().register(CUSTOMERS, "a").register("bank/again/1", "a"), "bank/again/1")[2] is DatasetState.BLOCKED


def test_a_hit_on_another_lineage_outweighs_one_on_the_own() -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register(FILES, "own", "mine", "mine too")
    lagoon.register("bureau/files/2", "own", "r", "n")
    assert finding(lagoon, "bureau/files/2") == (Finding.SAME_CONTENT, CUSTOMERS, DatasetState.BLOCKED)


def test_the_first_holder_of_a_tag_stays_the_first() -> None:
    lagoon = keyed().register(CUSTOMERS, "a").register(FILES, "a").register(NEXT, "a")
    tags = lagoon.dataset(CUSTOMERS).tags
    assert {lagoon.get(Tag, one.hex()).dataset for one in tags} == {CUSTOMERS}


def test_a_blocked_version_takes_no_tags_of_its_own() -> None:
    lagoon = keyed().register(CUSTOMERS, "b", "r", "n").register(FILES, "new bytes", "r", "n")
    assert lagoon.state.get(Tag, lagoon.dataset(FILES).tags[0].hex()) is None


def test_nobody_but_its_owner_can_use_a_blocked_version() -> None:
    lagoon = keyed().register(CUSTOMERS, "a").register(FILES, "a")
    sentence = lagoon.refused(DatasetBlocked, "bureau", permission())
    assert "registered first" in sentence
    assert "own" not in sentence
    blocked = lagoon.dataset(FILES)
    assert blocked.is_usable_by("bureau")
    assert not blocked.is_usable_by("bank")


def test_tags_are_from_an_evaluation_that_the_sender_asked_for() -> None:
    lagoon = keyed().do("telecom", evaluation(1))
    tags = tuple(bytes([layer]) * 32 for layer in range(3))
    asked = (1).to_bytes(16, "big")
    lagoon.refused(TagsRefused, "bank", registration(CUSTOMERS, evaluation=asked, tags=tags))
    lagoon.do("bank", evaluation(2, elements=1))
    lagoon.refused(TagsRefused, "bank", registration(CUSTOMERS, evaluation=(2).to_bytes(16, "big"), tags=tags))


def test_an_evaluation_serves_one_registration() -> None:
    """Else one logged request would try as many guesses as there are versions."""
    lagoon = keyed().register(CUSTOMERS, "a")
    used = lagoon.dataset(CUSTOMERS).evaluation
    tags = tuple(bytes([layer]) * 32 for layer in range(3))
    lagoon.refused(TagsRefused, "bank", registration(NEXT, evaluation=used, tags=tags))


def test_once_a_key_stands_nobody_registers_without_tags() -> None:
    keyed().refused(TagsRefused, "bank", registration(CUSTOMERS))


@pytest.mark.parametrize("tags", [(b"1" * 32,), (b"1" * 32, b"1" * 32, b"2" * 32)])
def test_all_layers_have_a_tag_each(tags: tuple[bytes, ...]) -> None:
    lagoon = keyed().do("bank", evaluation(1))
    lagoon.refused(TagsRefused, "bank", registration(CUSTOMERS, evaluation=(1).to_bytes(16, "big"), tags=tags))


def test_a_flood_ends_for_the_day_and_for_its_member_only() -> None:
    lagoon = Lagoon()
    for number in range(1, MOST_A_DAY + 1):
        lagoon.do("bank", registration(f"bank/customers/{number}"))
    lagoon.refused(TooManyRegistrations, "bank", registration("bank/others/1"))
    lagoon.do("bureau", registration(FILES))
    lagoon.later(seconds=DAY_SECONDS).do("bank", registration("bank/others/1"))


def test_guessing_contents_is_bounded_a_day_and_every_guess_stands_in_the_log() -> None:
    """A member that wants to know whether some table is registered has to ask; it is heard, and soon not any more."""
    lagoon = keyed().register(CUSTOMERS, "the true one")
    lagoon.later(seconds=DAY_SECONDS)
    for guess in range(REQUESTS_A_DAY):
        lagoon.do("bureau", evaluation(guess, digest=guess.to_bytes(32, "big")))
    lagoon.refused(OprfLimitReached, "bureau", evaluation(REQUESTS_A_DAY))
    logged = [lagoon.get(OprfRequest, evaluation(guess).id.hex()) for guess in range(REQUESTS_A_DAY)]
    assert {one.org for one in logged} == {"bureau"}
    assert len({one.digest for one in logged}) == REQUESTS_A_DAY
    tags = tuple(bytes([place]) * 32 for place in range(3))
    bare = registration(FILES, tags=tags)  # tags without an evaluation, or with one that was never logged
    lagoon.refused(TagsRefused, "bureau", bare)
    lagoon.refused(TagsRefused, "bureau", replace(bare, evaluation=evaluation(REQUESTS_A_DAY).id))
    for guess in range(REQUESTS_A_DAY):  # each logged guess serves one registration, and then no other
        used = evaluation(guess).id
        mine = tuple(bytes([guess + 1, place]) * 16 for place in range(3))
        lagoon.do("bureau", registration(f"bureau/g{guess}/1", evaluation=used, tags=mine))
        lagoon.refused(TagsRefused, "bureau", registration(f"bureau/h{guess}/1", evaluation=used, tags=mine))


def test_parents_stand_on_the_ledger_sorted_and_once() -> None:
    lagoon = Lagoon().with_datasets()
    lagoon.refused(BadParents, "bank", registration("bank/sums/1", parents=("bank/nothing/1",)))
    lagoon.refused(BadParents, "bank", registration("bank/sums/1", parents=(FILES, CUSTOMERS)))
    lagoon.refused(BadParents, "bank", registration("bank/sums/1", parents=(FILES, FILES)))
    lagoon.do("bureau", permission())
    lagoon.do("bank", registration("bank/sums/1", parents=(CUSTOMERS, FILES), bases=(GRANT,)))
    assert lagoon.dataset("bank/sums/1").parents == (CUSTOMERS, FILES)


def test_a_jobs_result_names_all_that_went_in_and_is_its_receivers() -> None:
    lagoon = Lagoon().with_grant().started()
    named: dict[str, Any] = {"parents": (CUSTOMERS, FILES), "source_job": JOB}
    lagoon.refused(BadParents, "bank", registration("bank/both/1", **named))
    lagoon.do("bank", receipt()).do("bureau", receipt())
    assert lagoon.job().state is JobState.COMPLETED
    lagoon.refused(BadParents, "bank", registration("bank/both/1", parents=(CUSTOMERS,), source_job=JOB))
    lagoon.refused(BadParents, "bureau", registration("bureau/both/1", **named))
    lagoon.do("bank", registration("bank/both/1", **named))
    assert lagoon.get(Dataset, "bank/both/1").source_job == JOB
