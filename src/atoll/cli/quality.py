"""`atoll quality`: how good datasets are, who says so, and whether a sample bears it out."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import QualityInfo, QualityRunInfo
from atoll.cli.errors import BadArgument
from atoll.cli.files import read_bytes, write_new
from atoll.cli.frame import command, group
from atoll.cli.measuring import Comparison, compare_file, measure_file
from atoll.cli.options import DatasetArgument, YesOption
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.screen import confirm
from atoll.cli.words import iso, short, yes_no
from atoll.client import Node

app = group("Measure datasets, report on them, and check reports on samples.")
DIFFERS_STATUS = 1
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="CSV, Parquet or SQLite file on this machine: a sample, or a job's result."),
]
RemarkOption = Annotated[str, typer.Option(help="What was inspected, and how; every member can read it.", show_default=False)]


@command(
    app,
    "run",
    "atoll quality run bank/customers/1 --publish --home bank",
    "atoll quality run bank/customers/1 --out run.atoll --home bank",
    "atoll quality run --file sample.csv --card bank/customers/1 --home bureau",
)
def run(
    node: Node,
    dataset: Annotated[
        str, typer.Argument(metavar="[DATASET]", help="owner/name/version, of this organisation.", show_default=False)
    ] = "",
    file: FileOption = None,
    card: Annotated[
        str, typer.Option("--card", metavar="DATASET", help="Whose card describes the file.", show_default=False)
    ] = "",
    publish: Annotated[bool, typer.Option("--publish", help="Say so on the ledger, as the owner.")] = False,
    remark: RemarkOption = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to put the signed run, for an evaluator.")
    ] = None,
) -> Reply:
    """Measure a dataset at its owner's node, on all its rows; or, with --file, a file on this machine.

    The node compares the source with what was registered before it measures. A file is measured by this program alone; nothing
    of it is sent anywhere.
    """
    if bool(dataset) == bool(file) or (file is not None and (not card or publish or out)):
        raise BadArgument(what="quality run", reason="it takes DATASET, or --file and --card and nothing else")
    if file is not None:
        found = measure_file(file, node.datasets.show(card))
        return Reply(found, _shown(found))
    found = node.quality.run(dataset, publish=publish, remark=remark)
    shown = _shown(found)
    if out is not None:
        write_new(out, base64.b64decode(found.file))
        shown.append(f"signed run written to {out}")
    if found.receipt is not None:
        shown.append(f"reported in block {found.receipt.height}, as the owner's own opinion")
    return Reply(found, shown)


@command(app, "sign", "atoll quality sign run.atoll --remark 'Inspected on site, queries watched' --home auditor")
def sign(
    node: Node,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed run that the owner handed over.")],
    remark: RemarkOption = "",
    yes: YesOption = False,
) -> Reply:
    """Vouch for a run that an owner's node measured; needs the role evaluator.

    What the ledger then says is that this organisation stands for the values. Whether it is a third party, the ledger reckons
    from who belongs to whom.
    """
    data = base64.b64encode(read_bytes(file)).decode()
    confirm(f"Vouch for {file} in the name of this organisation?", yes=yes)
    receipt = node.quality.sign(data, remark)
    return Reply(receipt, [f"reported in block {receipt.height}"])


@command(app, "list", "atoll quality list bank/customers/1 --home bureau")
def list_opinions(node: Node, dataset: DatasetArgument) -> Reply:
    """Who says what of a dataset version, newest first."""
    found = node.quality.list(dataset)
    rows = [(one.evaluator, *_opinion(one), one.state, iso(one.time), short(one.report)) for one in found]
    return Reply(found, [Rows(("evaluator", "grade", "score", "third party", "state", "time", "report"), rows, "no opinions")])


@command(
    app,
    "report",
    "atoll quality report bank/customers/1 auditor --home bureau",
    "atoll quality report bank/customers/1 auditor --dqv --home bureau",
)
def report(
    node: Node,
    dataset: DatasetArgument,
    evaluator: Annotated[str, typer.Argument(metavar="EVALUATOR", help="Who says so.")],
    dqv: Annotated[bool, typer.Option("--dqv", help="In the Data Quality Vocabulary, JSON-LD.")] = False,
) -> Reply:
    """One evaluator's report, checked against the ledger, both signatures, and its own values."""
    found = node.quality.report(dataset, evaluator)
    if dqv:
        return Reply(found.dqv, [json.dumps(found.dqv, indent=2, ensure_ascii=False)])
    grade, score, third = _opinion(found.opinion)
    head = Fields(
        [
            ("evaluator", evaluator + (" (third party)" if third == "yes" else " (no third party)")),
            ("opinion", f"{grade}, {score}, {found.opinion.state}"),
            ("remark", found.remark or "-"),
            ("holds", "commitment on the ledger, signatures of owner's node and evaluator, score of the values"),
        ]
    )
    return Reply(found, [head, "", *_shown(found.run)])


