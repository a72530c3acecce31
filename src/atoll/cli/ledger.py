"""`atoll ledger`: the ledger as this node holds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli.files import write_new
from atoll.cli.frame import command, group
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.words import duration, iso, short
from atoll.client import Node

app = group("Read and verify the ledger.")


@command(app, "log", "atoll ledger log --home bank", "atoll ledger log --first 0 --count 20 --home bank")
def log(
    node: Node,
    first: Annotated[int, typer.Option(help="First entry; a negative one counts from the end.")] = -20,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 20,
    summaries: Annotated[bool, typer.Option("--summaries", help="The summary that closes each block, too.")] = False,
) -> Reply:
    """Entries of the log: who did what, and whether a rule refused it."""
    found = [one for one in node.ledger.log(first, count) if summaries or one.kind != "summary"]
    rows = [
        (str(one.index), str(one.height), iso(one.time), one.kind, one.sender or "-", one.outcome, short(one.digest))
        for one in found
    ]
    return Reply(found, [Rows(("entry", "block", "time", "kind", "sender", "outcome", "digest"), rows, "no entries there")])


@command(
    app, "show", "atoll ledger show member bank --home bank", "atoll ledger show dataset bureau/files/1 --home bank --json"
)
def show(
    node: Node,
    namespace: Annotated[
        str, typer.Argument(help="member, key, dataset, grant, budget, job, consent, receipt, consensus, chain, ...")
    ],
    identifier: Annotated[str, typer.Argument(help="The record's name within it, such as bank or bank/identity/1.")],
) -> Reply:
    """One record of the state with its proof; or the proof that there is none."""
    one = node.ledger.record(namespace, identifier)
    value = "proved absent" if one.value is None else json.dumps(one.value, indent=2, ensure_ascii=False)
    pairs = [
        ("record", one.key),
        ("block", str(one.height)),
        ("state root", one.state_root),
        ("proof", f"{len(one.proof) // 2} bytes"),
    ]
    return Reply(one, [Fields(pairs), value])


@command(app, "verify", "atoll ledger verify --home auditor")
def verify(node: Node) -> Reply:
    """Carry out every block again from the genesis, and compare the roots with what the members signed."""
    one = node.ledger.verify()
    pairs = [
        ("carried out again", f"{one.height} blocks, {one.entries} entries, in {duration(one.seconds)}"),
        ("log root", one.root),
        ("state root", one.state_root),
        ("record is", one.standing or "not vouched for yet"),
    ]
    return Reply(one, [Fields(pairs), "\nEvery root is the same."])


@command(app, "checkpoint", "atoll ledger checkpoint --home bank")
def checkpoint(node: Node) -> Reply:
    """The newest checkpoint that a quorum of the members cosigned: a C2SP signed note, for any tool that reads those."""
    one = node.ledger.checkpoint()
    return Reply(one, [one.note.rstrip("\n")])


@command(
    app,
    "trust",
    "atoll ledger trust --out consortium.trust --home auditor",
    "atoll ledger trust --home auditor > consortium.trust",
)
def trust(
    node: Node,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where it goes; standard output if left out.")] = None,
) -> Reply:
    """The trust file: genesis digest and keys, all that an outsider needs to verify evidence.

    Hand it over in person or by another way than the evidence: whoever controls both could invent a consortium.
    """
    text = node.ledger.trust_file()
    if out is None:
        return Reply({"trust": text}, [text.rstrip("\n")])
    write_new(out, text.encode())
    return Reply({"trust": text, "file": str(out)}, [f"trust file in {out}"])
