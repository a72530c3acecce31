"""5. Twins: one validator's key on two nodes costs the key; two of four twinned can fork the ledger, and are named by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from atoll.ledger.light import LightBlock, find_fork
from atoll.testing.engines import memory_folder
from atoll.trust.keys import Purpose
from atoll.wire.message import parse_message
from tests.requirements import atoll_require
from tests.torture.conftest import Tell, has_cometbft
from tests.torture.namespaces import Fabric, can_make_namespaces
from tests.torture.network import CLIENTS, VALIDATORS, Network, wait_until
from tests.torture.scale import scale
from tests.torture.workload import Clients, verify_history

FOUND_SECONDS = 60
"""Until the double vote of a twin is in a block: at the latest when it has proposed a few times."""
ROUNDS = scale(1, 5)
FORKED_HEIGHTS = scale(3, 20)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    atoll_require("cometbft", present=has_cometbft())
    with memory_folder(tmp_path) as folder:
        yield folder


def test_a_twin_is_found_out_and_its_key_struck_out(folder: Path, tell: Tell) -> None:
    longest, acknowledged = 0.0, 0
    for number in range(ROUNDS):
        victim = VALIDATORS[number % len(VALIDATORS)]
        honest = [org for org in VALIDATORS if org != victim]
        with Network(folder / str(number)) as network:
            network.start()
            network.add_twin(victim, CLIENTS[-1]).start()
            with Clients(network, seed=number, count=4, through=honest) as clients:
                found = wait_until(
                    lambda those=honest: all(sorted(network[org].view()["validators"]) == sorted(those) for org in those),  # type: ignore[misc]
                    FOUND_SECONDS,
                    f"the twin of {victim} is struck out",
                )
                height = network[honest[0]].height
                wait_until(lambda org=honest[0], then=height: network[org].height > then + 2, 30, "three go on")  # type: ignore[misc]
            for org in (victim, CLIENTS[-1]):
                if network[org].process is not None and not network[org].reap():
                    network[org].kill()
            network.settle()
            verify_history(clients.history, network)
            longest, acknowledged = max(longest, found), acknowledged + len(clients.history.acknowledged)
    tell(twins=ROUNDS, struck_out_after_at_most_seconds=round(longest, 1), acknowledged=acknowledged, forks=0)


def test_two_twins_of_four_can_fork_the_ledger_and_are_named(folder: Path, tell: Tell) -> None:
    atoll_require("netns", present=can_make_namespaces())
    twins = {"bank": CLIENTS[0], "bureau": CLIENTS[1]}
    here, there = ["operator", *twins], ["telecom", *twins.values()]
    with Fabric([*here, *there]) as fabric:
        fabric.split(here, there)
        with Network(folder / "fork", hosts=fabric.addresses, prefixes=fabric.prefixes) as network:
            for org, guise in twins.items():
                network.add_twin(org, guise, host=fabric.addresses[guise], prefix=fabric.prefixes[guise])
            network.start()
            last = 1 + FORKED_HEIGHTS
            for org in (here[0], there[0]):
                wait_until(lambda org=org: network[org].view()["consensus_height"] > last, 90, f"{org} decides alone")  # type: ignore[misc]
            named = set()
            for height in range(2, last):
                lights = [parse_light(network, org, height) for org in (here[0], there[0])]
                fork = find_fork(*lights, chain_id=network.founding.chain_id)
                assert fork is not None
                named.add(fork.both)
    keys = {org: network.founding.orgs[org].public(Purpose.CONSENSUS) for org in VALIDATORS}
    assert named == {tuple(sorted(keys[org] for org in twins))}, "the fork names others than the twins"
    tell(forked_heights=FORKED_HEIGHTS - 1, named_by_the_fork=2)


def parse_light(network: Network, org: str, height: int) -> LightBlock:
    """A light block as a validator hands it out."""
    return parse_message(bytes.fromhex(network[org].control.ask("light", height=height)["light"]), LightBlock)
