"""A sort takes what its shuffle settles: what is asked for is enough for other draws than the one that is counted."""

from __future__ import annotations

import pytest

from atoll.protocols.mpc import table_traffic
from atoll.protocols.mpc.table_traffic import enough_levels, key_width, largest_level, levels, order, order_after
from atoll.protocols.mpc.traffic import Traffic
from atoll.protocols.mpc.witness import signed_bytes

CASES = [
    (1500, 40, None, False),
    (5000, 40, None, True),
    (4000, 20, (0,), False),
    (4000, 20, (2000,), True),
    (4000, 20, tuple(range(10)), True),
]
DRAWS = range(1, 31)


def most_sent(said: Traffic, malicious: bool) -> int:
    whole = said + said.proofs()
    return max(signed_bytes(whole.sent, whole.claims)) if malicious else max(said.sent)


@pytest.mark.parametrize(("count", "width", "wanted", "malicious"), CASES)
def test_what_is_asked_for_is_enough_for_every_draw(
    count: int, width: int, wanted: tuple[int, ...] | None, malicious: bool
) -> None:
    told, full = order(count, width, 1, wanted=wanted, malicious=malicious), key_width(count, width)
    asked, largest = most_sent(told, malicious), largest_level(count, full, wanted, malicious=malicious)
    sent = []
    for draw in DRAWS:
        took = levels(count, full, wanted, malicious=malicious, draw=draw)
        assert max(took) <= largest
        sent.append(most_sent(order_after(count, width, 1, levels=took, malicious=malicious), malicious))
    assert max(sent) > asked, "the draw that is counted is not the most there is"
    assert max(sent) <= asked + told.more


def test_what_is_compared_at_once_is_known_exactly() -> None:
    assert order(40, 20, 1).more == 0
    assert enough_levels(40, key_width(40, 20), None) == levels(40, key_width(40, 20), None)


def test_several_sorts_ask_for_all_that_each_may_take() -> None:
    one = order(1500, 40, 1)
    assert one.more > 0
    assert (one + one).more == (one | one).more == 2 * one.more
    assert table_traffic.by_key(1500, 40, 0, 1, 1, 0).more >= one.more
