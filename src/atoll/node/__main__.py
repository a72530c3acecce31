"""`python -m atoll.node HOME`: run one node in the foreground until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from atoll.errors import AtollError
from atoll.node.config import load_config
from atoll.node.logs import start_logs
from atoll.node.process import NodeProcess


def main() -> int:
    """Run the node whose home is the first argument."""
    parser = argparse.ArgumentParser(prog="python -m atoll.node", description="Run one node in the foreground.")
    parser.add_argument("home", type=Path, help="folder that `atoll init` made")
    home = parser.parse_args().home
    try:
        config = load_config(home)
        start_logs(config.home.logs, config.log_level)
        asyncio.run(serve(NodeProcess(config)))
    except AtollError as err:
        sys.stderr.write(f"error: {err}\n" + (f"hint: {err.remedy}\n" if err.remedy else ""))
        return err.exit_code
    return 0


async def serve(node: NodeProcess) -> None:
    """Run until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(node.run(lambda: print("ready", flush=True)))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    sys.exit(main())
