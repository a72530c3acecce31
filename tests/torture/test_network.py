"""2, 3 and more in their short form: one network of four validators, on which things are broken one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.testing.engines import memory_folder
from tests.requirements import atoll_require
from tests.torture import crashes, losses
from tests.torture.conftest import Tell, has_cometbft
from tests.torture.network import Network
from tests.torture.scale import scale
from tests.torture.workload import Clients, verify_history

SEED = 2
SWEEPS = scale(1, 4)
CRASHES_A_SWEEP = scale(2, 1_000)
ROUNDS = scale(1, 4)
DOWN_SECONDS = scale(0.5, 10.0)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    atoll_require("cometbft", present=has_cometbft())
    with memory_folder(tmp_path_factory.mktemp("network")) as folder, Network(Path(folder)) as network:
        network.start()
        yield network


def test_crash_anywhere_loses_nothing_and_doubles_nothing(network: Network, tell: Tell) -> None:
    tally = crashes.Tally()
    with Clients(network, seed=SEED) as clients:
        for sweep in range(SWEEPS):
            crashes.crash_matrix(network, SEED + sweep, crashes_at_most=CRASHES_A_SWEEP, tally=tally)
    network.settle()
    checked = verify_history(clients.history, network)
    tell(
        kills=tally.kills,
        points=len(tally.points),
        longest_way_back_seconds=round(tally.longest_seconds, 1),
        acknowledged=len(clients.history.acknowledged),
        in_the_log=checked,
        lost=0,
        doubled=0,
    )


def test_loss_of_one_of_two_and_of_all(network: Network, tell: Tell) -> None:
    tally = losses.Tally()
    orgs = list(network)
    acknowledged = 0
    for number in range(ROUNDS):
        with Clients(network, seed=100 + number) as clients:
            for at, loss in enumerate(losses.LOSSES[: scale(1, 3)]):
                losses.lose_one(network, orgs[(number + at) % 4], loss, tally, down_seconds=DOWN_SECONDS)
            for loss in losses.LOSSES[number % 3 :][: scale(1, 3)]:
                losses.lose_two(network, [orgs[number % 4], orgs[(number + 1) % 4]], loss, tally)
        losses.lose_all(network, losses.LOSSES[0], tally)
        verify_history(clients.history, network)
        acknowledged += len(clients.history.acknowledged)
    tell(
        losses=tally.losses,
        longest_way_back_seconds=round(tally.back_seconds, 1),
        commits_again_after_seconds=round(tally.resumed_seconds, 1),
        acknowledged=acknowledged,
    )
