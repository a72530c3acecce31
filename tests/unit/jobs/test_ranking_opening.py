"""Which bids of a ranking count: whatever bidders show to whom, and whatever one compute node says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from typing import TypeAlias

import pytest

from atoll.jobs.bids import SHARES, Bid, Share, commit_shares, split_value
from atoll.jobs.errors import OpenedDiffers
from atoll.jobs.ranking import program
from atoll.jobs.ranking.opening import Holder, Pair, agree, counted_words
from atoll.jobs.ranking.spec import MAX_BIDDERS
from atoll.jobs.security import Security
from atoll.primitives.drbg import SeededEntropy
from atoll.programs.library.ranking import Rule
from atoll.protocols.mpc import Steps, run_together
from atoll.protocols.mpc.shares import Words64
from atoll.protocols.role import Party
from tests.unit.jobs.test_ranking import Bidding, plan_of

PLAN = bytes(32)
WIDTH = 10
SLOTS = SHARES * 2
"""A bidder shows each share to two nodes, or not."""
SHOWN = list(product((False, True), repeat=SLOTS))
"""Whether node i is shown its share i, and its share i + 1: at 2i and 2i + 1."""
ALL = SHOWN[-1]
NAMES = [f"org{row:02}" for row in range(len(SHOWN))]

Lie: TypeAlias = Callable[[list[Pair]], list[Pair]]
Ended: TypeAlias = tuple[list[bool], Words64] | str


def bids_of(count: int) -> tuple[list[tuple[Share, ...]], list[Bid]]:
    shares = [split_value(row + 1, SeededEntropy(bytes([row + 1]) * 32), width=WIDTH) for row in range(count)]
    bids = [Bid(place=row, commitments=commit_shares(one, plan=PLAN, place=row)) for row, one in enumerate(shares)]
    return shares, bids


def pairs_of(at: int, shown: Sequence[Sequence[bool]]) -> tuple[Holder, list[Bid], list[Pair]]:
    """What node `at` is shown."""
    shares, bids = bids_of(len(shown))
    holder = Holder(at, PLAN, WIDTH)
    pairs = []
    for bid, mine, (own, other) in zip(bids, shares, (one[2 * at : 2 * at + 2] for one in shown), strict=True):
        pairs.append(holder.kept(bid, (mine[at] if own else None, mine[(at + 1) % SHARES] if other else None)))
    return holder, bids, pairs


def node(at: int, shown: Sequence[Sequence[bool]]) -> Steps[Ended]:
    """Which bids count and this node's parts of them, or why it ended."""
    holder, bids, pairs = pairs_of(at, shown)
    held = yield from holder.exchange(bids, pairs)
    try:
        counted = yield from agree(at, held, NAMES[: len(bids)])
    except OpenedDiffers as err:
        return str(err)
    return counted, counted_words(held, counted)


def liar_at(at: int, shown: Sequence[Sequence[bool]], *, hands: Lie, tells: Lie) -> Steps[Ended]:
    """A node that hands on, and then says that it holds, what `hands` and `tells` make of it."""
    holder, bids, pairs = pairs_of(at, shown)
    yield from holder.exchange(bids, hands(pairs))
    with suppress(OpenedDiffers):
        yield from agree(at, tells(pairs), NAMES[: len(bids)])
    return ""


def honest_beside(liar: int, shown: Sequence[Sequence[bool]], *, hands: Lie = list, tells: Lie = list) -> dict[int, Ended]:
    """How the two honest nodes end, by index."""
    steps = [liar_at(at, shown, hands=hands, tells=tells) if at == liar else node(at, shown) for at in range(SHARES)]
    return {at: one for at, one in enumerate(run_together(steps).outputs) if at != liar}


def nothing(pairs: list[Pair]) -> list[Pair]:
    return [(None, None)] * len(pairs)


def everything(pairs: list[Pair]) -> list[Pair]:
    some = Share(word=bytes(8), opening=bytes(32))
    return [(some, some)] * len(pairs)


def is_opened(shown: Sequence[bool]) -> bool:
    """Whether each share was shown to one of its holders: share n to node n as its own, or to node n - 1 as the other."""
    return all(shown[2 * number] or shown[2 * ((number - 1) % SHARES) + 1] for number in range(SHARES))


def is_held_without(liar: int, shown: Sequence[bool]) -> bool:
    """Whether the two others were shown what they hold, by its bidder or by each other."""
    first, second = (liar + 1) % SHARES, (liar + 2) % SHARES
    return shown[2 * first] and (shown[2 * first + 1] or shown[2 * second]) and shown[2 * second + 1]


def test_a_bid_counts_iff_each_share_was_shown_to_one_of_its_holders() -> None:
    """All 64 ways to show three shares to two holders each, at once; the parts of those that count fit together."""
    ran = run_together([node(at, SHOWN) for at in range(SHARES)])
    expected = [is_opened(one) for one in SHOWN]
    assert sum(expected) == 27
    parts = []
    for one in ran.outputs:
        assert not isinstance(one, str)
        assert one[0] == expected
        parts.append(one[1])
    assert (parts[0][0] ^ parts[1][0] ^ parts[2][0]).tolist() == [row + 1 if one else 0 for row, one in enumerate(expected)]
    assert all((parts[at][1] == parts[(at + 1) % SHARES][0]).all() for at in range(SHARES))
    assert (ran.rounds, ran.bytes_by_node) == (3, (80 * len(SHOWN) + 32,) * SHARES)


