"""What a node ends with itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from atoll.node.foreign.assemble import ForeignCheck
from atoll.ordering.embedded.engine import EmbeddedEngine
from atoll.testing.virtual import run_virtually
from atoll.testing.world import World


def test_what_strangers_set_off_ends_with_the_node_and_before_the_ledger_that_it_writes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    stop = EmbeddedEngine.stop

    async def stop_engine(self: EmbeddedEngine) -> None:
        ended.append("engine")
        await stop(self)

    async def stop_check(_: ForeignCheck) -> None:
        ended.append("check across consortia")

    async def scenario() -> None:
        async with World(tmp_path, organisations={"operator": ("operator",), "bank": ("owner",)}) as world:
            monkeypatch.setattr(EmbeddedEngine, "stop", stop_engine)
            monkeypatch.setattr(ForeignCheck, "stop", stop_check)
            await world.stop("bank")
            assert ended == ["check across consortia", "engine"]

    run_virtually(scenario())
