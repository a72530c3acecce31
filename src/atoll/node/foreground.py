"""One node in the foreground, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from atoll.errors import AtollError
from atoll.node.config import Config, load_config
from atoll.node.logs import start_logs
from atoll.node.process import NodeProcess
from atoll.ordering.errors import StoreInUse

log = logging.getLogger("atoll.node")


def main() -> int:
    """Run the node whose home is the first argument."""
    parser = argparse.ArgumentParser(prog="python -m atoll.node", description="Run one node in the foreground.")
    parser.add_argument("home", type=Path, help="folder that `atoll init` made")
    home = parser.parse_args().home
    try:
        config = load_config(home)
        start_logs(config.home.logs, config.log_level)
        config.home.stopped.unlink(missing_ok=True)
        run(config)
    except AtollError as err:
        said = f"error: {err}\n" + (f"hint: {err.remedy}\n" if err.remedy else "")
        sys.stderr.write(said)
        return err.exit_code
    return 0


def run(config: Config) -> None:
    """Run until told to stop. What ends it by itself is kept where `atoll node status` and `atoll doctor` find it.

    Raises:
        AtollError: this node can take part no more.
    """
    try:
        asyncio.run(serve(NodeProcess(config)))
    except* AtollError as failed:
        err = _first(failed)
        log.critical("stopped: %s", err)
        if not isinstance(err, StoreInUse):  # that one has not stopped
            config.home.stopped.write_text(f"{err}\n{err.remedy}\n", "utf-8")
        raise err from None


def _first(failed: BaseExceptionGroup[AtollError]) -> AtollError:
    """The first of what went wrong together."""
    one: BaseException = failed
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    assert isinstance(one, AtollError)
    return one


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
