"""`atoll grade`: how sensitive data are, who says so, and what follows from it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import ApproveRequest, ColumnGradeInfo, GradeFile, GradeInfo, RegradeRequest
from atoll.cli.describing import parse_level
from atoll.cli.frame import command, group
from atoll.cli.options import TableOption, YesOption
from atoll.cli.papers import load_key, sign_bytes
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm
from atoll.cli.words import iso, listed, short
from atoll.client import Node
from atoll.policy.levels import level_name, level_text

app = group("Grade data: what detectors find, and what people decide.")
_DATASET = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*/[1-9][0-9]*")
LevelsOption = Annotated[
    str, typer.Option("--levels", metavar="TABLE", help="Table of levels, name/version. [default: the node's usual one]")
]
DAY_SECONDS = 86_400


@command(
    app,
    "show",
    "atoll grade show bank/customers/1 --home bank",
    "atoll grade show customers.csv --samples --home bank",
    "atoll grade show customers.csv --levels plain-four/1 --harm anybody=serious --home bank",
)
def show(
    node: Node,
    subject: Annotated[
        str, typer.Argument(metavar="DATASET|FILE", help="A registered dataset, or a file in a data folder of the node.")
    ],
    table: TableOption = "",
    levels: LevelsOption = "",
    harm: Annotated[
        list[str] | None,
        typer.Option(metavar="WHOM=DEGREE", help="Harm that loss or misuse would do, in the table's words; repeat."),
    ] = None,
    industry: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Industry the data belong to; repeat.")] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Show a few values that were found; of a file only.")] = False,
) -> Reply:
    """The grade of a dataset, or of a file before it is registered.

    Of a dataset: its level on the ledger, who set it, and what its card says of the columns. Of a file: what detectors find,
    how sure they are, and the level that follows. The values that they find are shown on request, here and nowhere else.
    """
    if _DATASET.fullmatch(subject):
        found = node.grading.show(subject)
        return Reply(found, [Fields(_pairs(found)), "", _columns(found)])
    asked = GradeFile(path=subject, table=table, levels=levels, harms=harm or [], industry=industry or [], samples=samples)
    found = node.grading.file(asked)
    shown: list[Shown] = [Fields(_pairs(found)), "", _columns(found), "", findings_of(found.columns)]
    return Reply(found, shown)


@command(
    app,
    "override",
    "atoll grade override bank/customers/1 --level G4 --home bank",
    'atoll grade override bank/sums/1 --level G2 --reason "sums over at least 50 persons each" --home bank',
    'atoll grade override bank/customers/1 --level G3 --reason "names removed" --approver ada.key --home bank',
)
def override(
    node: Node,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="owner/name/version.")],
    level: Annotated[str, typer.Option(metavar="LEVEL", help="G1, G2, G3, G4, important or core.")],
    reason: Annotated[
        str,
        typer.Option(help="Why; needed unless the level rises. It stays here, its commitment is signed.", show_default=False),
    ] = "",
    levels: LevelsOption = "",
    approver: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A person's key, from `key approver new`; to lower data of level G4 or above."),
    ] = None,
    yes: YesOption = False,
) -> Reply:
    """Change the level of a dataset, signed with this organisation's identity key.

    An owner raises freely and lowers with a reason, never below what a regulator has set. To lower data of level G4 or above it
    needs the signature of one of its approvers as well. A regulator sets the least level of all versions.
    Jobs that the new level forbids are stopped, and their results are not shown any more.
    """
    number = parse_level(level)
    confirm(f"Sign that {dataset} is of level {level_name(number)}?", yes=yes)
    paper = ""
    if approver is not None:
        paper = sign_bytes(node.grading.paper(dataset, number), lambda _: load_key(approver), yes=yes).hex()
    receipt = node.grading.override(dataset, RegradeRequest(level=number, reason=reason, levels=levels, paper=paper))
    now = node.grading.show(dataset)
    return Reply(receipt, [f"{dataset} is {now.level_text} from block {receipt.height} on"])


@command(
    app,
    "approve",
    'atoll grade approve bank/grid/1 --party bureau --days 30 --reason "assessment 17 of 2026" --home regulator',
    'atoll grade approve bank/grid/1 --reason "assessment withdrawn" --home regulator',
)
def approve(
    node: Node,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="owner/name/version, of level important.")],
    reason: Annotated[str, typer.Option(help="Why. It stays here, its commitment is signed.")],
    party: Annotated[
        list[str] | None,
        typer.Option(metavar="ORG", help="Member that may take part, within the border; repeat. [default: nobody, any more]"),
    ] = None,
    days: Annotated[int, typer.Option(help="How long a job may begin under it.", min=1, max=3650)] = 30,
    yes: YesOption = False,
) -> Reply:
    """Permit, as a regulator, that members compute with important data; without a party, take the permission back."""
    whom = listed(party or [], "nobody")
    confirm(f"Sign that {whom} may take part in jobs on {dataset}?", yes=yes)
    ends = int(time.time()) + days * DAY_SECONDS
    receipt = node.grading.approve(dataset, ApproveRequest(parties=party or [], not_after=ends, reason=reason))
    until = f", until {iso(ends)}" if party else ""
    return Reply(receipt, [f"{whom} may take part in jobs on {dataset}{until}, from block {receipt.height} on"])


@command(app, "tables", "atoll grade tables --home bank")
def tables(node: Node) -> Reply:
    """The tables of classes and levels that a node has, and how far each may be trusted."""
    found = node.grading.tables()
    shown: list[Shown] = [
        Rows(
            ("table", "title", "status", "jurisdiction", "usual"),
            [(one.id, one.title, one.status, one.jurisdiction or "-", "yes" if one.usual else "") for one in found],
        )
    ]
    for one in found:
        kinds = [(kind, listed(classes)) for kind, classes in one.kinds.items()]
        minimum = [(label, f"at least {level_text(level, one.status)}") for label, level in one.minimum.items()]
        harms = [(harm, outcome) for harm, outcome in one.harms.items()]
        shown += ["", f"{one.id}: {one.source} ({one.status})", Rows(("what", "means"), [*kinds, *minimum, *harms])]
    return Reply(found, shown)


def _pairs(one: GradeInfo) -> list[tuple[str, str]]:
    pairs = [
        ("subject", one.subject),
        ("level", one.level_text),
        ("table", one.table or "unsaid"),
        ("graded by", one.graded_by + (f": {one.reason}" if one.reason else "")),
        ("classes", listed(one.classes)),
        ("may reach others by", listed(one.allows, "nothing")),
    ]
    if one.rows:
        pairs.append(("looked at", f"{one.sampled_rows} of {one.rows} rows"))
    if one.change is not None:
        what = f"{level_name(one.change.before)} to {level_name(one.change.level)}"
        pairs.append(("last change", f"{what} by {one.change.by} in block {one.change.height}"))
        if one.change.reason_commitment:
            pairs.append(
                ("its reason", one.change.reason or f"kept by {one.change.by} ({short(one.change.reason_commitment)})")
            )
        if one.change.floor:
            pairs.append(("held by a regulator", f"at least {level_name(one.change.floor)}"))
    if one.approval is not None:
        whom = listed(one.approval.parties, "nobody")
        pairs.append(("approved", f"{whom} by {one.approval.regulator}, until {iso(one.approval.not_after)}"))
    return pairs


def _columns(one: GradeInfo) -> Rows:
    rows = [(each.name, level_name(each.level), listed(each.classes), _surest(each)) for each in one.columns]
    return Rows(("column", "level", "classes", "surest finding"), rows, "no columns known")


def findings_of(columns: Sequence[ColumnGradeInfo]) -> Rows:
    """What detectors found in each column, and how sure they are."""
    rows = [
        (
            column.name,
            each.detector + (f" ({each.scheme})" if each.scheme else ""),
            f"{each.confidence:.0%}",
            f"{each.matched} of {each.looked_at}",
            "yes" if each.by_name else "",
            listed(each.samples),
        )
        for column in columns
        for each in column.findings
    ]
    return Rows(("column", "found", "confidence", "values that fit", "by name", "samples"), rows, "nothing was found")


def _surest(one: ColumnGradeInfo) -> str:
    return f"{one.findings[0].detector} {one.findings[0].confidence:.0%}" if one.findings else "-"
