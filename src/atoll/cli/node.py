"""`atoll node`: started, stopped, looked at."""

from __future__ import annotations

from typing import Annotated

import typer

from atoll.api.models import Status, ValidatorHealth
from atoll.cli.frame import (
    CertificateOption,
    HomeFolder,
    HomeOption,
    TokenOption,
    UrlOption,
    command,
    connect_to,
    find_home,
    group,
)
from atoll.cli.process import find_process, follow, forget, start_node, stop_node, why_stopped
from atoll.cli.reply import Fields, Reply, Shown
from atoll.cli.screen import say
from atoll.cli.words import duration, listed
from atoll.client import NodeUnreachable
from atoll.node.config import load_config
from atoll.node.errors import NotFounded

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
    if not config.home.genesis.exists():
        raise NotFounded(path=str(home))
    if find_process(home) is None:  # else that is said
        config.home.passphrase()  # said here, and not by a process that ends at once
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
    """End a node that `atoll node start` or `atoll demo --keep` started. Running jobs resume when it is started again."""
    org = load_config(home).org
    pid = stop_node(home)
    return Reply({"org": org, "pid": pid}, [f"{org} has ended"])


@command(
    app,
    "status",
    "atoll node status --home bank",
    "atoll node status --url https://10.0.0.5:7402 --token @token --certificate tls.der",
)
def status(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, certificate: CertificateOption = None
) -> Reply:
    """How a node is: consortium, copy of the ledger, connections, validator; where it stopped by itself: why."""
    node = connect_to(home, url, token, certificate)
    try:
        one = node.status()
    except NodeUnreachable as err:
        why = why_stopped(find_home(home)) if url is None else None
        if why is None:
            raise
        sentence = f"The node has stopped by itself: {why[0]}"
        value = {"running": False, "reason": why[0], "remedy": why[1]}
        return Reply(value, exit_code=err.exit_code, error=sentence, hint=why[1])
    finally:
        node.close()
    return Reply(one, describe(one))


def describe(one: Status) -> list[Shown]:
    """A node's state for people."""
    pairs = [
        ("organisation", one.org),
        ("consortium", one.chain_id + (" (test: insecure modes may run)" if one.test else "")),
        ("ledger", f"{one.engine}; block {one.height}, {one.log_size} entries"),
        ("ordered by", f"{one.sequencer}, term {one.term}" if one.sequencer else "each validator in turn"),
        ("quorum", _quorum(one)),
        *([("validator", _validator(one.validator))] if one.validator else []),
        ("rules", one.rules),
        ("freshness", "no quorum yet" if one.freshness_seconds > NEVER_SECONDS else f"{duration(one.freshness_seconds)} old"),
        ("connected to", listed(one.connected, "nobody")),
        *([("motions", f"{one.motions_waiting} wait for approval: atoll consortium motions")] if one.motions_waiting else []),
        ("jobs running", str(one.jobs_running)),
        ("memory", f"{one.pss_mb:.0f} MB"),
        ("version", one.version),
    ]
    return [Fields(pairs)]


def _quorum(one: Status) -> str:
    """How many have to confirm, and how many could."""
    missing = f"; not {listed(one.quorum_missing)}" if one.quorum_missing else ""
    return f"{one.quorum} needed, {one.quorum_reached} reached{missing}"


def _validator(one: ValidatorHealth) -> str:
    """The process that votes on blocks, in a line."""
    state = one.state if one.state == "running" else one.state.upper()
    words = [f"CometBFT {state}", "votes" if one.votes else "follows, no vote", f"{one.peers} peers"]
    words += [f"consensus height {one.consensus_height}"]
    words += ["catching up"] if one.catching_up else []
    words += [f"started again {one.restarts} times, last because {one.reason}"] if one.restarts else []
    return ", ".join(words)
