"""`atoll dataset profile`, `history`, `lineage`: what a table holds, where a version comes from and how it stood."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import HistoryInfo
from atoll.cli.dispute import shown_dispute
from atoll.cli.errors import BadArgument
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.client import Node

FORMATS = ("text", "prov")
DatasetArgument = Annotated[str, typer.Argument(metavar="DATASET", help="owner/name/version, such as bank/customers/1.")]


def profile(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet or SQLite file on this machine.")],
    table: Annotated[str, typer.Option(help="Table of a SQLite file.", show_default=False)] = "",
) -> Reply:
    """What a registration would find in a file. Nothing leaves this machine, and no node is asked.

    The digests are as private as the table: whoever can guess the table can compare them.
    """
    from atoll.sources import SourceRoot
    from atoll.sources.fingerprints import take_fingerprint

    folder, name = path.resolve().parent, path.name
    with tempfile.TemporaryDirectory(prefix="profile-") as scratch:
        kept = Path(scratch)
        address = f"{name}#{table}" if table else name
        found = take_fingerprint(address, root=SourceRoot([folder]), scratch=kept, out=kept)
    columns = [
        {
            "name": one.name,
            "kind": str(one.kind),
            "nulls": one.nulls,
            "distinct": one.distinct,
        }
        for one in found.columns
    ]
    value = {
        "rows": found.rows,
        "distinct_rows": found.distinct_rows,
        "bytes_sha256": found.bytes_sha256.hex(),
        "bytes_sm3": found.bytes_sm3.hex(),
        "content": found.content_root.hex(),
        "nameless": found.nameless_root.hex(),
        "columns": columns,
    }
    pairs = [
        ("rows", f"{found.rows}, {found.distinct_rows} different"),
        ("bytes", f"SHA-256 {found.bytes_sha256.hex()}"),
        ("content", found.content_root.hex()),
        ("without names", found.nameless_root.hex()),
    ]
    rows = [(one.name, str(one.kind), str(one.nulls), f"~{one.distinct}") for one in found.columns]
    return Reply(value, [Fields(pairs), "", Rows(("column", "holds", "empty", "different"), rows)])


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
