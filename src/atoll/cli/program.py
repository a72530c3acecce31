"""`atoll program`: what a computation on secret shares would do, and whether a person here stands for it.

What an author does with the text of a program stands in `programming`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from atoll.cli import programming
from atoll.cli.frame import command, group, same_node
from atoll.cli.options import YesOption
from atoll.cli.reply import Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.words import iso
from atoll.client import Node

app = group("Write, read and review programs on secret shares.")
DIGEST = "7d2f0c4b9a1e5f38d6c7b2a190e4f5c3d8b7a6958473625140f1e2d3c4b5a697"
DigestArgument = Annotated[str, typer.Argument(metavar="DIGEST", help="The program's 64 digits.")]

command(app, "explain", "atoll program explain risk.py --size n=1000")(programming.explain)
command(app, "run", "atoll program run risk.py --table bank=bank.csv --table bureau=bureau.csv")(programming.run)
command(app, "trace", "atoll program trace risk.py --size n=1000 --out risk.graph")(programming.trace)


@command(app, "show", "atoll program show --job 3f2a91bc4d5e6f708192a3b4c5d6e7f8 --home bureau")
def show(node: Node, job: Annotated[str, typer.Option(metavar="JOB", help="The job's 32 digits.")]) -> Reply:
    """The program that a job would run: what goes in, what comes out to whom, how exact, what it takes, what is opened."""
    one = node.programs.show(job)
    verdict = "reviewed here" if one.reviewed else f"not reviewed here\n\nNext: atoll program review {one.digest}{same_node()}"
    return Reply(one, [f"program {one.name} ({one.digest})", "", one.text, "", verdict])


@command(app, "review", f"atoll program review {DIGEST} --home bureau")
def review(node: Node, digest: DigestArgument, yes: YesOption = False) -> Reply:
    """Say that you have read a program and that it may be run on own data, wherever a grant permits its output.

    A program can compute anything, also one row out of a sum; what a plan says of it is read off its operations. So a node
    never consents to a digest that no person of its organisation has reviewed. Equal programs have equal digests.
    """
    confirm(f"May {digest} be run on own data?", yes=yes)
    one = node.programs.review(digest)
    return Reply(one, [f"{one.name or 'program'} ({digest}) is reviewed"])


@command(app, "reviewed", "atoll program reviewed --home bureau")
def reviewed(node: Node) -> Reply:
    """Programs that persons here have reviewed, or have taken back, and those that the local rules name."""
    found = node.programs.list()
    rows = [
        (one.digest, one.name or "-", "yes" if one.reviewed else "taken back", one.by, iso(one.time) if one.time else "-")
        for one in found
    ]
    return Reply(found, [Rows(("digest", "name", "reviewed", "by", "when"), rows, "no programs")])


@command(app, "revoke", f"atoll program revoke {DIGEST} --home bureau")
def revoke(node: Node, digest: DigestArgument, yes: YesOption = False) -> Reply:
    """Take a review back. Jobs that run the program on own data are stopped at once; no new one is consented to."""
    confirm(f"Take the review of {digest} back?", yes=yes)
    one = node.programs.revoke(digest)
    return Reply(one, [f"{one.name or 'program'} ({digest}) is not reviewed any more"])
