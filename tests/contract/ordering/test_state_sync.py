"""State sync with real validators: a node that joins late takes a snapshot over, lies among the chunks or not."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from atoll.ledger.records import Dataset
from atoll.ledger.seal import HeaderSeal, parse_seal
from atoll.ordering.cometbft import snapshots as snapshots_module
from atoll.ordering.cometbft.settings import StateSync
from atoll.ordering.cometbft.snapshots import Snapshots
from atoll.testing.validators import QUICK, Validators
from tests.contract.ordering.conftest import Play, dataset

ENGINES = ("cometbft",)
FOUR = ("operator", "bank", "bureau", "telecom")
INTERVAL = 6
CHUNK_BYTES = 500
"""Small, so that there are many."""


def test_a_newcomer_starts_from_a_snapshot_and_never_from_a_bad_chunk(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the four serves bad chunks; they are refused, and the others' are taken. A kill in between does no harm."""
    monkeypatch.setattr(snapshots_module, "CHUNK_BYTES", CHUNK_BYTES)
    monkeypatch.setattr(Snapshots.__init__, "__kwdefaults__", {"chunk_bytes": CHUNK_BYTES})
    served: list[int] = []
    real = Snapshots.chunk

    async def chunk(self: Snapshots, height: int, version: int, index: int) -> bytes:
        data = await real(self, height, version, index)
        if self._application is not liar[0] or not data:
            return data
        served.append(index)
        return data[:-1] + bytes([data[-1] ^ 1]) if index % 2 else await real(self, height, version, index ^ 1)

    monkeypatch.setattr(Snapshots, "chunk", chunk)
    liar: list[object] = [None]

    async def scenario(validators: Validators) -> None:
        servers = (validators.ports.address(), validators.ports.address())
        for org, rpc in zip(FOUR, (*servers, "", ""), strict=True):
            validators.settings[org] = replace(QUICK, snapshot_heights=INTERVAL, rpc_listen=rpc)
        await validators.start(*FOUR)
        liar[0] = validators["telecom"].application
        bank = validators["bank"]
        for number in range(10):
            await bank.submit(validators.founding.sign("bureau", dataset(number, "bureau")))
        seal = parse_seal(bank.seal())
        assert isinstance(seal, HeaderSeal)
        trusted = seal.light.header
        sync = StateSync(servers=servers, trust_height=trusted.height, trust_hash=trusted.hash())
        validators.settings["auditor"] = replace(QUICK, snapshot_heights=INTERVAL, state_sync=sync)
        for number in range(10, 16):
            await bank.submit(validators.founding.sign("bureau", dataset(number, "bureau")))
        restored: list[int] = []
        auditor = validators.make("auditor")
        restart = auditor.application.on_restored

        def on_restored() -> None:
            restored.append(auditor.application.tip.consensus_height)
            if len(restored) == 1:  # its CometBFT dies before it has heard that all is there
                os.kill(auditor.child_pid or 0, signal.SIGKILL)
            restart()

        auditor.application.on_restored = on_restored
        await auditor.start()
        await validators.until(lambda: auditor.view().height >= bank.view().height > 0)
        assert len(restored) == 2 and restored[0] % INTERVAL == 0 and restored[0] >= trusted.height
        await bank.submit(validators.founding.sign("bureau", dataset(99, "bureau")))
        await validators.settle()
        assert auditor.view().get(Dataset, "bureau/table-0/1") == bank.view().get(Dataset, "bureau/table-0/1")
        logs = {tuple(one.entry(index) for index in range(bank.view().log_size)) for one in (auditor, bank)}
        assert len(logs) == 1
        await validators.stop("auditor")
        del validators.settings["auditor"]
        await validators.start("auditor")
        await validators.settle()

    play(scenario, orgs=(*FOUR, "auditor"), not_validating=("auditor",), start=False)
    assert served, "the liar was asked"
