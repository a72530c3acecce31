"""One validator in a process of its own, as `atoll node start` has it, but with nothing around the ledger: for the harness.

    python -m tests.torture.validator FOLDER

FOLDER holds `validator.json` (organisation, CometBFT's settings), the genesis and CometBFT's keys. Requests come over the unix
socket FOLDER/control, a JSON object a line, and are answered in any order under the same `id`. It ends with SIGTERM, when the
application fails, and by ATOLL_FAIL_POINT.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from atoll.errors import AtollError
from atoll.ledger.app_hash import AppState
from atoll.ledger.light import keep_votes, parse_rpc_light_block
from atoll.ordering.cometbft.engine import CometEngine
from atoll.ordering.cometbft.settings import Settings
from atoll.ports import SystemClock
from atoll.wire.message import encode_message
from tests.torture.places import COMETBFT, CONTROL, GENESIS, GIVEN_UP, SPOKEN, STORE
from tests.torture.skewed import read_skew

MAX_LINE_BYTES = 1 << 26


class SkewedClock(SystemClock):
    """The machine's clock, as far off as CometBFT's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def now(self) -> int:
        return super().now() + read_skew(self._folder)


class Desk:
    """Answers the harness."""

    def __init__(self, engine: CometEngine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it closes."""
        while line := await reader.readline():
            task = asyncio.create_task(self._answer(json.loads(line), writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        writer.close()

    async def _answer(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        verb = request.pop("verb")
        number = request.pop("id")
        try:
            said = await getattr(self, f"do_{verb}")(**request)
        except AtollError as err:
            said = {"error": err.code, "sentence": str(err)}
        writer.write(json.dumps({"id": number, **said}).encode() + b"\n")

    async def do_submit(self, data: str, seconds: float) -> dict[str, Any]:
        """Submit a transaction."""
        done = await self._engine.submit(bytes.fromhex(data), timeout_seconds=seconds)
        return {"height": done.height, "index": done.index, "number": done.outcome.number}

    async def do_view(self) -> dict[str, Any]:
        """Where it stands."""
        view, condition = self._engine.view(), self._engine.condition()
        state = AppState(log_size=view.log_size, log_root=view.log_root, state_root=view.tree.root)
        return {
            "height": view.height,
            "size": view.log_size,
            "time": view.time,
            "app_hash": state.app_hash.hex(),
            "fresh": self._engine.freshness(),
            "state": str(condition.state),
            "peers": condition.peers,
            "restarts": condition.restarts,
            "consensus_height": condition.consensus_height,
            "child": self._engine.child_pid,
            "validators": [one.org for one in view.consensus.counted()],
        }

    async def do_blocks(self, first: int, last: int) -> dict[str, Any]:
        """Agreed blocks."""
        return {"blocks": [block.encode().hex() for block in self._engine.blocks(first, last)]}

    async def do_seal(self) -> dict[str, Any]:
        """What vouches for the newest agreed point."""
        return {"seal": self._engine.seal().hex()}

    async def do_light(self, height: int) -> dict[str, Any]:
        """The light block of one of CometBFT's heights."""
        rpc = self._engine._rpc
        light = parse_rpc_light_block(await rpc.commit(height), *await rpc.validators(height))
        return {"light": encode_message(keep_votes(light)).hex()}

    async def do_get(self, key: str) -> dict[str, Any]:
        """A record by its raw key."""
        value = self._engine.view().tree.get(bytes.fromhex(key))
        return {"value": None if value is None else value.hex()}


def make_engine(folder: Path) -> CometEngine:
    """The engine of a folder, opened.

    Raises:
        AtollError: what is there cannot be gone on with.
    """
    said = json.loads((folder / SPOKEN).read_text("utf-8"))
    settings = Settings(**{**said["settings"], "command": tuple(said["settings"].get("command", ()))})
    return CometEngine(
        org=said["org"],
        genesis_file=(folder / GENESIS).read_bytes(),
        store_path=folder / STORE,
        home=folder / COMETBFT,
        settings=settings,
        clock=SkewedClock(folder / COMETBFT),
        binary=Path(said["binary"]) if said["binary"] else None,
    )


async def run(folder: Path) -> None:
    """Until told to stop.

    Raises:
        AtollError: it was given up.
    """
    engine = make_engine(folder)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await engine.start()
        (folder / CONTROL).unlink(missing_ok=True)
        server = await asyncio.start_unix_server(Desk(engine).serve, folder / CONTROL, limit=MAX_LINE_BYTES)
        given_up = asyncio.create_task(engine.failed())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([given_up, stopping], return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if given_up.done():
            given_up.result()
        given_up.cancel()
    finally:
        await engine.stop()


def main(folder: str) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(run(Path(folder)))
    except AtollError as err:
        print(f"given up: {err}", file=sys.stderr, flush=True)
        return GIVEN_UP
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
