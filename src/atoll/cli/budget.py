"""`atoll budget`: one cap over all uses of a dataset, whoever the recipients are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from atoll.api.models import BudgetRequest
from atoll.cli.frame import command, group
from atoll.cli.reply import Reply, Rows
from atoll.client import Node

app = group("Cap all uses of a dataset, and see what is left.")


class Unit(StrEnum):
    """What is counted."""

    USES = "uses"
    ROWS = "rows"
    MICRO_EPSILON = "micro-epsilon"


@command(app, "set", "atoll budget set customers 20 --home bank", "atoll budget set customers 1000000 --unit rows --home bank")
def set_budget(
    node: Node,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of one of this organisation's datasets; all versions share the cap.")
    ],
    limit: Annotated[
        int, typer.Argument(metavar="LIMIT", help="Most that may be reserved and spent, over all recipients.", min=0)
    ],
    unit: Annotated[Unit, typer.Option(help="What is counted.")] = Unit.USES,
) -> Reply:
    """Cap all uses of a dataset's lineage; what was spent before counts."""
    receipt = node.datasets.set_budget(BudgetRequest(name=name, unit=unit.value, limit=limit))
    return Reply(receipt, [f"at most {limit} {unit} of {name}, from block {receipt.height} on"])


@command(app, "show", "atoll budget show bank/customers --home bank")
def show(
    node: Node,
    lineage: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Any member's dataset; all versions share the cap.")],
) -> Reply:
    """What is left of the caps over all uses of a dataset, from this node's copy of the ledger."""
    found = {one.value: node.ledger.record("budget", f"lineage:{lineage}|{one.value}").value for one in Unit}
    rows = [(unit, *_amounts(value)) for unit, value in found.items()]
    return Reply(found, [Rows(("unit", "left", "limit", "reserved", "spent"), rows, "no caps")])


def _amounts(budget: dict[str, Any] | None) -> tuple[str, str, str, str]:
    if budget is None:
        return ("no cap", "-", "-", "-")
    limit, reserved, spent = (int(budget[name]) for name in ("limit", "reserved", "spent"))
    return (str(max(0, limit - reserved - spent)), str(limit), str(reserved), str(spent))
