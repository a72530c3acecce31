"""1. The same blocks give the same app hash at every height: in any process, under any Python, on any engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.decided import is_readable
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.engine import AgreedBlock
from atoll.ordering.offload import inline
from atoll.testing.consortium import Founding
from atoll.testing.engines import Engines, memory_folder
from atoll.testing.virtual import run_virtually
from tests.requirements import atoll_require
from tests.torture.conftest import Tell
from tests.torture.mayhem import Mayhem, make_blocks
from tests.torture.places import ROOT
from tests.torture.pythons import python_with_needs
from tests.torture.replay import app_hash_of, app_hashes, save_script
from tests.torture.scale import scale

SEED = 20261122
TRANSACTIONS = scale(1_500, 20_000)
ORDERED = scale(200, 4_000)
AT_ONCE = 40
REOPEN_EVERY = 20
SURROUNDINGS: Mapping[str, Mapping[str, str]] = {
    "hash seed 1, Kiritimati, Turkish": {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8"},
    "hash seed 2, Lord Howe, German": {"PYTHONHASHSEED": "2", "TZ": "Australia/Lord_Howe", "LC_ALL": "de_DE.UTF-8"},
    "hash seed 3, UTC, C, optimised": {"PYTHONHASHSEED": "3", "TZ": "UTC", "LC_ALL": "C", "PYTHONOPTIMIZE": "1"},
}
OTHER_PYTHONS = ("3.12", "3.13")


@pytest.fixture(scope="module")
def founding() -> Founding:
    return Founding()


@pytest.fixture(scope="module")
def blocks(founding: Founding) -> list[Block]:
    return make_blocks(founding, seed=SEED, transactions=TRANSACTIONS)


@pytest.fixture(scope="module")
def expected(founding: Founding, blocks: list[Block]) -> list[str]:
    return [one.hex() for one in app_hashes(founding.genesis_file, blocks)]


@pytest.fixture(scope="module")
def script(founding: Founding, blocks: list[Block], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("determinism") / "script"
    save_script(path, founding.genesis_file, blocks)
    return path


def start_replay(python: Path | str, script: Path, surroundings: Mapping[str, str]) -> subprocess.Popen[str]:
    """A fresh process that prints every app hash."""
    command = [str(python), str(ROOT / "tests" / "torture" / "replay.py"), str(script)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), **surroundings}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_fresh_processes_agree_whatever_their_hash_seed_time_zone_and_language(
    script: Path, expected: list[str], tell: Tell
) -> None:
    running = {what: start_replay(sys.executable, script, env) for what, env in SURROUNDINGS.items()}
    for what, process in running.items():
        assert process.communicate(timeout=600)[0].split() == expected, what
    assert len(set(expected)) == len(expected), "every block changes the log"
    tell(transactions=TRANSACTIONS, heights=len(expected) - 1, processes=len(running))


@pytest.mark.parametrize("version", OTHER_PYTHONS)
def test_other_pythons_agree(version: str, script: Path, expected: list[str], tell: Tell) -> None:
    python = python_with_needs(version)
    atoll_require("pythons", present=python is not None)
    assert python is not None
    printed = start_replay(python, script, {"PYTHONHASHSEED": "random"}).communicate(timeout=600)[0].split()
    assert printed == expected
    tell(pythons=version)


def test_every_member_of_an_embedded_consortium_agrees_and_so_does_a_replay(tmp_path: Path, tell: Tell) -> None:
    founding = Founding()
    agreed: dict[str, list[AgreedBlock]] = {}
    last: dict[str, bytes] = {}

    async def scenario(folder: Path) -> None:
        engines = Engines(founding, folder)
        await engines.start()
        stream = iter(Mayhem(founding, SEED))
        for _ in range(0, ORDERED, AT_ONCE):
            sent = (engines["bank"].submit(next(stream), timeout_seconds=60) for _ in range(AT_ONCE))
            await asyncio.gather(*sent, return_exceptions=True)  # some are turned away at the door
        await engines.settle()
        for org in engines.orgs:
            height = engines[org].view().height
            agreed[org] = [one async for one in _up_to(engines[org].follow(), height)]
            last[org] = app_hash_of(engines[org].ledger)
        await engines.close()

    with memory_folder(tmp_path) as folder:
        run_virtually(scenario(folder))
    replayed = Ledger(founding.genesis_file)
    for blocks in zip(*agreed.values(), strict=True):
        executed = replayed.execute(blocks[0].block)
        assert {one.block for one in blocks} == {executed.block}
        assert {one.summary for one in blocks} == {executed.summary}
        replayed.adopt(executed)
    assert set(last.values()) == {app_hash_of(replayed)}
    assert replayed.height > 1
    carried = sum(len(one.block.transactions) for one in agreed["bank"])
    assert carried > ORDERED // 2
    tell(ordered_by_the_embedded_engine=carried, members=len(agreed))


async def _up_to(blocks: AsyncIterator[AgreedBlock], height: int) -> AsyncIterator[AgreedBlock]:
    async for one in blocks:
        yield one
        if one.block.height == height:
            return


def test_four_applications_of_cometbft_agree_with_a_replay(blocks: list[Block], tmp_path: Path, tell: Tell) -> None:
    """Each sees empty blocks of its own in between, and one is closed and opened again now and then."""
    founding = Founding(engine="cometbft")
    sound = [replace(one, transactions=tuple(data for data in one.transactions if is_readable(data))) for one in blocks]
    sound = [replace(one, height=at) for at, one in enumerate(filter(lambda one: one.transactions, sound), 1)]
    expected = list(app_hashes(founding.genesis_file, sound))

    async def carry_out(number: int, folder: Path) -> list[bytes]:
        def opened() -> Application:
            return Application(genesis_file=founding.genesis_file, store=CometStore(folder / f"{number}"), offload=inline)

        application = opened()
        hashes, height = [application.tip.app_hash], 0
        for at, block in enumerate(sound, 1):
            empty = at % (number + 2) == 0
            for transactions in ((), block.transactions) if empty else (block.transactions,):
                height += 1
                await application.finalize(height, block.time, transactions, ())
                await application.commit()
            hashes.append(application.tip.app_hash)
            if number == 0 and at % REOPEN_EVERY == 0:
                await application.close()
                application = opened()
        await application.close()
        return hashes

    with memory_folder(tmp_path) as folder:
        for number in range(4):
            assert asyncio.run(carry_out(number, folder)) == expected
    tell(applications=4, ledger_heights=len(sound))
