"""7. Disks that lie, lose and fill up: a validator stops loudly or is repaired by its peers, and tells of no wrong root."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.testing.engines import memory_folder
from tests.requirements import atoll_require
from tests.torture.conftest import Tell, has_cometbft
from tests.torture.crashes import wait_until_level
from tests.torture.network import BACK_SECONDS, Network, Unanswered, Validator, wait_until
from tests.torture.places import COMETBFT, GIVEN_UP, STORE
from tests.torture.scale import scale
from tests.torture.workload import Clients, verify_history

SEED = 7
ROUNDS = scale(1, 10)
LOUD_SECONDS = 60
"""Until a validator that cannot go on has stopped."""
DISK_MEBIBYTES = 48
WAL = Path(COMETBFT) / "data" / "cs.wal" / "wal"
VICTIM = "telecom"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """The victim has a file system of its own, as small as the test needs it."""
    atoll_require("cometbft", present=has_cometbft())
    with memory_folder(tmp_path_factory.mktemp("disks")) as folder:
        disk = folder / VICTIM
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEBIBYTES}M,mode=700", "tmpfs", str(disk)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        atoll_require("tmpfs", present=mounted)
        try:
            with Network(Path(folder)) as network:
                network.start()
                wait_until((disk / WAL).exists, 30, "it takes part")
                yield network
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def victim(network: Network) -> Validator:
    return network[VICTIM]


def comes_back_or_stops_loudly(network: Network, victim: Validator) -> str:
    """Start it: `repaired` if it stands with the others, `stopped` if it has given up and said so; nothing else is allowed."""
    said_before = len(victim.output())
    victim.start(wait=False)
    target = max(one.height for one in network.running() if one is not victim)

    def is_over() -> bool:
        assert victim.process is not None
        try:
            return victim.process.poll() is not None or int(victim.view(seconds=2)["height"]) >= target
        except Unanswered:
            return False

    wait_until(is_over, LOUD_SECONDS, f"{victim.org} is back or has given up")
    assert victim.process is not None
    status = victim.process.poll()
    if status is None:
        return "repaired"
    assert status == GIVEN_UP, f"it ended with {status}: {victim.output()[-2000:]}"
    assert "given up: " in victim.output()[said_before:]
    victim.reap()
    return "stopped"


def save(victim: Validator, to: Path) -> None:
    """A copy of all that a stopped validator has."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(victim.folder, to, symlinks=True, ignore=shutil.ignore_patterns("control", "*.sock"))


def bring_back(network: Network, victim: Validator, good: Path) -> None:
    """What an administrator does after a loud stop: the store and CometBFT's data from before, what was signed from now."""
    for name in (STORE, f"{STORE}-wal", f"{STORE}-shm"):
        (victim.folder / name).unlink(missing_ok=True)
        if (good / name).exists():
            shutil.copy2(good / name, victim.folder / name)
    signed = (victim.folder / COMETBFT / "data" / "priv_validator_state.json").read_bytes()
    shutil.rmtree(victim.folder / COMETBFT / "data")
    shutil.copytree(good / COMETBFT / "data", victim.folder / COMETBFT / "data")
    (victim.folder / COMETBFT / "data" / "priv_validator_state.json").write_bytes(signed)
    victim.start(wait=False)
    wait_until_level(network, victim, 2 * BACK_SECONDS)


def test_a_truncated_log_of_votes_is_repaired_or_stops_the_node(
    network: Network, victim: Validator, tmp_path: Path, tell: Tell
) -> None:
    dice, ends = random.Random(SEED), Counter[str]()
    with Clients(network, seed=SEED, count=4) as clients:
        for _ in range(ROUNDS):
            victim.kill()
            save(victim, tmp_path / "good")
            cut = dice.randrange(1, 1001)
            print(f"   {cut} bytes of the write-ahead log are lost", flush=True)
            data = (victim.folder / WAL).read_bytes()
            (victim.folder / WAL).write_bytes(data[: max(0, len(data) - cut)])
            end = comes_back_or_stops_loudly(network, victim)
            ends[end] += 1
            if end == "stopped":
                bring_back(network, victim, tmp_path / "good")
    network.settle()
    verify_history(clients.history, network)
    tell(truncated_logs=ROUNDS, of_these_repaired=ends["repaired"])


