"""`atoll auction`: sealed bids; open one, bid, see how it stands."""

from __future__ import annotations

import re
import sys
import time
from enum import StrEnum
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli.bidding import describe_bidding, describe_offer
from atoll.cli.draft import describe_draft
from atoll.cli.errors import BadArgument
from atoll.cli.files import read_text
from atoll.cli.foreseeing import answer_dry_run
from atoll.cli.frame import command, group
from atoll.cli.job import describe
from atoll.cli.limits import Security
from atoll.cli.options import DryRunOption, JobArgument, YesOption
from atoll.cli.reply import Reply
from atoll.cli.screen import confirm, print_shown
from atoll.cli.waiting import waiting
from atoll.cli.watch import ended, watch_job
from atoll.cli.words import iso
from atoll.client import Node

app = group("Sealed bids: open an auction, bid, see how it stands.")
EXAMPLE = "3f2a91bc4d5e6f708192a3b4c5d6e7f8"


class Rule(StrEnum):
    """What comes out; as `atoll.programs.library.ranking.Rule`, which would load much for a word."""

    ORDER = "order"
    BEST = "best"
    WINNER = "winner"
    FIRST_PRICE = "first-price"
    SECOND_PRICE = "second-price"


@command(
    app,
    "open",
    "atoll auction open --bidders bank,bureau,telecom --computes auditor,bank,bureau --high 1000000 --purpose licence "
    "--home auditor",
    "atoll auction open --bidders bank,bureau,telecom --computes auditor,bank,bureau --high 100 --rule order --minutes 1440 "
    "--purpose survey --yes --home auditor",
)
def open_auction(
    node: Node,
    bidders: Annotated[str, typer.Option(metavar="ORG,ORG,...", help="Who bids: 2 to 16 organisations.")],
    computes: Annotated[str, typer.Option(metavar="ORG,ORG,ORG", help="Who computes: three different organisations.")],
    high: Annotated[int, typer.Option(help="Greatest bid that counts.", min=1)],
    purpose: Annotated[str, typer.Option(help="What it is for.")],
    low: Annotated[int, typer.Option(help="Least bid that counts: the reserve price.", min=1)] = 1,
    rule: Annotated[Rule, typer.Option(help="What comes out.")] = Rule.SECOND_PRICE,
    best: Annotated[int, typer.Option(help="How many come out, with --rule best.", min=1)] = 1,
    receivers: Annotated[
        str, typer.Option(metavar="ORG,...", help="Who learns the outcome. [default: this organisation]", show_default=False)
    ] = "",
    security: Annotated[Security, typer.Option(help="What one of the compute nodes may do.")] = Security.SEMI_HONEST,
    minutes: Annotated[int, typer.Option(help="Until when bids are taken, from now.", min=1, max=10_020)] = 60,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it has ended.")] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> Reply:
    """Ask organisations for sealed bids; three nodes find the outcome, and see no bid.

    Every bidder commits to its bid on the ledger before the deadline, and nothing runs before it. With --rule order each bidder
    learns its own rank, and nobody anything else.
    """
    me = node.status().org
    spec = {
        "rule": str(rule),
        "best": best,
        "low": low,
        "high": high,
        "bids_until": int(time.time()) + minutes * 60,
        "bidders": _names("--bidders", bidders),
        "computes": _names("--computes", computes),
        "security": str(security),
        "receivers": [] if rule is Rule.ORDER else _names("--receivers", receivers or me),
    }
    if rule is Rule.ORDER and receivers:
        raise BadArgument(what="--receivers", reason="with --rule order each bidder learns its own rank, and nobody else does")
    deadline = minutes + 60
    draft = node.jobs.draft("ranking", spec, purpose=purpose, minutes=deadline)
    shown = describe_draft(draft, [], me=me)
    if dry_run:
        return answer_dry_run(draft, shown)
    if not yes:
        print_shown(shown, to_stderr=True)
    confirm("Open this auction?", yes=yes)
    with waiting():
        job = node.jobs.propose("ranking", spec, purpose=purpose, minutes=deadline)
    if watch:
        return ended(watch_job(node, job))
    value = {"job": job, "estimate": draft.estimate, "leakage": draft.leakage, "coalitions": draft.coalitions}
    return Reply(value, [f"auction {job} is open; its bidders bid with `atoll auction bid {job}`"])


@command(
    app,
    "bid",
    f"atoll auction bid {EXAMPLE} --home bureau",
    f"atoll auction bid {EXAMPLE} --from bid.txt --entrust --yes --home bureau",
)
def bid(
    node: Node,
    job: JobArgument,
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="Read the amount there, - for standard input. [default: it is asked]")
    ] = "",
    entrust: Annotated[
        bool,
        typer.Option(
            "--entrust",
            help="The bid may be shared among compute nodes of which this organisation is none; the consent says so.",
        ),
    ] = False,
    yes: YesOption = False,
) -> Reply:
    """Commit to a bid, once and for good, and so consent to the auction.

    The ledger gets commitments that say nothing. The bid itself stays at this node, and goes to the compute nodes in shares
    after the deadline: any two of them together could read it. It is no argument, because those stand in the shell's history
    and are seen by whoever uses this machine. 0 takes part without a bid.
    """
    if not yes:
        print_shown(describe_offer(node.jobs.show(job)), to_stderr=True)
    amount = _read_amount(source)
    confirm(f"Bid this in auction {job}, once and for good?", yes=yes)
    with waiting():
        one = node.jobs.bid(job, amount, entrust=entrust)
    return Reply(one, [f"auction {job}: committed; bids are taken until {iso(one.bids_until)}"])


