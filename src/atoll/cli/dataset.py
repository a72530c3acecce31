"""`atoll dataset`: what there is, and what this organisation adds to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import DatasetInfo, GradingInfo, RegisterDataset
from atoll.cli.describing import parse_column, parse_continuation, parse_key, parse_offer
from atoll.cli.dispute import app as disputes
from atoll.cli.frame import command, group, same_node
from atoll.cli.history import history, lineage
from atoll.cli.options import DatasetArgument, TableOption, YesOption
from atoll.cli.profile import profile
from atoll.cli.registering import register_watched
from atoll.cli.reply import Fields, Reply, Rows
from atoll.cli.screen import confirm
from atoll.cli.words import iso, listed
from atoll.client import Node
from atoll.policy.levels import STATUS, level_name, level_text

app = group("Register, find and withdraw datasets.")
_FILE = {
    True: "still what was registered",
    False: "changed since it was registered, so no job can read it; register it again as the next version",
}


@command(
    app,
    "register",
    "atoll dataset register customers customers.csv --title Customers --key customer_id=national-id/1 --purpose credit-check",
    "atoll dataset register calls calls.sqlite --table subscribers --title Calls "
    "--column phone:exposure=after-join,rule=phone-e164/1,level=3,means=phone,class=personal:general,until=2027-12-31",
)
def register(
    node: Node,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the dataset; registering it again makes the next version.")
    ],
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="CSV (also PATH?delimiter=semicolon), Parquet or SQLite file, in a data folder of the node.",
        ),
    ],
    title: Annotated[str, typer.Option(help="Name for people.")],
    description: Annotated[str, typer.Option(help="What the rows are, where they come from.", show_default=False)] = "",
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=RULE", help="Identifier that may be compared, and how it is spelt; repeat."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN:SETTING=...", help="What a column is: exposure, until, level, rule, means, class; repeat."
        ),
    ] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Purpose the owner would consider; repeat.")] = None,
    table: TableOption = "",
    reason: Annotated[
        str, typer.Option(help="Why a column has a lower level than detectors find; stands on the card.", show_default=False)
    ] = "",
    asserted_new: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="How many identifiers the version before it did not have, for all to see.", min=0),
    ] = None,
    class_: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="AXIS:VALUE", help="Such as subject:personal; repeat."),
    ] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="Word by which it should be found; repeat.")] = None,
    accrual: Annotated[str, typer.Option(help="How often it is renewed: daily, monthly, ...", show_default=False)] = "",
    region: Annotated[str, typer.Option(help="Region that the rows are about.", show_default=False)] = "",
    licence: Annotated[str, typer.Option(help="Name of a licence; what binds are grants.", show_default=False)] = "",
    offer: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="ODRL offer to everybody, JSON-LD; repeat.")] = None,
    parent: Annotated[
        list[str] | None, typer.Option(metavar="DATASET", help="A version that it was made from; repeat.")
    ] = None,
    from_job: Annotated[
        str, typer.Option(metavar="JOB", help="The job whose result it is; what went in becomes a parent.", show_default=False)
    ] = "",
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not wait for the members' key: nobody looks whether the content is new.")
    ] = False,
    continues: Annotated[
        list[str] | None,
        typer.Option(metavar="CONSORTIUM=SIGNATURE", help="The same owner's in another consortium (duplicate sign); repeat."),
    ] = None,
) -> Reply:
    """Register a file as the next version of a dataset.

    The file stays where it is. It is read once for its fingerprint and columns; the ledger gets a commitment to the card that
    describes it. Columns that are not named are hidden. A column has the level that the detectors find, unless --column says
    another one; a lower one needs --reason. Exposure is one of hidden, encrypted-only, after-compare,
    after-aggregate, after-group-by, after-join, plaintext; a column given with --key is after-join. Rules of spelling
    are email/1, exact/1, integer/1, national-id/1, phone-e164/1 (phone-e164/1?region=US) and text/1. The cells of a CSV file
    are taken to be separated by commas; for others write PATH?delimiter=semicolon, tab or pipe.
    """
    columns = [parse_key(one) for one in key or []] + [parse_column(one) for one in column or []]
    request = RegisterDataset(
        name=name,
        path=path,
        title=title,
        description=description,
        columns=columns,
        purposes=purpose or [],
        reason=reason,
        table=table,
        asserted_new=asserted_new,
        classes=sorted(set(class_ or [])),
        keywords=keyword or [],
        accrual=accrual,
        spatial=region,
        licence=licence,
        offers=[parse_offer(one) for one in offer or []],
        parents=parent or [],
        from_job=from_job,
        allow_unchecked=unchecked,
        continues=dict(parse_continuation(one) for one in continues or []),
    )
    done = register_watched(node, request)
    lines = [f"{'already registered' if done.already else 'registered'} {done.dataset}", "", done.found, done.means]
    return Reply(done, [*lines, *([f"next: {_next(done.next)}"] if done.next else [])])


command(
    app,
    "profile",
    "atoll dataset profile customers.csv",
    "atoll dataset profile bank/customers/1 --samples --home bank",
)(profile)
command(app, "history", "atoll dataset history bureau/people/1 --home bank")(history)
command(
    app,
    "lineage",
    "atoll dataset lineage bank/matches/1 --home bank",
    "atoll dataset lineage bank/matches/1 --format prov --home bank",
)(lineage)
app.add_typer(disputes, name="dispute", epilog="atoll dataset dispute list --home auditor")


@command(app, "list", "atoll dataset list --home bank", "atoll dataset list --mine --home bank")
def list_datasets(node: Node, mine: Annotated[bool, typer.Option("--mine", help="Only this organisation's.")] = False) -> Reply:
    """Datasets of all members, with what their owners' cards say."""
    found = [one for one in node.datasets.list() if one.mine or not mine]
    rows = [
        (
            one.dataset,
            one.title,
            level_name(one.level),
            one.state,
            str(one.rows_at_most or "-"),
            listed(keys_of(one)),
            listed(one.purposes),
        )
        for one in found
    ]
    return Reply(found, [Rows(("dataset", "title", "level", "state", "rows <=", "keys", "purposes"), rows, "no datasets")])


