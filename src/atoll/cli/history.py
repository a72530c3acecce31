"""`atoll dataset history`, `lineage`: where a version comes from and how it stood."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from atoll.api.models import HistoryInfo
from atoll.cli.dispute import shown_dispute
from atoll.cli.errors import BadArgument
from atoll.cli.options import DatasetArgument
from atoll.cli.reply import Reply, Rows, Shown
from atoll.client import Node

FORMATS = ("text", "prov")


def history(node: Node, dataset: DatasetArgument) -> Reply:
    """Everything the ledger tells of a version: versions, findings, checks, disputes."""
    one = node.datasets.history(dataset)
    return Reply(one, shown_history(one))


def lineage(
    node: Node,
    dataset: DatasetArgument,
    form: Annotated[str, typer.Option("--format", help="text, or prov for PROV-O in JSON-LD.")] = "text",
) -> Reply:
    """Where a version comes from: the versions before it, what it was made from, the jobs between."""
    if form not in FORMATS:
        raise BadArgument(what=f"--format {form}", reason=f"it is {' or '.join(FORMATS)}")
    if form == "prov":
        document = node.datasets.lineage(dataset)
        return Reply(document, [json.dumps(document, indent=2)])
    one = node.datasets.history(dataset)
    return Reply(one.edges, [_edges(one)])


def shown_history(one: HistoryInfo) -> list[Shown]:
    """A history for people."""
    shown: list[Shown] = [
        Rows(
            ("version", "block", "state", "finding", "first registered", "made from"),
            [
                (each.dataset, str(each.height), each.state, each.finding, each.first or "-", ", ".join(each.parents) or "-")
                for each in one.versions
            ],
        ),
        "",
        Rows(
            ("from block", "state", "finding"),
            [(str(each.height), each.state, each.finding) for each in one.states],
            "it has always stood as it stands",
        ),
        "",
        Rows(
            ("compared with", "by", "job", "state", "stated"),
            [
                (
                    each.incumbent if each.new == one.dataset else each.new,
                    each.stage,
                    each.job,
                    each.state,
                    "yes" if each.stated else "no",
                )
                for each in one.checks
            ],
            "compared with nothing yet",
        ),
    ]
    for dispute in one.disputes:
        shown += ["", *shown_dispute(dispute)]
    if not one.complete:
        shown += ["", "more versions stand behind these; ask for one of them"]
    return shown


def _edges(one: HistoryInfo) -> Rows:
    words = {"revision": "is the next version of", "source": "was made from"}
    rows = [(child, words.get(kind, kind), parent) for child, parent, kind in one.edges]
    return Rows(("version", "", "version"), rows, f"{one.dataset} comes from nothing that is registered here")
