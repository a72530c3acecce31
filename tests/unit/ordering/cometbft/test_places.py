"""A member's share of the mempool: taken at the door, given back by blocks, rechecks, and by what CometBFT holds no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.ledger.apply import ADMITTED
from atoll.ledger.rules.leaving import LeaveMember
from atoll.ledger.transaction import transaction_id
from atoll.ordering.cometbft import dispatch
from atoll.ordering.cometbft.asking import asked
from atoll.ordering.cometbft.home import MEMPOOL_BYTES, MEMPOOL_TRANSACTIONS
from atoll.ordering.cometbft.places import SHARE_FULL, Places, Share, share_of
from atoll.ordering.waiting import MOST_BYTES_OF_A_MEMBER, MOST_OF_A_MEMBER
from atoll.testing.abci import Socket, check
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.desk import chained, dataset, found, signed

SHARE = Share(3, 1 << 20)


@pytest.fixture
def founding() -> Founding:
    return found()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "share_of", lambda members: SHARE)


def of(founding: Founding, org: str, *numbers: int) -> list[bytes]:
    return [signed(founding, org, dataset(number, org), number) for number in numbers]


async def codes(mempool: Socket, transactions: list[bytes], *, again: bool = False) -> list[int]:
    return [one.check_tx.code for one in await mempool.pipeline([check(data, again=again) for data in transactions])]


async def test_one_member_takes_its_share_and_leaves_the_rest_to_the_others(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, _), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1, 2, 3)) == [0, 0, 0]
        answer = (await mempool.call(check(of(founding, "bank", 4)[0]))).check_tx
        assert (answer.code, answer.codespace) == (SHARE_FULL, "ordering.share_full") and "3 transactions of bank" in answer.log
        assert await codes(mempool, of(founding, "bank", 3)) == [0], "what it holds already takes no second place"
        assert await codes(mempool, of(founding, "bureau", 1, 2, 3, 4)) == [0, 0, 0, SHARE_FULL]


async def test_a_block_gives_back_the_places_of_what_it_holds(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1, 2, 3)) == [0, 0, 0]
        await chain.decide(of(founding, "bank", 1, 2))
        assert await codes(mempool, of(founding, "bank", 3), again=True) == [0]
        assert await codes(mempool, of(founding, "bank", 4, 5, 6)) == [0, 0, SHARE_FULL]


async def test_what_a_recheck_turns_away_gives_its_place_back(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1, 2, 3)) == [0, 0, 0]
        await chain.decide(of(founding, "bank", 4))  # its nonce overtakes all three
        assert await codes(mempool, of(founding, "bank", 1, 2, 3), again=True) == [4, 4, 4]
        assert await codes(mempool, of(founding, "bank", 5, 6, 7, 8)) == [0, 0, 0, SHARE_FULL]


async def test_what_cometbft_dropped_unasked_gives_its_place_back_with_the_block_after_next(
    tmp_path: Path, founding: Founding
) -> None:
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1, 2, 3)) == [0, 0, 0]
        await chain.decide(of(founding, "bureau", 1))
        assert await codes(mempool, of(founding, "bank", 3), again=True) == [0], "the other two are held no more"
        assert await codes(mempool, of(founding, "bank", 4)) == [SHARE_FULL]
        await chain.decide(of(founding, "bureau", 2))
        assert await codes(mempool, of(founding, "bank", 4, 5, 6)) == [0, 0, SHARE_FULL]


async def test_a_proposal_beyond_a_share_is_accepted_and_carried_out(tmp_path: Path, founding: Founding) -> None:
    """Else nodes whose mempools differ would vote differently."""
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1, 2, 3)) == [0, 0, 0]
        five = of(founding, "bank", 1, 2, 3, 4, 5)
        assert await running.application.accepts(five, ())
        assert [one.code for one in (await chain.decide(five)).tx_results] == [0] * 5


def test_cometbft_begins_with_an_empty_mempool(founding: Founding) -> None:
    places, (one, two) = Places(lambda: Share(1, 1 << 20)), of(founding, "bank", 1, 2)
    assert places.checked(asked(one, again=False), ADMITTED).ok
    assert not places.checked(asked(two, again=False), ADMITTED).ok
    places.clear()
    assert places.checked(asked(one, again=False), ADMITTED).ok
    assert not places.checked(asked(two, again=False), ADMITTED).ok, "the first takes its place anew"
    places.clear()
    assert places.checked(asked(two, again=False), ADMITTED).ok


def test_what_cometbft_holds_is_not_turned_away_by_a_share_that_has_shrunk(founding: Founding) -> None:
    places, (one, two, three) = Places(lambda: Share(1, 1 << 20)), of(founding, "bank", 1, 2, 3)
    assert [places.checked(asked(data, again=True), ADMITTED).number for data in (one, two)] == [0, 0]
    assert places.checked(asked(three, again=False), ADMITTED).number == SHARE_FULL


def test_a_share_is_bytes_too_and_a_single_transaction_is_never_beyond_it(founding: Founding) -> None:
    one, two, three = of(founding, "bank", 1, 2, 3)
    places = Places(lambda: Share(100, len(one) + len(two)))
    assert [places.checked(asked(data, again=False), ADMITTED).number for data in (one, two, three)] == [0, 0, SHARE_FULL]
    places.committed([transaction_id(one)])
    assert places.checked(asked(two, again=True), ADMITTED).ok and places.checked(asked(three, again=False), ADMITTED).ok
    small = Places(lambda: Share(100, 1))
    assert [small.checked(asked(data, again=False), ADMITTED).number for data in (one, two)] == [0, SHARE_FULL]


@pytest.mark.parametrize("members", [1, 3, 4, 5, 20, 100, 10_000])
def test_the_shares_of_all_members_leave_room(members: int) -> None:
    share = share_of(members)
    assert 0 < share.count <= MOST_OF_A_MEMBER and 0 < share.size <= MOST_BYTES_OF_A_MEMBER
    assert (members + 1) * share.count <= MEMPOOL_TRANSACTIONS or share.count == 1
    assert (members + 1) * share.size <= MEMPOOL_BYTES


async def test_a_share_is_that_of_the_members_who_are_active_now(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def noted(members: int) -> Share:
        asked.append(members)
        return SHARE

    monkeypatch.setattr(dispatch, "share_of", noted)
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert await codes(mempool, of(founding, "bank", 1)) == [0]
        await chain.decide([signed(founding, "telecom", LeaveMember(validating_only=False), 1)])
        assert await codes(mempool, of(founding, "bureau", 1)) == [0]
    assert asked == [4, 3]