@command(app, "compare", "atoll quality compare bank/customers/1 auditor --file sample.csv --home bureau")
def compare(
    node: Node,
    dataset: DatasetArgument,
    evaluator: Annotated[str, typer.Argument(metavar="EVALUATOR", help="Whose report.")],
    file: FileOption = None,
) -> Reply:
    """Measure a file on this machine, and set what is found beside a report.

    Only an even sample of the rows can be compared so; what chance explains, three standard errors, is no difference.
    Exit status 1 if something differs.
    """
    if file is None:
        raise BadArgument(what="quality compare", reason="it needs --file")
    found: Comparison = compare_file(file, node.datasets.show(dataset), node.quality.report(dataset, evaluator).run)
    rows = [
        (
            one.metric,
            one.column or "-",
            _percent(one.reported_ppm),
            _percent(one.found_ppm),
            _percent(one.allowed_ppm),
            one.verdict,
        )
        for one in found.values
    ]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counts.items())
    columns = ("metric", "column", "reported", "found", "allowed", "verdict")
    different = found.counts["differs"]
    return Reply(
        found.to_plain(),
        [Rows(columns, rows, "nothing to compare"), "", counts],
        exit_code=DIFFERS_STATUS if different else 0,
        error=f"{different} values differ by more than chance explains" if different else "",
        hint="Is the file an even sample of the rows? Then ask the evaluator, or the owner." if different else "",
    )


@command(app, "withdraw", "atoll quality withdraw bank/customers/1 --home auditor")
def withdraw(node: Node, dataset: DatasetArgument, yes: YesOption = False) -> Reply:
    """Take this organisation's opinion back; that it was given stays in the log."""
    confirm(f"Withdraw the opinion of {dataset}?", yes=yes)
    receipt = node.quality.withdraw(dataset)
    return Reply(receipt, [f"withdrawn in block {receipt.height}"])


def _opinion(one: QualityInfo) -> tuple[str, str, str]:
    return one.grade, _percent(one.score_ppm), yes_no(one.third_party)


def _shown(found: QualityRunInfo) -> list[Shown]:
    rows = [
        (
            one.dimension or "-",
            one.metric,
            one.column or "-",
            _percent(one.ppm),
            _percent(one.threshold_ppm),
            str(one.cells_at_most),
        )
        for one in found.values
    ]
    dimensions = ", ".join(f"{name} {_percent(score)}" for name, score in found.dimensions.items())
    pairs = [
        ("dataset", found.dataset),
        ("grade", f"{found.grade} ({found.status})"),
        ("score", f"{_percent(found.score_ppm)}: {dimensions}"),
        ("measured", f"{found.basis} at {iso(found.time)}, rows at most {found.rows_at_most}, by {found.measured_by}"),
        ("metrics", found.metrics),
    ]
    return [
        Fields(pairs),
        "",
        Rows(("dimension", "metric", "column", "value", "full from", "of at most"), rows, "nothing measured"),
    ]


def _percent(ppm: int | None) -> str:
    return "-" if ppm is None else f"{ppm / 10_000:.1f} %"
