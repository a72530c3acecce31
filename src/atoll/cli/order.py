"""`atoll order`: a regulator freezes, lifts a freeze, recalls; by two persons, each with a file and an own key."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import OrderInfo, OrderRequest
from atoll.cli.errors import BadArgument
from atoll.cli.files import write_new
from atoll.cli.frame import command, group
from atoll.cli.options import CopyOption, HoursOption, YesOption
from atoll.cli.papers import (
    describe_paper,
    load_key,
    merge_papers,
    missing_hands,
    parse_paper,
    read_paper,
    show_paper,
    sign_file,
)
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.words import iso, listed
from atoll.client import Node

app = group("Freeze and recall, by two persons of a regulator.")


class Action(StrEnum):
    """What an order does."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    RECALL = "recall"


class Kind(StrEnum):
    """What an order is about."""

    DATASET = "dataset"
    LINEAGE = "lineage"
    RIGHT = "right"
    GRANT = "grant"
    MEMBER = "member"


@command(
    app,
    "draft",
    'atoll order draft freeze bank/customers --reason "complaint 2026-17" --out freeze.paper --home authority',
    'atoll order draft recall 5be1a0c2d3e4f5061728394a5b6c7d8e --kind grant --reason "..." --out recall.paper --home authority',
    'atoll order draft unfreeze 0a1b2c3d4e5f60718293a4b5c6d7e8f9 --reason "settled" --out lift.paper --home authority',
)
def draft(
    node: Node,
    action: Annotated[Action, typer.Argument(help="What is to happen.")],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="What is frozen or recalled; of an unfreeze, the freeze's 32 digits.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept here and shown to who signs, a commitment goes onto the ledger.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the order goes, for two persons to sign.")],
    kind: Annotated[Kind | None, typer.Option(help="What TARGET is. [default: as it is written]", show_default=False)] = None,
    hours: HoursOption = 24,
) -> Reply:
    """Draw up an order of this organisation. It does nothing until two persons have signed and it is handed in.

    OWNER/NAME/VERSION is a dataset, OWNER/NAME all its versions (a lineage), a single word a member; for the 32 digits of a
    grant or a right, --kind says which.
    """
    lifts = action is Action.UNFREEZE
    request = OrderRequest(
        action=action.value,
        target_kind="dataset" if lifts else (kind or _kind_of(target)).value,
        target="" if lifts else target,
        lifts=target if lifts else "",
        reason=reason,
        hours=hours,
    )
    write_new(out, node.orders.draft(request))
    paper = read_paper(out)
    after = f"\nNext, {missing_hands(paper)} sign it or copies of it, each on an own machine:"
    after += f"\n  atoll order sign {out} --key THEIR.key"
    return Reply({"file": str(out)}, [Fields(describe_paper(paper)), after])


@command(
    app,
    "sign",
    "atoll order sign freeze.paper --key ada.key --out freeze.ada",
    "atoll order sign freeze.ada --key grace.key --out freeze.both",
)
def sign(
    paper: Annotated[Path, typer.Argument(metavar="FILE", help="From `order draft`, or signed by somebody already.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="This person's key, from `key approver new`.")],
    out: CopyOption = None,
    yes: YesOption = False,
) -> Reply:
    """Read an order and sign it. Needs no node: do it on the machine that holds the key."""
    return sign_file(paper, out, lambda _: load_key(key), "atoll order submit", yes=yes)


@command(
    app,
    "submit",
    "atoll order submit freeze.both --home authority",
    "atoll order submit freeze.ada freeze.grace --home authority",
)
def submit(
    node: Node,
    papers: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The order with two signatures, or two signed copies.")
    ],
    yes: YesOption = False,
) -> Reply:
    """Hand in an order; it acts from its block on, at every node. Any member's node can do it."""
    paper = merge_papers(papers)
    show_paper(parse_paper(paper))
    confirm("Carry out this order now?", yes=yes)
    given = node.orders.submit(paper)
    return Reply(given, [_effect(node.orders.show(given.order))])


@command(app, "list", "atoll order list --home bank", "atoll order list --open --home bank")
def list_orders(node: Node, only_open: Annotated[bool, typer.Option("--open", help="Only orders in force.")] = False) -> Reply:
    """Orders of all regulators, oldest first."""
    found = [one for one in node.orders.list() if not only_open or one.state == "in force"]
    rows = [
        (one.order, one.action, f"{one.target_kind} {one.target}", one.regulator, one.state, iso(one.time)) for one in found
    ]
    return Reply(found, [Rows(("order", "action", "target", "by", "state", "since"), rows, "no orders")])


@command(app, "show", "atoll order show 0a1b2c3d4e5f60718293a4b5c6d7e8f9 --home bank")
def show(node: Node, order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's 32 digits.")]) -> Reply:
    """One order: what it does, who signed it."""
    one = node.orders.show(order)
    return Reply(one, [Fields(_pairs(one))])


def _kind_of(target: str) -> Kind:
    """What a target is by the way it is written.

    Raises:
        BadArgument: it may be a grant or a right.
    """
    if re.fullmatch(r"[0-9a-fA-F]{32}", target):
        raise BadArgument(what="TARGET", reason="32 digits are a grant or a right: say which with --kind")
    return {0: Kind.MEMBER, 1: Kind.LINEAGE}.get(target.count("/"), Kind.DATASET)


def _effect(one: OrderInfo) -> str:
    """What an order has done, and how it is undone."""
    what, since = f"{one.target_kind} {one.target}", f"block {one.height}, by order {one.order}"
    match one.action:
        case Action.FREEZE:
            lift = f"atoll order draft unfreeze {one.order} --reason WHY --out lift.paper --home HOME"
            return f"{what} is frozen since {since}\n\nTo lift it, by two persons again:\n  {lift}"
        case Action.RECALL:
            return f"{what} is recalled for good since {since}"
        case _:
            return f"this freeze of {what} is lifted since {since}"


def _pairs(one: OrderInfo) -> list[tuple[str, str]]:
    return [
        ("order", f"{one.order} ({one.state})"),
        ("does", f"{one.action} {one.target_kind} {one.target}"),
        ("by", one.regulator),
        ("signed by", listed(one.approvers)),
        ("since", f"{iso(one.time)}, block {one.height}"),
        ("reason", one.reason or f"kept by {one.regulator}; commitment {one.reason_commitment}"),
    ]
