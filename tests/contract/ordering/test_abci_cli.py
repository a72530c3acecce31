"""The application as another client sees it: `abci-cli` of CometBFT's own module, in Go."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from atoll.ordering.cometbft.binary import find_binary
from atoll.ordering.cometbft.errors import OutOfTurn
from atoll.ordering.errors import BinaryMissing
from atoll.testing.abciserver import serving
from atoll.testing.consortium import Founding
from atoll.testing.engines import memory_folder
from tests.requirements import atoll_require


def client() -> Path | None:
    """Where `make cometbft` has put it."""
    try:
        found = find_binary().with_name("abci-cli")
    except BinaryMissing:
        return None
    return found if found.is_file() else None


async def told(path: Path, *commands: str) -> str:
    """What it prints for these commands."""
    found = client()
    assert found is not None
    arguments = (str(found), "--address", f"unix://{path}", "--abci", "socket", "--log_level", "error", "batch")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    printed, _ = await process.communicate("".join(f"{one}\n" for one in commands).encode())
    return printed.decode()


def test_a_client_nobody_here_wrote_is_answered_and_sees_the_end() -> None:
    atoll_require("cometbft", present=client() is not None)

    async def scenario(folder: Path) -> None:
        founding = Founding(("bank", "operator"), engine="cometbft", sequencer="operator")
        async with serving(folder, founding.genesis_file) as running:
            printed = await told(running.path, "echo hello", "info", 'check_tx "abc"', 'process_proposal "abc"')
            assert "-> data: hello" in printed
            assert "-> data: atoll" in printed
            assert "-> code: 1\n-> log: The transaction cannot be read" in printed
            assert "-> status: REJECT" in printed
            assert not running.server.failed.done()
            printed = await told(running.path, 'finalize_block "abc"')
            assert "the ledger stands at 0" in printed
            assert isinstance(running.server.failed.exception(), OutOfTurn)

    with tempfile.TemporaryDirectory() as fallback, memory_folder(Path(fallback)) as folder:
        asyncio.run(scenario(folder))
