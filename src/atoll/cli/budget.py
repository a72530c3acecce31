"""`atoll budget`: caps on the uses of a dataset, over all recipients, for one of them, or for one purpose."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from atoll.api.models import BudgetInfo, BudgetRequest
from atoll.cli.frame import command, group
from atoll.cli.limits import in_epsilon
from atoll.cli.options import YesOption
from atoll.cli.reply import Reply, Rows
from atoll.cli.screen import confirm
from atoll.client import Node

app = group("Cap uses of a dataset, and see what is left.")


class Unit(StrEnum):
    """What is counted."""

    USES = "uses"
    ROWS = "rows"
    MICRO_EPSILON = "micro-epsilon"


@command(
    app,
    "set",
    "atoll budget set customers 20 --home bank",
    "atoll budget set customers 1000000 --unit rows --to bureau --home bank",
    "atoll budget set customers 5 --purpose credit-check --home bank",
)
def set_budget(
    node: Node,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of one of this organisation's datasets; all versions share the cap.")
    ],
    limit: Annotated[int, typer.Argument(metavar="LIMIT", help="Most that may be reserved and spent together.", min=0)],
    unit: Annotated[Unit, typer.Option(help="What is counted.")] = Unit.USES,
    to: Annotated[
        str, typer.Option(metavar="ORG", help="One recipient, with all members that belong to it. [default: all recipients]")
    ] = "",
    purpose: Annotated[
        str, typer.Option(metavar="PURPOSE", help="One purpose; the ledger knows it by a pseudonym. [default: all purposes]")
    ] = "",
) -> Reply:
    """Cap the uses of a dataset's lineage: all of them, those of one recipient, or those for one purpose.

    A job must fit under every cap. What was used before a cap was first set is not counted in it.
    """
    receipt = node.datasets.set_budget(BudgetRequest(name=name, unit=unit.value, limit=limit, to=to, purpose=purpose))
    whom = f" for {to}" if to else f" for the purpose {purpose}" if purpose else ""
    return Reply(receipt, [f"at most {limit} {unit} of {name}{whom}, from block {receipt.height} on"])


@command(app, "show", "atoll budget show --home bank", "atoll budget show bank/customers --home bureau")
def show(
    node: Node,
    lineage: Annotated[
        str, typer.Argument(metavar="[OWNER/NAME]", help="One dataset; all versions share its caps.", show_default=False)
    ] = "",
) -> Reply:
    """What is left: an owner sees all accounts of its datasets, a recipient the total and its own."""
    found = node.datasets.budgets(lineage)
    rows = [(one.lineage, in_words(one), one.unit, *_amounts(one)) for one in found]
    return Reply(found, [Rows(("dataset", "for", "unit", "left", "limit", "reserved", "spent"), rows, "no caps")])


@command(app, "refund", "atoll budget refund 3f2a91bc4d5e6f708192a3b4c5d6e7f8 customers --home bank")
def refund(
    node: Node,
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job that has ended.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Dataset of this organisation that it took from.")],
    yes: YesOption = False,
) -> Reply:
    """Give back what a job took from one of this organisation's datasets. Nobody else can, and it is done once.

    Caps on what a recipient takes in a period stay as they are: what was seen was seen.
    """
    confirm(f"Give back what job {job} took from {name}?", yes=yes)
    receipt = node.datasets.refund(job, name)
    return Reply(receipt, [f"given back in block {receipt.height}"])


def in_words(one: BudgetInfo) -> str:
    """Whom an account is for."""
    words = {"all": "all", "grant": f"grant {one.who}", "purpose": f"purpose {one.who}", "checks": f"checks by {one.who}"}
    return words.get(one.part, one.who)


def _amounts(one: BudgetInfo) -> tuple[str, ...]:
    amounts = (one.left, one.limit, one.reserved, one.spent)
    return tuple(in_epsilon(each) if one.unit == Unit.MICRO_EPSILON else str(each) for each in amounts)