@command(app, "withhold", f"atoll auction withhold {EXAMPLE} --home bureau")
def withhold(node: Node, job: JobArgument, yes: YesOption = False) -> Reply:
    """Do not open the own bid. It counts as none, and the compute nodes name this organisation in their receipts."""
    confirm(f"Never open the bid in auction {job}, for everybody to see?", yes=yes)
    one = node.jobs.withhold(job)
    return Reply(one, [f"auction {job}: the bid stays closed"])


@command(app, "show", f"atoll auction show {EXAMPLE} --home auditor")
def show(node: Node, job: JobArgument) -> Reply:
    """How an auction stands: what came of it, then each bidder, then the job behind it.

    A bid is awaited, committed, opened, not opened, withdrawn or refused. Nobody sees its amount here: `atoll job result` gives
    the outcome, at the nodes that it goes to.
    """
    one = node.jobs.show(job)
    if not one.bidders:
        raise BadArgument(what=job, reason=f"it is a job of the kind {one.kind} that asks for no bids; use `atoll job show`")
    return Reply(one, [*describe_bidding(one, now=int(time.time())), "", *describe(one)])


def _read_amount(source: str) -> int:
    """What is bid, from a file, or asked twice and not shown.

    Raises:
        BadArgument: it is no whole number, was typed differently, or nobody is there to ask.
    """
    if source:
        text = sys.stdin.readline() if source == "-" else read_text(Path(source))
    elif not sys.stdin.isatty():
        raise BadArgument(what="the bid", reason="it is asked for at a terminal; elsewhere name a file with --from")
    else:
        text = getpass("Amount (not shown): ")
        if getpass("Once more: ").strip() != text.strip():
            raise BadArgument(what="the bid", reason="the second time another amount was typed")
    if not re.fullmatch("[0-9]{1,18}", text.strip()):
        raise BadArgument(what="the bid", reason="it is a whole number, without signs, blanks or commas")
    return int(text)


def _names(option: str, text: str) -> list[str]:
    names = [one.strip() for one in text.split(",")]
    if not all(names):
        raise BadArgument(what=option, reason="names of organisations, with commas between them")
    return names
