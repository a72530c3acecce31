"""What `--keep` says in the end: where the nodes are and how to talk to them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from atoll.cli.demo.stage import Stage
from atoll.cli.process import pid_file

ATOLL = Path(sys.executable).with_name("atoll")
"""The command of this installation."""


def how_to_reach(stage: Stage) -> str:
    """Addresses, token files, commands to try, and the command that ends it all."""
    lines = ["", "The consortium goes on:"]
    for org, node in stage.nodes.items():
        token = stage.consortium.home(org) / "tokens" / "admin"
        lines.append(f"  {org:9} {stage.address(org)}  process {node.pid or 'none, it is dead'}  token {token}")
    home = stage.consortium.home("bank")
    noted = pid_file(stage.consortium.folder / "*")
    lines += [
        "",
        "Try:",
        f"  {ATOLL} node status --home {home}",
        f"  {ATOLL} ledger log --home {home}",
        f"  {ATOLL} job list --home {home}",
        "",
        "Stop one, start it again:",
        f"  {ATOLL} node stop --home {home}",
        f"  ATOLL_PASSPHRASE_FILE={stage.consortium.passphrase_file} {ATOLL} node start --detach --home {home}",
        "",
        "End it:",
        f"  kill -{signal.SIGTERM.name.removeprefix('SIG')} {stage.cable.pid} $(cat {noted}); sleep 3; rm -rf {stage.folder}",
        "",
    ]
    return os.linesep.join(lines)
