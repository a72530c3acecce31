"""The ledger's application alone, in a process of its own: `python -m atoll.testing.abciserver FOLDER`.

FOLDER holds `genesis`, gets `ledger.db` and `app.sock`, and `ready` is printed when it listens. For tests that kill it, for
CometBFT's `abci-cli`, and for measurements. It ends with SIGTERM, or with status 1 when the application has given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.chunks import CHUNK_BYTES
from atoll.ordering.cometbft.server import Server
from atoll.ordering.cometbft.snapshots import Snapshots
from atoll.ordering.cometbft.store import CometStore

STORE = "ledger.db"
SOCKET = "app.sock"
GENESIS = "genesis"


@dataclass(frozen=True, slots=True)
class Running:
    """An application that is served."""

    application: Application
    """The application."""
    server: Server
    """Its end of the socket."""
    snapshots: Snapshots
    """What others may start from."""
    path: Path
    """Of the socket."""


@contextlib.asynccontextmanager
async def serving(
    folder: Path, genesis_file: bytes, *, interval_heights: int = 0, chunk_bytes: int = CHUNK_BYTES, retain_blocks: int = 0
) -> AsyncIterator[Running]:
    """An application on the store in a folder, served until the end of the block."""
    with contextlib.closing(CometStore(folder / STORE)) as store:
        application = Application(genesis_file=genesis_file, store=store, retain_blocks=retain_blocks)
        snapshots = Snapshots(application, folder / "snapshots", interval_heights=interval_heights, chunk_bytes=chunk_bytes)
        server = Server(application, folder / SOCKET, snapshots=snapshots)
        await server.start()
        try:
            yield Running(application, server, snapshots, folder / SOCKET)
        finally:
            await server.stop()
            await application.close()


async def _run(folder: Path) -> int:
    async with serving(folder, (folder / GENESIS).read_bytes()) as running:
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        print("ready", flush=True)
        running.server.failed.add_done_callback(lambda _: stopped.set())
        await stopped.wait()
        return 1 if running.server.failed.done() else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(Path(sys.argv[1]))))
