"""`atoll node`: started, stopped, looked at."""

from __future__ import annotations

from typing import Annotated

import typer

from atoll.api.models import Status
from atoll.cli.frame import HomeFolder, command, group
from atoll.cli.process import follow, forget, start_node, stop_node
from atoll.cli.reply import Fields, Reply, Shown
from atoll.cli.screen import say
from atoll.cli.words import duration, listed
from atoll.client import Node
from atoll.node.config import load_config

app = group("Start, stop and look at a node.")
NEVER_SECONDS = 10 * 365 * 86_400
"""A node that has seen no quorum yet counts from 1970."""


@command(app, "start", "atoll node start --home bank", "atoll node start --detach --home bank")
def start(
    home: HomeFolder,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is ready, and leave it running.")] = False,
) -> Reply:
    """Start a node and wait until it is ready; stay with it until Ctrl-C, or return with --detach.

    Service managers start `python -m atoll.node HOME`, which is the same process without this one around it.
    """
    config = load_config(home)
    process = start_node(home, detach=detach)
    value = {"org": config.org, "pid": process.pid, "url": f"https://{config.https_listen}", "exit": None}
    if detach:
        return Reply(value, [f"{config.org} is ready at {value['url']}, process {process.pid}"])
    say(f"{config.org} is ready at {value['url']}; Ctrl-C ends it")
    status = follow(process)
    forget(home)
    return Reply(value | {"exit": status}, [f"{config.org} has ended"], exit_code=max(0, status))


@command(app, "stop", "atoll node stop --home bank")
def stop(home: HomeFolder) -> Reply:
    """End a node that `atoll node start` started. Running jobs resume when it is started again."""
    org = load_config(home).org
    pid = stop_node(home)
    return Reply({"org": org, "pid": pid}, [f"{org} has ended"])


@command(
    app,
    "status",
    "atoll node status --home bank",
    "atoll node status --url https://10.0.0.5:7402 --token @token --certificate tls.der",
)
def status(node: Node) -> Reply:
    """How a node is: its consortium, its copy of the ledger, its connections."""
    one = node.status()
    return Reply(one, describe(one))


def describe(one: Status) -> list[Shown]:
    """A node's state for people."""
    pairs = [
        ("organisation", one.org),
        ("consortium", one.chain_id + (" (test: insecure modes may run)" if one.test else "")),
        ("ledger", f"{one.engine}; block {one.height}, {one.log_size} entries"),
        ("sequencer", f"{one.sequencer}, term {one.term}; quorum {one.quorum}"),
        ("freshness", "no quorum yet" if one.freshness_seconds > NEVER_SECONDS else f"{duration(one.freshness_seconds)} old"),
        ("connected to", listed(one.connected, "nobody")),
        ("jobs running", str(one.jobs_running)),
        ("memory", f"{one.pss_mb:.0f} MB"),
        ("version", one.version),
    ]
    return [Fields(pairs)]
