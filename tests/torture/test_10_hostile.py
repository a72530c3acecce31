"""10: hostile input, and a soak under twice what the network can carry.

Bad input is handed to the node's own door and, past it, to CometBFT: nothing crashes, nothing is let in, nothing changes.
What is counted as growth of memory is what is not the log itself: its hashes stay in memory, LOG_ENTRY_BYTES an entry.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from atoll.ledger.rules.dataset import RegisterDataset
from atoll.ordering.cometbft.places import share_of
from atoll.testing.engines import memory_folder
from tests.contract.ordering.conftest import has_cometbft
from tests.requirements import atoll_require
from tests.torture.conftest import Tell
from tests.torture.hostile import (
    Door,
    bad_transactions,
    noise_on,
    paced,
    resident_bytes,
    small_transactions,
)
from tests.torture.network import CLIENTS, VALIDATORS, Network, Unanswered
from tests.torture.scale import scale

SEED = 10
FUZZED = scale(30, 2_000)
"""Of each kind, at each of two validators."""
NOISES = scale(5, 200)
PROBE = scale(400, 3_000)
"""Transactions for finding out what the network carries."""
PROBE_WAITING = 2 * share_of(len(VALIDATORS) + len(CLIENTS)).count
"""Of the probe, at most: half of what four members may have waiting."""
ROUNDS, BURST_SECONDS, CALM_SECONDS = scale(1, 20), scale(3, 6), scale(0, 45)
CALM_SHARE = 0.3
RECOVERY_SECONDS = 10.0
LOG_ENTRY_BYTES = 250
"""An entry's hash with its share of the inner ones, in a list that doubles when it is full, and what Go keeps of it a while."""
GROWTH = 1.10
BATCH = 20


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    atoll_require("cometbft", present=has_cometbft())
    with memory_folder(tmp_path_factory.mktemp("hostile")) as folder, Network(Path(folder), rpc=True) as network:
        network.start()
        yield network


@pytest.fixture
def doors(network: Network) -> Iterator[dict[str, Door]]:
    """CometBFT's RPC of each validator."""
    found = {one.org: Door(network.rpc[one.org]) for one in network}
    yield found
    for door in found.values():
        door.close()


def app_hashes(network: Network) -> set[tuple[int, str]]:
    return {(view["height"], view["app_hash"]) for view in (one.view() for one in network)}


def test_bad_input_is_turned_away_and_changes_nothing(network: Network, doors: dict[str, Door], tell: Tell) -> None:
    dice = random.Random(SEED)
    good = network.founding.sign("client6", RegisterDataset(dataset="client6/cards/1", card_commitment=bytes(32), level=1))
    assert network["bank"].submit(good).number == 0
    network.settle()
    before = app_hashes(network)
    kinds: Counter[str] = Counter()
    for org in ("bank", "telecom"):
        for kind, data in bad_transactions(network.founding, good, dice, count=FUZZED):
            kinds[kind] += 1
            verdict = doors[org].knock(data)
            assert verdict.code != 0, kind
        for kind, data in bad_transactions(network.founding, good, dice, count=3):
            if kind == "replayed":  # the node answers what became of it
                assert network[org].submit(data).height == 1
                continue
            with pytest.raises(Unanswered, match="not let in"):
                network[org].submit(data, seconds=60)
        for body in (b"", b"{", b"[" * 10_000, b'{"method": 7}', dice.randbytes(5_000), b'[{"id":1,"method":"commit"}]' * 3):
            doors[org].raw(body)
        noise_on(network.addresses[org], dice, connections=NOISES)
    assert app_hashes(network) == before, "bad input has changed something"
    assert all(one.view()["restarts"] == 0 for one in network)
    cards = [RegisterDataset(dataset=f"client6/cards/{version}", card_commitment=bytes(32), level=1) for version in (2, 3)]
    again, gap = network.founding.sign("client6", cards[0]), network.founding.sign("client6", cards[1], nonce=10**6)
    assert network["operator"].submit(again).number == 0
    assert network["operator"].submit(gap).number == 0  # a gap is a sender's own affair
    network.settle()
    tell(bad_transactions=sum(kinds.values()), kinds=len(kinds), connections_of_noise=2 * NOISES)


def test_soak_under_twice_the_load(network: Network, doors: dict[str, Door], tell: Tell) -> None:
    founding, flooders = network.founding, CLIENTS[:4]
    door_of = dict(zip(flooders, doors.values(), strict=True))

    def pour(org: str, count: int) -> int:
        return door_of[org].pour(small_transactions(founding, org, count))

    def latency() -> float:
        started = time.monotonic()
        with suppress(Unanswered):
            done = network["bank"].submit(small_transactions(founding, "client7", 1)[0], seconds=60)
            assert done.number == 0
        return time.monotonic() - started

    def load(seconds: float, per_second: float) -> int:
        return sum(pour(flooders[at % 4], BATCH) for at in paced(seconds, per_second, BATCH))

    def await_size(size: int) -> None:
        network["bank"].wait_until(lambda: network["bank"].view()["size"] >= size, 120, "carries the probe")

    at_rest = statistics.median(latency() for _ in range(5))
    started, size = time.monotonic(), network["bank"].view()["size"]
    for at in range(PROBE // BATCH):  # always something waits, and each flooder keeps to its share of what can wait
        await_size(size + at * BATCH - PROBE_WAITING)
        pour(flooders[at % 4], BATCH)
    await_size(size + int(0.95 * PROBE))
    carried = PROBE / (time.monotonic() - started)

    recovered: list[float] = []
    first: dict[str, tuple[int, int]] = {}
    for number in range(ROUNDS):
        try:
            load(CALM_SECONDS, carried * CALM_SHARE)
            offered = load(BURST_SECONDS, 2 * carried)
        except httpx.HTTPError:
            network.explain(*network)
            raise
        assert offered > 0
        over = time.monotonic()
        while latency() > max(3 * at_rest, at_rest + 1):
            assert time.monotonic() - over < RECOVERY_SECONDS, "latency does not recover"
        recovered.append(time.monotonic() - over)
        network.settle()
        if number == ROUNDS // 4:  # caches are full
            first = memory(network)
        print(f"   carried after {recovered[-1]:.1f} s; {in_words(network)}", flush=True)
    last = memory(network)
    growth = max((last[org][0] - (last[org][1] - first[org][1]) * LOG_ENTRY_BYTES) / first[org][0] for org in last)
    assert growth < GROWTH, f"memory has grown to {growth:.2f} of what it was"
    assert all(one.view()["restarts"] == 0 and one.view()["state"] == "running" for one in network)
    tell(
        carried_per_second=round(carried),
        latency_at_rest_seconds=round(at_rest, 2),
        longest_recovery_seconds=round(max(recovered), 1),
        memory_mebibytes=max(used for used, _ in last.values()) >> 20,
        memory_beside_the_log=f"{growth:.2f} of what it was",
        transactions=network["bank"].view()["size"],
    )


def memory(network: Network) -> dict[str, tuple[int, int]]:
    """Of each validator: bytes of its two processes, entries of its log."""
    return {one.org: (resident_bytes(one.pids()), one.view()["size"]) for one in network}


def in_words(network: Network) -> str:
    """For people who look on: each validator's two processes."""
    told = [f"{one.org} {' + '.join(str(resident_bytes([pid]) >> 20) for pid in one.pids())} MiB" for one in network]
    return ", ".join([*told, f"{network['bank'].view()['size']} entries"])