@pytest.mark.parametrize("liar", range(SHARES))
@pytest.mark.parametrize("hands", [list, nothing, everything])
@pytest.mark.parametrize("tells", [list, nothing, everything])
def test_whatever_one_node_says_bids_count_as_they_were_shown_or_the_run_ends(liar: int, hands: Lie, tells: Lie) -> None:
    for shown in SHOWN:
        first, second = honest_beside(liar, [shown], hands=hands, tells=tells).values()
        if isinstance(first, str) or isinstance(second, str):
            continue
        assert first[0] == second[0]
        assert first[0] == [is_opened(shown)] or not is_held_without(liar, shown)
        assert is_opened(shown) or not first[0][0]
        for at, (counted, words) in zip(sorted({0, 1, 2} - {liar}), (first, second), strict=True):
            mine = bids_of(1)[0][0][at], bids_of(1)[0][0][(at + 1) % SHARES]
            assert words[:, 0].tolist() == [int.from_bytes(one.word, "little") if counted[0] else 0 for one in mine]


@pytest.mark.parametrize("liar", range(SHARES))
@pytest.mark.parametrize("hands", [list, nothing])
def test_a_node_that_denies_an_honest_bid_ends_the_run_and_is_named_with_it(liar: int, hands: Lie) -> None:
    """It says that it holds nothing of the second one; the two others count it all the same, and then it differs."""

    def denies(pairs: list[Pair]) -> list[Pair]:
        return [pairs[0], (None, None)]

    for said in honest_beside(liar, [ALL, ALL], hands=hands, tells=denies).values():
        assert f"by compute/{liar} than" in str(said)
        assert "differ over org01." in str(said)


@pytest.mark.parametrize("liar", range(SHARES))
def test_a_bidder_in_league_with_a_node_ends_the_run_at_most(liar: int) -> None:
    """One share is shown to the node alone, which says that it has it and hands it to nobody."""
    shown = [*ALL]
    shown[2 * ((liar + 1) % SHARES)] = False
    lacking, other = (f"compute/{(liar + more) % SHARES}" for more in (1, 2))
    ended = honest_beside(liar, [ALL, shown], hands=nothing)
    assert f"compute/{liar}" in str(ended[(liar + 1) % SHARES])
    assert other in str(ended[(liar + 1) % SHARES])
    assert f"by {lacking} than" in str(ended[(liar + 2) % SHARES])
    assert all("differ over org01." in str(said) for said in ended.values())


def test_a_node_that_says_another_thing_to_each_ends_the_run_at_both() -> None:
    """Node 2 alone is shown share 2 and hands it to nobody; that it holds the bid, it says to node 0 and not to node 1."""

    def tap(sender: int, recipient: int, said: bytes) -> bytes:
        return bytes(len(said)) if (sender, recipient) == (2, 1) else said

    shown = [*ALL]
    shown[3] = False
    said = run_together([node(at, [shown]) for at in range(SHARES)], tap=tap).outputs
    assert "by compute/1 than" in str(said[0])
    assert "compute/0" in str(said[1])


def test_the_tells_hold_the_bits_of_all_bids_that_a_ranking_can_have() -> None:
    assert MAX_BIDDERS <= 64


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("liar", range(SHARES))
def test_a_node_that_would_void_the_best_bid_does_not_change_who_wins(
    liar: int, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands on nothing of any bid but the first, and says that it holds none of them."""

    class Voiding(Holder):
        __slots__ = ()

        def exchange(self, bids: Sequence[Bid], shown: Sequence[Pair]) -> Steps[list[Pair]]:
            voided = [pair if bid.place == 0 else (None, None) for bid, pair in zip(bids, shown, strict=True)]
            held = yield from super().exchange(bids, voided if self.index == liar else shown)
            return held

    monkeypatch.setattr(program, "Holder", Voiding)
    bidding = Bidding(plan_of(Rule.SECOND_PRICE, security=security), [15, 900, 800])
    ended = bidding.run()
    assert ended[Party("receiver", 0)].result.table.to_pylist() == [{"bidder": "bureau", "price": 800}]  # type: ignore[union-attr]
    assert [ended[Party("compute", at)].unopened for at in range(SHARES)] == [()] * SHARES


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("liar", range(SHARES))
def test_a_node_that_denies_all_other_bids_to_the_end_ends_the_ranking(
    liar: int, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denying(index: int, held: Sequence[Pair], bidders: Sequence[str]) -> Steps[list[bool]]:
        own = [pair if name == "bank" or index != liar else (None, None) for name, pair in zip(bidders, held, strict=True)]
        return (yield from agree(index, own, bidders))

    monkeypatch.setattr(program, "agree", denying)
    with pytest.raises(OpenedDiffers, match="differ over bureau, telecom"):
        Bidding(plan_of(Rule.SECOND_PRICE, security=security), [15, 900, 800]).run()
