"""6. One clock is wrong, by an hour or by jumps; the others' time is the ledger's, and it never goes back."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.testing.engines import memory_folder
from tests.requirements import atoll_require
from tests.torture.conftest import Tell, has_cometbft
from tests.torture.network import Network, wait_until
from tests.torture.scale import scale
from tests.torture.skewed import set_skew, skewed_cometbft
from tests.torture.workload import Clients, verify_history

HOUR = 3600
NEAR_SECONDS = 20
"""How far the ledger's time may be from the true one: a block takes its median from the votes on the one before."""
WATCHED_SECONDS = scale(3.0, 30.0)
JUMPS = scale(3, 30)
SKEWS = scale((HOUR,), (HOUR, -HOUR, 24 * HOUR, -5))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    atoll_require("cometbft", present=has_cometbft())
    binary = skewed_cometbft()
    assert binary is not None, "CometBFT was built, so there is Go"
    with (
        memory_folder(tmp_path_factory.mktemp("clocks")) as folder,
        Network(Path(folder), binaries={"bureau": binary}) as network,
    ):
        set_skew(folder / "bureau", HOUR)
        network.start()
        yield network


def test_a_wrong_clock_moves_nobody_elses(network: Network, tell: Tell) -> None:
    victim = network["bureau"]
    furthest = 0
    with Clients(network, seed=6, count=4) as clients:
        for skew in SKEWS:
            print(f"   {skew:+} s", flush=True)
            set_skew(victim.folder, skew)
            furthest = max(furthest, watch(network))
        for jump in itertools.islice(itertools.cycle((HOUR, -HOUR, 0, 7, -90)), JUMPS):
            print(f"   jumps to {jump:+} s", flush=True)
            set_skew(victim.folder, jump)
            time.sleep(1.0)
        furthest = max(furthest, watch(network))
    network.settle()
    checked = verify_history(clients.history, network)
    times = [block.time for block in victim.blocks()]
    assert times == sorted(times)
    tell(skews=len(SKEWS), jumps=JUMPS, ledger_off_at_most_seconds=furthest, in_the_log=checked)


def watch(network: Network) -> int:
    """Blocks come, and their time is near the true one; how far it was at most."""
    before, furthest = network.height, 0
    end = time.monotonic() + WATCHED_SECONDS
    while time.monotonic() < end:
        off = abs(network["operator"].view()["time"] - time.time())
        furthest = max(furthest, int(off))
        time.sleep(0.2)
    wait_until(lambda: network.height > before, 30, "blocks come")
    assert abs(network["operator"].view()["time"] - time.time()) < NEAR_SECONDS
    return furthest
