"""Cards that are not published, each for its own reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atoll.exchange.catalogue.errors import CardRefused, CardTooLong
from atoll.exchange.catalogue.validation import verify_card
from atoll.policy.demand import Exposure
from tests.unit.policy.desk import CARD, column

KEY = column("key", normalisation="national-id/1")


def test_a_card_that_says_only_what_can_be_so_is_published() -> None:
    verify_card(CARD)
    verify_card(replace(CARD, classes=("industry:J66", "subject:personal"), keywords=("credit",)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": (KEY, column("KEY"))}, "one name"),
        ({"columns": (column("k", level=3),)}, "level of bureau/files/1"),
        ({"columns": (column("k", level=4, exposure=Exposure.PLAINTEXT),), "level": 4}, "exposure of k at G4"),
        ({"columns": (column("k", level=6, exposure=Exposure.ENCRYPTED_ONLY),), "level": 6}, "exposure of k at core"),
        (
            {"columns": (column("k", normalisation="national-id/9"),)},
            "the rule national-id/9; there are .*national-id/1",
        ),
        ({"columns": (column("k", classes=("personal",)),)}, "axis:value"),
        ({"columns": (column("k", classes=("personal:general", "industry:J")),)}, "sorted"),
        ({"columns": (column("k", distinct_at_most=1000),)}, "not rounded"),
        ({"columns": (column("k", distinct_at_most=2048),)}, "more different values than rows"),
        ({"columns": (column("k", exposure=Exposure.HIDDEN, exposure_until=9),)}, "nothing that could end"),
        ({"classes": ("subject:personal", "subject:personal")}, "each once"),
        ({"rows_at_most": 1000}, "not rounded"),
        ({"parents": (CARD.dataset,)}, "derived from itself"),
        ({"parents": ("bank/a/1", "bank/a/1")}, "twice"),
    ],
)
def test_what_cannot_be_so_is_refused_with_its_reason(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CardRefused, match=said):
        verify_card(replace(CARD, **changes))


OFFER = {
    "@id": "urn:uuid:3dd1add8-4d2d-569e-d634-8394a8836a88",
    "@type": "Offer",
    "permission": [{"action": "use", "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "research"}]}],
}


def test_an_offer_in_the_closed_profile_is_published_and_another_is_refused_by_the_name_of_what_is_unknown() -> None:
    verify_card(replace(CARD, offers=(OFFER,)))
    strange = {**OFFER, "permission": [{"action": "teleport"}]}
    with pytest.raises(CardRefused, match=r"offer 2: .*teleport"):
        verify_card(replace(CARD, offers=(OFFER, strange)))


@pytest.mark.parametrize("said", [{"target": "bank/secret/1"}, {"permission": [{"action": "use", "target": "bank/secret/1"}]}])
def test_an_offer_of_something_else_than_the_dataset_it_stands_on_is_refused_by_its_name(said: dict[str, Any]) -> None:
    with pytest.raises(CardRefused, match=f"offer 1: its target is bank/secret/1, and it stands on {CARD.dataset}"):
        verify_card(replace(CARD, offers=({**OFFER, **said},)))
    verify_card(replace(CARD, offers=({**OFFER, "target": CARD.dataset},)))


def test_a_card_that_is_too_long_says_what_to_shorten() -> None:
    wide = replace(CARD, columns=tuple(column(f"{at:03}", classes=("a:" + "x" * 100, "b:" + "x" * 118, "c:" + "y" * 118,
                                                                   "d:" + "z" * 118)) for at in range(500)))  # fmt: skip
    with pytest.raises(CardTooLong, match="its 500 columns, and in them classes"):
        verify_card(wide)
    purposes = [f"{at:03}-{'p' * 100}" for at in range(150)]
    constraint = {"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": purposes}
    long = {**OFFER, "permission": [{"action": "use", "constraint": [constraint]}]}
    with pytest.raises(CardTooLong, match="its 20 offers"):
        verify_card(replace(CARD, offers=(long,) * 20))
