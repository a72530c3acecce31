"""What `--keep` says in the end: where the nodes are and how to talk to them."""

from __future__ import annotations

import os
import signal

from atoll.cli.demo.stage import Stage


def how_to_reach(stage: Stage) -> str:
    """Addresses, token files, commands to try, and the command that ends it all."""
    lines = ["", "The consortium goes on:"]
    for org, node in stage.nodes.items():
        token = stage.consortium.home(org) / "tokens" / "admin"
        lines.append(f"  {org:9} {stage.address(org)}  process {node.pid or 'none, it is dead'}  token {token}")
    home = stage.consortium.home("bank")
    pids = " ".join(str(pid) for pid in stage.pids())
    lines += [
        "",
        "Try:",
        f"  atoll --home {home} node status",
        f"  atoll --home {home} ledger log",
        f"  atoll --home {home} job list",
        "",
        "End it:",
        f"  kill -{signal.SIGTERM.name.removeprefix('SIG')} {pids}; rm -r {stage.folder}",
        "",
    ]
    return os.linesep.join(lines)