def test_flipped_bits_in_the_store_stop_the_node_or_change_nothing(
    network: Network, victim: Validator, tmp_path: Path, tell: Tell
) -> None:
    dice, ends = random.Random(SEED), Counter[str]()
    with Clients(network, seed=SEED + 1, count=4) as clients:
        for _ in range(ROUNDS):
            victim.stop()
            save(victim, tmp_path / "good")
            path = victim.folder / STORE
            data = bytearray(path.read_bytes())
            for _ in range(8):
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            path.write_bytes(data)
            end = comes_back_or_stops_loudly(network, victim)
            print(f"   eight flipped bits: {end}", flush=True)
            ends[end] += 1
            if end == "stopped":
                bring_back(network, victim, tmp_path / "good")
    network.settle()
    verify_history(clients.history, network)
    tell(stores_with_flipped_bits=ROUNDS, of_these_refused=ends["stopped"])


def test_a_lost_fsync_is_made_good_by_the_engine(network: Network, victim: Validator, tmp_path: Path, tell: Tell) -> None:
    """The store is as it was some blocks ago, whole or with its last pages torn off; CometBFT hands the blocks over again."""
    dice = random.Random(SEED)
    with Clients(network, seed=SEED + 2, count=4) as clients:
        for number in range(ROUNDS):
            victim.kill()
            log = victim.folder / f"{STORE}-wal"
            if number % 2 and log.exists():
                data = log.read_bytes()
                torn = dice.randrange(0, min(len(data), 20_000) + 1)
                log.write_bytes(data[: len(data) - torn])
                print(f"   {torn} bytes of the store's log are lost", flush=True)
            else:
                save(victim, tmp_path / "old")
                victim.start()
                goal = network.height + 3
                wait_until(lambda at=goal: victim.height >= at, 30, "some blocks come")  # type: ignore[misc]
                victim.kill()
                for name in (STORE, f"{STORE}-wal", f"{STORE}-shm"):
                    (victim.folder / name).unlink(missing_ok=True)
                    if (tmp_path / "old" / name).exists():
                        shutil.copy2(tmp_path / "old" / name, victim.folder / name)
                print("   the store is as it was some blocks ago", flush=True)
            victim.start(wait=False)
            wait_until_level(network, victim)
    network.settle()
    verify_history(clients.history, network)
    tell(lost_fsyncs=ROUNDS)


def test_an_engine_behind_its_ledger_does_not_start(network: Network, victim: Validator, tmp_path: Path, tell: Tell) -> None:
    """CometBFT's data from a backup under a newer ledger: that is no state that it ever was in."""
    with Clients(network, seed=SEED + 3, count=4) as clients:
        victim.stop()
        save(victim, tmp_path / "old")
        victim.start()
        goal = network.height + 3
        wait_until(lambda: victim.height >= goal, 30, "some blocks come")
        victim.stop()
        save(victim, tmp_path / "new")
        data = victim.folder / COMETBFT / "data"
        signed = (data / "priv_validator_state.json").read_bytes()
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "old" / COMETBFT / "data", data)
        (data / "priv_validator_state.json").write_bytes(signed)
        victim.start(wait=False)
        assert victim.await_end(LOUD_SECONDS) == GIVEN_UP
        bring_back(network, victim, tmp_path / "new")
    network.settle()
    verify_history(clients.history, network)
    tell(engines_behind_their_ledger=1)


def test_a_full_disk_stops_the_node_and_space_brings_it_back(network: Network, victim: Validator, tell: Tell) -> None:
    fills = scale(1, 4)
    with Clients(network, seed=SEED + 4, count=4) as clients:
        for _ in range(fills):
            ballast = victim.folder / "ballast"
            with ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(1 << 16))
                except OSError:
                    pass
            print("   the disk is full", flush=True)
            goal = network.height + 5
            wait_until(lambda at=goal: network["operator"].height >= at, 60, "three go on")  # type: ignore[misc]
            status = victim.await_end(LOUD_SECONDS)
            assert status == GIVEN_UP, victim.output()[-4000:]
            ballast.unlink()
            victim.start(wait=False)
            wait_until_level(network, victim, 2 * BACK_SECONDS)
            time.sleep(0.5)
    network.settle()
    verify_history(clients.history, network)
    tell(full_disks=fills)
