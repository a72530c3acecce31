"""A node rotates its keys and goes on without a new start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from atoll.ledger.records import current_key
from atoll.ledger.rules.dataset import RegisterDataset
from atoll.testing.virtual import run_virtually
from atoll.testing.world import PASSPHRASE, World
from atoll.trust.keys import Purpose

ORGANISATIONS = {"operator": ("operator",), "bank": ("owner",), "bureau": ("owner",)}
"""Both that cosign are needed for each block."""
ROTATED = (("bank", Purpose.COSIGN), ("operator", Purpose.LOG), ("bank", Purpose.IDENTITY))


def test_whatever_key_a_node_rotates_it_signs_with_the_next_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_PASSPHRASE", PASSPHRASE)

    async def scenario() -> None:
        async with World(tmp_path, organisations=ORGANISATIONS) as world, asyncio.timeout(5):
            for org, purpose in ROTATED:
                await world[org].services.membership.rotate(purpose)
                for owner in ("bank", "bureau"):
                    body = RegisterDataset(dataset=f"{owner}/{purpose}/1", card_commitment=bytes(32), level=2)
                    await world[owner].context.outbox.submit(body)
            keys = [current_key(world["bureau"].context.view(), org, purpose) for org, purpose in ROTATED]
            assert [key.version for key in keys if key is not None] == [2, 2, 2]

    run_virtually(scenario())
