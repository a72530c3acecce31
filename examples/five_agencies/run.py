"""Five agencies find out whom all five of them know, and nothing else: one command, from founding to the result.

    .venv/bin/python examples/five_agencies/run.py

Everything below is the public interface: `atoll` commands to found the consortium and to start its nodes, the client library to
register, permit, ask and read. The tables are made here; spellings differ from agency to agency as they do in life.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from atoll.api.models import GiveGrant, RegisterColumn, RegisterDataset
from atoll.cli.main import main as atoll
from atoll.client import Node, connect_home
from atoll.errors import AtollError
from atoll.testing.ports import Ports
from atoll.testing.tables import assign_identifier

SPELLINGS: dict[str, Callable[[str], str]] = {
    "pensions": lambda one: one,
    "health": lambda one: one.lower(),
    "housing": lambda one: f"{one[:2]}-{one[2:9]}-{one[9:]}",
    "labour": lambda one: f"{one[:2]} {one[2:5]} {one[5:9]} {one[9:]}",
    "taxes": lambda one: f" {one[:2]}.{one[2:]} ",
}
"""The agencies, and how each writes an identifier. The first asks; its node also puts the ledger's transactions in order."""
ASKER, *OTHERS = SPELLINGS
RULE = "national-id/1"
PURPOSE = "duplicate-benefits"
PERSONS, KNOWN = 4_000, 2_500
"""Persons there are, and how many of them each agency knows."""
PATIENCE_SECONDS = 120.0


def main() -> int:
    """Run the example; 0 if the result is the one that the tables have in the clear."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the tables")
    with tempfile.TemporaryDirectory(prefix="five-agencies-") as folder, ExitStack() as stack:
        known = make_people(parser.parse_args().seed)
        ports = Ports()
        stack.callback(ports.release)
        found_consortium(Path(folder), ports)
        nodes = stack.enter_context(running(Path(folder)))
        sets = {org: register(nodes[org], Path(folder) / org, org, known[org]) for org in SPELLINGS}
        grants = {org: permit(nodes[org], sets[org]) for org in OTHERS}
        job = ask(nodes[ASKER], sets, grants)
        ended = nodes[ASKER].jobs.wait(job, timeout_seconds=PATIENCE_SECONDS)
        if ended.state != "completed":
            print(f"{ended.state}: {ended.reason}")
            return 1
        found = nodes[ASKER].jobs.arrow(job)
        clear = set.intersection(*known.values())
        print(f"\n{ended.state}: all five know {found.num_rows} of the {KNOWN} persons of {ASKER}; in the clear: {len(clear)}")
        print(
            f"signed by {', '.join(ended.receipts)}; sent and received here: {ended.sent_bytes + ended.received_bytes:,} bytes"
        )
        return 0 if set(found.column(0).to_pylist()) == clear else 1


def make_people(seed: int) -> dict[str, set[str]]:
    """Whom each agency knows."""
    draw = random.Random(seed)  # noqa: S311 - a table to try things on has no secrets
    people = [assign_identifier(number) for number in range(PERSONS)]
    return {org: set(draw.sample(people, KNOWN)) for org in SPELLINGS}


def found_consortium(folder: Path, ports: Ports) -> None:
    """Five homes, and a genesis that all five sign. In earnest each home is at its agency, and signs there."""
    os.environ["ATOLL_PASSPHRASE"] = "one for all, in an example only"  # noqa: S105
    for at, org in enumerate(SPELLINGS):
        roles = ["--role", "owner", "--role", "user", *(["--role", "operator"] if org == ASKER else [])]
        peer, https = ports.address(), ports.address()
        do("init", str(folder / org), "--org", org, "--legal-id", f"agency-{at}", *roles, "--peer", peer, "--https", https)
    homes = [word for org in SPELLINGS for word in ("--home", str(folder / org))]
    do("consortium", "found", *homes, "--chain-id", "agencies.example/benefits", "--test")


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Node]]:
    """Five nodes, each a process of its own, until a quorum of them stands for the ledger; connections to them."""
    homes = {org: folder / org for org in SPELLINGS}
    with ExitStack() as stack:
        for home in homes.values():
            do("node", "start", "--detach", "--home", str(home))
            stack.callback(do, "node", "stop", "--home", str(home))
        nodes = {org: stack.enter_context(connect_home(home)) for org, home in homes.items()}
        for node in nodes.values():
            until(lambda node=node: all(one.ok for one in node.doctor() if one.check == "ledger"))
        yield nodes


def register(node: Node, home: Path, org: str, persons: set[str]) -> str:
    """Write the agency's table into its data folder and register it; the dataset version."""
    with (home / "data" / "persons.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person"])
        writer.writerows([SPELLINGS[org](one)] for one in sorted(persons))
    column = RegisterColumn(name="person", semantics="national-id", level=2, exposure="after-join", normalisation=RULE)
    request = RegisterDataset(
        name="persons",
        path="persons.csv",
        title=f"persons of {org}",
        columns=[column],
        reason="the numbers are made up; real ones would be of level G4, and a person would sign each consent",
    )
    return node.datasets.register(request)


def permit(node: Node, dataset: str) -> str:
    """One use, of one column, by one agency, for one purpose; the grant."""
    return node.grants.give(GiveGrant(grantee=ASKER, dataset=dataset, columns=["person"], purposes=[PURPOSE]))


def ask(node: Node, sets: dict[str, str], grants: dict[str, str]) -> str:
    """Show what the job would show to whom, then propose it; the job."""

    def side(org: str, uses: list[dict[str, object]]) -> dict[str, object]:
        key = {"columns": ["person"], "normalisation": [RULE], "rows_cap": 4096}
        return {**key, "org": org, "dataset": sets[org], "grants": uses}

    until(lambda: {*grants.values()} <= {one.grant for one in node.grants.list()})
    owners = [side(org, [{"grant": grant, "version": 1}]) for org, grant in grants.items()]
    spec = {"receivers": [side(ASKER, [])], "owners": owners}
    draft = node.jobs.draft("intersection", spec, purpose=PURPOSE)
    print(f"\n{draft.why}\n\n{draft.leakage}\n")
    for one in (one for one in draft.coalitions if one.members in ([OTHERS[0]], OTHERS[:2], sorted([ASKER, OTHERS[0]]))):
        print(f"{' + '.join(one.members)} could read: {', '.join(one.reads)}")
    print(f"... and so for each of {len(draft.coalitions)} sets of agencies, in the plan that all five sign\n")
    return node.jobs.propose("intersection", spec, purpose=PURPOSE)


def do(*words: str) -> None:
    """One command; what it prints is left out."""
    print("$ atoll", " ".join(words))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = atoll(list(words))
    if status:
        raise SystemExit(f"atoll {' '.join(words[:3])} ended with status {status}")


def until(holds: Callable[[], bool]) -> None:
    """Wait; what nodes tell each other takes a moment."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            if holds():
                return
        except AtollError:
            pass
        time.sleep(0.1)
    raise SystemExit("the nodes did not come to it in time")


if __name__ == "__main__":
    raise SystemExit(main())
