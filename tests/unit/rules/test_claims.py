"""Claims: tags that somebody copied from a registration go to who claimed them before it was seen."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from atoll.ledger.records import Dataset, DatasetState, Finding, Rivals, Tag
from atoll.ledger.rules.claim import CLAIM_SECONDS, ClaimTags, commit_tags
from atoll.ledger.rules.dataset import RegisterDataset, WithdrawDataset
from atoll.ledger.rules.errors import AlreadyExists, BadParents, TagsRefused
from tests.unit.rules.lagoon import CUSTOMERS, FILES, Lagoon, evaluation, registration

SALT = b"\x05" * 32
HERS, HIS = (7).to_bytes(16, "big"), (8).to_bytes(16, "big")
"""The evaluation of the bureau, whose content it is, and that of the bank, which copies."""
TAGS = tuple(sha256(f"tag {layer}".encode()).digest() for layer in range(3))


def claim(org: str, number: bytes, *, tags: tuple[bytes, ...] = TAGS) -> ClaimTags:
    return ClaimTags(evaluation=number, commitment=commit_tags(org, number, tags, SALT))


def hers(**changes: Any) -> RegisterDataset:
    return registration(FILES, **{"evaluation": HERS, "tags": TAGS, "claim_salt": SALT, **changes})


def his(**changes: Any) -> RegisterDataset:
    return registration(CUSTOMERS, **{"evaluation": HIS, "tags": TAGS, **changes})


def asked() -> Lagoon:
    """Both have had three inputs evaluated."""
    return Lagoon().with_oprf_key().do("bureau", evaluation(7)).do("bank", evaluation(8))


def claimed() -> Lagoon:
    """And the bureau has claimed what came of hers, a block ago."""
    return asked().do("bureau", claim("bureau", HERS)).later()


def stands(lagoon: Lagoon, dataset: str) -> tuple[Finding, str, DatasetState]:
    found = lagoon.dataset(dataset)
    return found.finding, found.first, found.state


def holders(lagoon: Lagoon) -> set[str]:
    return {lagoon.get(Tag, one.hex()).dataset for one in TAGS}


def test_who_copies_the_tags_of_a_pending_registration_is_blocked_by_who_claimed_them() -> None:
    lagoon = claimed().do("bank", his())
    assert stands(lagoon, CUSTOMERS)[2] is DatasetState.ACTIVE
    lagoon.later().do("bureau", hers())
    assert stands(lagoon, FILES) == (Finding.NEW, "", DatasetState.ACTIVE)
    assert stands(lagoon, CUSTOMERS) == (Finding.EXACT, FILES, DatasetState.BLOCKED)
    assert holders(lagoon) == {FILES}


def test_who_copies_the_tags_of_a_refused_registration_is_blocked_though_it_claims_them() -> None:
    lagoon = claimed()
    lagoon.refused(BadParents, "bureau", hers(parents=(FILES,)))
    lagoon.later().do("bank", claim("bank", HIS)).later().do("bank", his(claim_salt=SALT)).later().do("bureau", hers())
    assert stands(lagoon, CUSTOMERS) == (Finding.EXACT, FILES, DatasetState.BLOCKED)
    assert holders(lagoon) == {FILES}


def test_a_copy_after_the_registration_is_blocked_as_ever() -> None:
    lagoon = claimed().do("bureau", hers()).later().do("bank", his())
    assert stands(lagoon, CUSTOMERS) == (Finding.EXACT, FILES, DatasetState.BLOCKED)
    assert stands(lagoon, FILES)[2] is DatasetState.ACTIVE


def test_of_two_who_have_not_claimed_the_first_to_register_holds_the_tags() -> None:
    lagoon = asked().do("bank", his()).later().do("bureau", hers(claim_salt=b""))
    assert stands(lagoon, FILES) == (Finding.EXACT, CUSTOMERS, DatasetState.BLOCKED)


def test_a_claim_of_the_same_block_is_not_earlier() -> None:
    lagoon = asked().do("bureau", claim("bureau", HERS)).do("bank", claim("bank", HIS)).later()
    lagoon.do("bank", his(claim_salt=SALT)).later().do("bureau", hers())
    assert stands(lagoon, FILES) == (Finding.EXACT, CUSTOMERS, DatasetState.BLOCKED)


def test_a_claim_and_what_it_claims_are_not_in_one_block() -> None:
    lagoon = asked().do("bureau", claim("bureau", HERS))
    assert "in the block that shows them" in lagoon.refused(TagsRefused, "bureau", hers())


def test_the_claim_of_another_serves_nobody() -> None:
    lagoon = claimed()
    lagoon.refused(TagsRefused, "bank", ClaimTags(evaluation=HERS, commitment=bytes(32)))
    lagoon.refused(TagsRefused, "bank", his(evaluation=HERS, claim_salt=SALT))
    lagoon.refused(TagsRefused, "bank", his(claim_salt=SALT))
    copied = ClaimTags(evaluation=HIS, commitment=commit_tags("bureau", HERS, TAGS, SALT))
    lagoon.do("bank", copied).later().refused(TagsRefused, "bank", his(claim_salt=SALT))


@pytest.mark.parametrize(
    "changes", [{"claim_salt": b"\x06" * 32}, {"claim_salt": b"\x05" * 31}, {"tags": (TAGS[1], TAGS[0], TAGS[2])}]
)
def test_a_claim_is_opened_by_its_salt_and_to_its_tags_alone(changes: dict[str, Any]) -> None:
    claimed().refused(TagsRefused, "bureau", hers(**changes))


@pytest.mark.parametrize(("age", "state"), [(0, DatasetState.ACTIVE), (1, DatasetState.BLOCKED)])
def test_a_claim_counts_for_seven_days(age: int, state: DatasetState) -> None:
    lagoon = (
        asked().do("bureau", claim("bureau", HERS)).later(seconds=CLAIM_SECONDS + age).do("bank", his()).do("bureau", hers())
    )
    assert lagoon.dataset(FILES).state is state


def test_there_is_one_claim_on_an_evaluation_and_none_on_a_used_one() -> None:
    lagoon = claimed()
    lagoon.refused(AlreadyExists, "bureau", claim("bureau", HERS))
    lagoon.do("bank", his()).refused(TagsRefused, "bank", claim("bank", HIS))


def test_a_salt_without_tags_is_refused() -> None:
    Lagoon().refused(TagsRefused, "bank", registration(CUSTOMERS, claim_salt=SALT))


def test_an_owner_takes_nothing_from_its_own_other_lineage() -> None:
    """Else it would claim, register and sell under one name, then open the claim under another and block the buyer."""
    lagoon = claimed().do("bureau", evaluation(9))
    lagoon.do("bureau", registration("bureau/sold/1", evaluation=(9).to_bytes(16, "big"), tags=TAGS)).later().do(
        "bureau", hers()
    )
    assert stands(lagoon, FILES) == (Finding.EXACT, "bureau/sold/1", DatasetState.BLOCKED)
    assert holders(lagoon) == {"bureau/sold/1"}


def test_a_copiers_next_versions_are_blocked_with_it() -> None:
    lagoon = claimed().do("bank", his()).register("bank/customers/2", "else")
    lagoon.later().do("bureau", hers())
    assert stands(lagoon, "bank/customers/2") == (Finding.EXACT, FILES, DatasetState.BLOCKED)
    lagoon.register("bank/customers/3", "quite else")
    assert stands(lagoon, "bank/customers/3")[2] is DatasetState.BLOCKED


def test_withdrawing_the_copy_clears_nobody() -> None:
    lagoon = claimed().do("bank", his()).do("bank", WithdrawDataset(dataset=CUSTOMERS)).later().do("bureau", hers())
    assert lagoon.dataset(CUSTOMERS).state is DatasetState.WITHDRAWN
    assert stands(lagoon.register("bank/customers/2", "else"), "bank/customers/2")[2] is DatasetState.BLOCKED


def test_a_next_version_that_is_blocked_already_must_be_released_against_both() -> None:
    lagoon = claimed().register("bureau/other/1", "other").do("bank", his()).register("bank/customers/2", "other")
    lagoon.later().do("bureau", hers())
    assert stands(lagoon, "bank/customers/2") == (Finding.EXACT, "bureau/other/1", DatasetState.BLOCKED)
    assert lagoon.get(Rivals, "bank/customers/2").versions == (FILES,)


def test_who_copied_equal_content_only_is_blocked_for_that() -> None:
    mixed = (sha256(b"own bytes").digest(), *TAGS[1:])
    lagoon = claimed().do("bank", his(tags=mixed)).later().do("bureau", hers())
    assert stands(lagoon, CUSTOMERS) == (Finding.SAME_CONTENT, FILES, DatasetState.BLOCKED)
    assert lagoon.get(Dataset, FILES).state is DatasetState.ACTIVE


def test_who_holds_the_nameless_tag_alone_by_a_later_claim_stands_in_doubt() -> None:
    mixed = (sha256(b"own bytes").digest(), sha256(b"own names").digest(), TAGS[2])
    lagoon = claimed().do("bank", his(tags=mixed)).register("bank/customers/2", "else").later().do("bureau", hers())
    assert stands(lagoon, CUSTOMERS) == (Finding.SAME_CONTENT, FILES, DatasetState.REVIEW)
    assert stands(lagoon, "bank/customers/2")[2] is DatasetState.ACTIVE
    assert stands(lagoon, FILES) == (Finding.NEW, "", DatasetState.ACTIVE)
