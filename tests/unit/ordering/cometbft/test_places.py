"""A member's share of the mempool: taken at the door, given back by blocks, rechecks, and by what CometBFT holds no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.ledger.apply import ADMITTED
from atoll.ordering.cometbft import dispatch
from atoll.ordering.cometbft.places import SHARE_FULL, Places
from atoll.testing.abci import Socket, check
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.desk import chained, dataset, found, signed

LIMIT = 3


@pytest.fixture
def founding() -> Founding:
    return found()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "Places", lambda: Places(LIMIT))


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
    places, (one, two) = Places(1), of(founding, "bank", 1, 2)
    assert places.checked(one, ADMITTED, again=False).ok
    assert not places.checked(two, ADMITTED, again=False).ok
    places.clear()
    assert places.checked(two, ADMITTED, again=False).ok
