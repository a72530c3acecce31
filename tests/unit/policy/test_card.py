"""The dataset card: what fits into it, and what it says of a column at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atoll.policy.card import MAX_CARD_BYTES, DatasetCard
from atoll.policy.demand import Exposure
from atoll.wire.cbor import encode
from atoll.wire.errors import CborError, MessageError
from atoll.wire.message import encode_message, parse_message
from tests.unit.policy.desk import CARD, column

TALKATIVE = column(
    "c" * 60,
    semantics="national-id",
    classes=("personal:sensitive", "subject:personal"),
    normalisation="national-id/1",
    nulls_percent_at_most=3,
    distinct_at_most=1 << 20,
    exposure_until=1 << 31,
)


def test_five_hundred_columns_with_all_that_can_be_said_of_them_fit_and_come_back_the_same() -> None:
    card = replace(CARD, columns=tuple(replace(TALKATIVE, name=f"{at:03}{'c' * 57}") for at in range(500)))
    assert parse_message(encode_message(card), DatasetCard) == card


def test_a_card_beyond_its_bound_is_neither_written_nor_read() -> None:
    bare = len(encode_message(replace(CARD, offers=({"text": "o" * 70_000},)))) - 70_000
    fits = replace(CARD, offers=({"text": "o" * (MAX_CARD_BYTES - bare)},))
    longer = replace(CARD, offers=({"text": "o" * (MAX_CARD_BYTES - bare + 1)},))
    assert parse_message(encode_message(fits), DatasetCard) == fits
    with pytest.raises(MessageError, match=f"at most {MAX_CARD_BYTES}"):
        encode_message(longer)
    with pytest.raises(CborError, match="too many bytes"):
        parse_message(encode([longer.TAG, longer.to_map()], max_bytes=MAX_CARD_BYTES + 1), DatasetCard)


@pytest.mark.parametrize(
    ("until", "time", "shown"),
    [
        (0, 1 << 40, Exposure.AFTER_JOIN),
        (1000, 999, Exposure.AFTER_JOIN),
        (1000, 1000, Exposure.AFTER_JOIN),
        (1000, 1001, Exposure.HIDDEN),
    ],
)
def test_an_exposure_ends_after_its_last_second(until: int, time: int, shown: Exposure) -> None:
    assert column("key", exposure_until=until).exposure_at(time) is shown
