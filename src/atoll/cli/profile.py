"""`atoll dataset profile`: what a table holds, and how sensitive detectors find it; for its owner's screen alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from atoll.api.models import ColumnProfileInfo, ProfileInfo, ProfileRequest
from atoll.cli.frame import CertificateOption, HomeOption, TokenOption, UrlOption, connect_to
from atoll.cli.grade import findings_of
from atoll.cli.options import TableOption
from atoll.cli.reply import Fields, Reply, Rows, Shown
from atoll.cli.words import listed
from atoll.policy.levels import level_name

BAR_CELLS = 10
BOX_CELLS = 25
SHAPES_SHOWN = 3
LONGEST_SHAPE = 32
PPM = 1_000_000
_DATASET = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*/[1-9][0-9]*")


def profile(
    subject: Annotated[
        str,
        typer.Argument(metavar="FILE|DATASET", help="CSV, Parquet or SQLite file on this machine, or a dataset of one's own."),
    ],
    table: TableOption = "",
    samples: Annotated[bool, typer.Option("--samples", help="Show frequent values, and some that detectors found.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    certificate: CertificateOption = None,
) -> Reply:
    """What a table holds: types, empty cells, different values, distribution, shapes of values, and the grade that follows.

    A file is read by this command, and no node is asked; the source of a dataset is read by its owner's node. Nothing leaves
    the machine and nothing is kept. The digests are as private as the table: whoever can guess the table can compare them.
    """
    if _DATASET.fullmatch(subject) and not Path(subject).is_file():
        node = connect_to(home, url, token, certificate)
        try:
            found = node.datasets.profile(subject, ProfileRequest(samples=samples))
        finally:
            node.close()
    else:
        found = _profile_file(Path(subject), table, samples=samples)
    return Reply(found, shown_profile(found))


def _profile_file(path: Path, table: str, *, samples: bool) -> ProfileInfo:
    from atoll.exchange.grading import DEFAULT_TABLE, load_table
    from atoll.node.profiles import profile_table

    return profile_table(
        f"{path.name}#{table}" if table else path.name,
        subject=str(path),
        folders=[path.resolve().parent],
        home=None,
        levels=load_table(DEFAULT_TABLE),
        today=datetime.now(UTC).date(),
        samples=samples,
    )


def shown_profile(one: ProfileInfo) -> list[Shown]:
    """A profile for people."""
    looked = "every row" if one.sampled_rows >= one.distinct_rows else f"a sample of {one.sampled_rows}"
    shown: list[Shown] = [
        Fields(
            [
                ("table", one.subject),
                ("rows", f"{one.rows}, {one.distinct_rows} different"),
                ("level", one.level_text),
                ("classes", listed(one.classes)),
                ("may reach others by", listed(one.allows, "nothing")),
                ("bytes", f"SHA-256 {one.bytes_sha256}"),
                ("content", one.content),
                ("without names", one.nameless),
            ]
        ),
        "",
        Rows(
            ("column", "holds", "empty", "different", "bytes", "level", "classes", "surest finding"),
            [_row(each, one.rows) for each in one.columns],
            "no columns",
        ),
    ]
    ranges = [
        (each.grade.name, *(_figure(value, each.type) for value in each.quantiles), draw_box(each.quantiles))
        for each in one.columns
        if len(each.quantiles) == 5
    ]
    if ranges:
        shown += ["", Rows(("column", "least", "quarter", "middle", "three quarters", "greatest", "spread"), ranges)]
    shapes = [
        (each.grade.name, _shortened(shape.shape), f"{shape.share_ppm / 10_000:.1f} %", draw_bar(shape.share_ppm))
        for each in one.columns
        for shape in each.shapes[:SHAPES_SHOWN]
    ]
    if shapes:
        shown += ["", Rows(("column", "shape of values", "share", ""), shapes)]
    frequent = [
        (each.grade.name, value.value, str(value.count), draw_bar(value.count * PPM // max(1, one.sampled_rows)))
        for each in one.columns
        for value in each.frequent[:SHAPES_SHOWN]
        if value.count > 1
    ]
    if frequent:
        shown += ["", Rows(("column", "frequent value", "times", ""), frequent)]
    shown += ["", findings_of([each.grade for each in one.columns])]
    shown += [
        "",
        f"Types, spread and shapes are those of {looked}. In a shape A is a capital, a a small letter, 9 a digit.",
    ]
    return shown


def draw_bar(share_ppm: int) -> str:
    """A share as a bar of ten cells; what is there at all is seen.

    >>> draw_bar(1_000_000), draw_bar(500_000), draw_bar(1), draw_bar(0)
    ('##########', '#####', '.', '')
    """
    if share_ppm <= 0:
        return ""
    return "#" * round(min(share_ppm, PPM) * BAR_CELLS / PPM) or "."


def draw_box(quantiles: Sequence[float]) -> str:
    """Least, quarters and greatest to scale: half of the values lie in the box, and the bar is the middle one.

    >>> draw_box([0, 25, 50, 75, 100])
    '|-----[=====|=====]-----|'
    >>> draw_box([0, 0, 0, 1, 100])
    '|-----------------------|'
    >>> draw_box([7, 7, 7, 7, 7])
    '|'
    """
    least, low, middle, high, greatest = quantiles
    if not greatest > least:
        return "|"
    at = [round((value - least) / (greatest - least) * (BOX_CELLS - 1)) for value in (low, middle, high)]
    cells = ["=" if at[0] <= cell <= at[2] else "-" for cell in range(BOX_CELLS)]
    cells[at[0]], cells[at[2]] = "[", "]"
    cells[at[1]] = cells[0] = cells[-1] = "|"
    return "".join(cells)


def _row(one: ColumnProfileInfo, rows: int) -> tuple[str, ...]:
    empty = f"{one.nulls} ({one.nulls * 100 / rows:.1f} %)" if one.nulls and rows else "0"
    length = str(one.longest) if one.shortest == one.longest else f"{one.shortest} to {one.longest}"
    surest = f"{one.grade.findings[0].detector} {one.grade.findings[0].confidence:.0%}" if one.grade.findings else "-"
    return (
        one.grade.name,
        one.type,
        empty,
        f"~{one.distinct}",
        length,
        level_name(one.grade.level),
        listed(one.grade.classes),
        surest,
    )


def _figure(value: float, kind: str) -> str:
    """A quantile as its type is written."""
    seconds = value * 86_400 if kind == "date" else value
    if kind in ("date", "timestamp"):
        try:
            at = datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            return f"{value:g}"
        return at.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M")
    return f"{value:,.0f}".replace(",", "") if kind == "integer" else f"{value:.6g}"


def _shortened(shape: str) -> str:
    return shape if len(shape) <= LONGEST_SHAPE else shape[: LONGEST_SHAPE - 3] + "..."
