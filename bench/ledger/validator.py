"""One validator of the benchmark's consortium: our engine with a CometBFT beside it, a process of its own.

python -m ledger.validator ORG FOLDER TIME ADDRESS ADDRESS ADDRESS ADDRESS      in the folder bench; until it is killed
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

from atoll.ordering.cometbft.engine import CometEngine
from atoll.ordering.cometbft.keys import write_keys
from atoll.ports import SystemClock
from atoll.trust.keys import Purpose
from ledger.load import VALIDATORS, make_network_founding
from ledger.network import settings_of


async def _run(org: str, folder: Path, time: int, addresses: dict[str, str]) -> None:
    founding = make_network_founding(addresses, time)
    keys = founding.orgs[org]
    home = folder / "cometbft"
    write_keys(home, validator_seed=keys.keys[Purpose.CONSENSUS].expose_seed(), node_seed=keys.node_seed)
    engine = CometEngine(
        org=org,
        genesis_file=founding.genesis_file,
        store_path=folder / "ledger.sqlite",
        home=home,
        settings=settings_of(addresses[org]),
        clock=SystemClock(),
    )
    await engine.start()
    await engine.failed()


if __name__ == "__main__":
    gc.freeze()  # as a node after its imports, see `atoll.node.loading`
    asyncio.run(_run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), dict(zip(VALIDATORS, sys.argv[4:], strict=True))))