@command(app, "show", "atoll dataset show bureau/files/1 --home bank")
def show(
    node: Node,
    dataset: DatasetArgument,
    check: Annotated[bool, typer.Option("--check", help="Read an own file again: is it still what was registered?")] = False,
) -> Reply:
    """One dataset with its card, which is checked against the commitment on the ledger."""
    return show_dataset(node, dataset, check=check)


def show_dataset(node: Node, dataset: str, *, check: bool = False) -> Reply:
    """What there is to say of one dataset."""
    one = node.datasets.show(dataset, check=check)
    missing = f"refused: {one.card_refused}" if one.card_refused else "not received from the owner yet"
    pairs = [
        ("dataset", f"{one.dataset} ({one.state})"),
        ("title", one.title or "-"),
        ("about", one.description or "-"),
        ("owner", one.owner),
        ("level", level_text(one.level, one.grading.status if one.grading else STATUS)),
        ("rows", f"at most {one.rows_at_most}"),
        ("purposes", listed(one.purposes, "unsaid")),
        *((what, said) for what, said in _also(one) if said),
        ("card", "fits its commitment on the ledger" if one.card_verified else missing),
    ]
    rows = [
        (
            each.name,
            each.exposure + (f" until {iso(each.exposure_until)}" if each.exposure_until else ""),
            level_name(each.level),
            each.normalisation or "-",
            f"{each.nulls_percent_at_most} %" if each.nulls_percent_at_most else "-",
            str(each.distinct_at_most or "-"),
            each.semantics or "-",
            listed(each.classes),
        )
        for each in one.columns
    ]
    columns = ("column", "exposure", "level", "spelt by", "empty <=", "values <=", "means", "classes")
    return Reply(one, [Fields(pairs), "", Rows(columns, rows, "no columns known")])


def _also(one: DatasetInfo) -> list[tuple[str, str]]:
    """What a card may say besides, and what it says."""
    opinions = [
        f"{each.grade} ({each.score_ppm / 10_000:.1f} %) by {each.evaluator}, "
        + ("a third party" if each.third_party else "no third party")
        + ("" if each.state == "stands" else f", {each.state}")
        for each in one.quality
    ]
    return [
        ("classes", ", ".join(one.classes)),
        ("graded", _graded(one.grading) if one.grading else ""),
        ("quality", "; ".join(opinions)),
        ("keywords", ", ".join(one.keywords)),
        ("renewed", one.accrual),
        ("region", one.spatial),
        ("licence", one.licence),
        ("offers", str(len(one.offers)) if one.offers else ""),
        ("made from", ", ".join(one.parents)),
        ("result of", f"job {one.source_job}" if one.source_job else ""),
        ("finding", f"{one.finding}. {one.found} {one.means}" if one.finding else ""),
        ("next", _next(one.next)),
        ("dispute", one.dispute),
        ("file", "" if one.unchanged is None else _FILE[one.unchanged]),
    ]


def _next(text: str) -> str:
    """What to do next; a command is one for the same node."""
    return text + same_node() if text.startswith("atoll ") else text


def _graded(one: GradingInfo) -> str:
    """
    >>> _graded(GradingInfo(table="ours/1", graded_by="person", reason="assigned numbers", status="in force"))
    'changed by its owner, table ours/1: assigned numbers'
    """
    by = "changed by its owner" if one.graded_by == "person" else f"by {one.graded_by}"
    return f"{by}, table {one.table}" + (f": {one.reason}" if one.reason else "")


@command(app, "withdraw", "atoll dataset withdraw bank/customers/1 --home bank")
def withdraw(node: Node, dataset: DatasetArgument, yes: YesOption = False) -> Reply:
    """Take a dataset version out of use, for good; the file stays."""
    confirm(f"Withdraw {dataset} for good?", yes=yes)
    receipt = node.datasets.withdraw(dataset)
    return Reply(receipt, [f"{dataset} withdrawn in block {receipt.height}"])


def keys_of(dataset: DatasetInfo) -> list[str]:
    """Columns that may be compared, with their rules."""
    return [f"{one.name} ({one.normalisation})" for one in dataset.columns if one.normalisation]
