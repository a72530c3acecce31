"""4. The network falls apart: 3-1, 2-2, a ring, one-way, and rain; never two blocks at one height, and no minority commits."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from atoll.testing.engines import memory_folder
from tests.patience import patience
from tests.requirements import atoll_require
from tests.torture.conftest import Tell, has_cometbft
from tests.torture.namespaces import Fabric, can_make_namespaces
from tests.torture.network import VALIDATORS, Network, wait_until
from tests.torture.scale import scale
from tests.torture.workload import Clients, verify_history

SEED = 4
CYCLES = scale(2, 50)
CUT_SECONDS = scale(2.0, 5.0)
NOTICED_SECONDS = 3.0
"""After a cut: what was on its way may still arrive, and be carried out."""
STILL_SECONDS = 30
HEALED_SECONDS = 30
GOES_ON_SECONDS = 30
LOSS, DELAY_SECONDS = 0.3, 0.2


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to fall apart, and who may go on."""

    name: str
    make: Callable[[Fabric], None]
    stuck: Sequence[str]
    """Those that must not commit."""
    goes_on: bool
    """Whether somebody must."""


def three_one(alone: str) -> Cut:
    """One validator is cut off."""
    others = [org for org in VALIDATORS if org != alone]
    return Cut(f"3-1, {alone} alone", lambda fabric: fabric.split([alone], others), [alone], True)


def two_two(first: str, second: str) -> Cut:
    """Two halves."""
    others = [org for org in VALIDATORS if org not in (first, second)]
    return Cut(f"2-2, {first} with {second}", lambda fabric: fabric.split([first, second], others), VALIDATORS, False)


def one_way(mute: str) -> Cut:
    """One validator hears everybody, and nobody hears it."""
    pairs = {(mute, org) for org in VALIDATORS if org != mute}
    return Cut(f"one-way, {mute} mute", lambda fabric: fabric.weather(cut=pairs), [], True)


RING = Cut("a ring", Fabric.ring, [], True)
RAIN = Cut("rain", lambda fabric: fabric.weather(loss=LOSS, delay_seconds=DELAY_SECONDS), [], False)


def cuts(seed: int) -> Iterator[Cut]:
    """All kinds in turn, with changing victims."""
    dice = random.Random(seed)
    for kind in itertools.cycle(("3-1", "2-2", "ring", "one-way", "rain")):
        one, other = dice.sample(VALIDATORS, 2)
        yield {"3-1": three_one(one), "2-2": two_two(one, other), "ring": RING, "one-way": one_way(one), "rain": RAIN}[kind]


@pytest.fixture(scope="module")
def fabric() -> Iterator[Fabric]:
    atoll_require("netns", present=can_make_namespaces())
    atoll_require("cometbft", present=has_cometbft())
    with Fabric(VALIDATORS) as fabric:
        yield fabric


@pytest.fixture(scope="module")
def network(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with (
        memory_folder(tmp_path_factory.mktemp("partitions")) as folder,
        Network(Path(folder), hosts=fabric.addresses, prefixes=fabric.prefixes) as network,
    ):
        network.start()
        yield network


def test_partitions_stop_minorities_and_heal(fabric: Fabric, network: Network, tell: Tell) -> None:
    longest, acknowledged = 0.0, 0
    with Clients(network, seed=SEED) as clients:
        for number, cut in enumerate(itertools.islice(cuts(SEED), CYCLES), 1):
            print(f"   {number}: {cut.name}", flush=True)
            fall_apart(network, fabric, cut)
            fabric.heal()
            target = network.height + 1
            healed = wait_until(lambda goal=target: all(one.height >= goal for one in network), HEALED_SECONDS, "all go on")  # type: ignore[misc]
            longest = max(longest, healed)
    network.settle()
    verify_history(clients.history, network)
    acknowledged += len(clients.history.acknowledged)
    tell(cycles=CYCLES, healed_after_at_most_seconds=round(longest, 1), acknowledged=acknowledged)


def stands_still(network: Network, stuck: Sequence[str]) -> dict[str, int]:
    """Heights once those that must not commit have told equal ones twice, `CUT_SECONDS` apart."""
    told: list[dict[str, int]] = []

    def is_still() -> bool:
        told.append({one.org: one.height for one in network})
        time.sleep(CUT_SECONDS)
        told.append({one.org: one.height for one in network})
        return all(told[-1][org] == told[-2][org] for org in stuck)

    wait_until(is_still, STILL_SECONDS, f"{', '.join(stuck)} stand still")
    return told[-1]


def fall_apart(network: Network, fabric: Fabric, cut: Cut) -> None:
    """Cut, and watch that nobody commits who must not.

    What had been agreed before the cut may still be on its way: a node learns it from its half, and carries it out. So those
    that must not commit first have to stand still, at the latest with the one block that was being decided at the cut.
    """
    cut.make(fabric)
    at_the_cut = network.height
    time.sleep(NOTICED_SECONDS * patience())
    before = {one.org: one.height for one in network}
    if cut.stuck:
        before = stands_still(network, cut.stuck)
        assert max(before[org] for org in cut.stuck) <= at_the_cut + 1, "a minority has decided another block"
    time.sleep(CUT_SECONDS)
    after = {one.org: one.height for one in network}
    for org in cut.stuck:
        assert after[org] == before[org], f"{org} has committed in a minority"
    if cut.goes_on:
        try:
            wait_until(lambda: network.height > max(before.values()), GOES_ON_SECONDS, "the majority goes on")
        except AssertionError:
            network.explain(*network)
            raise
