"""Registration: who had it first, how sensitive it is, how good it is. Rows stay at home all the while.

The telecom tries to register the bank's table as its own, twice: once shuffled and in another dialect of CSV, once with a tenth
of the rows exchanged. The first is caught when it is registered, by a tag that no member can compute alone; the second a moment
later by the bank's node, in two private counts: of band tags, then of row digests.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atoll.api.models import DatasetInfo, RegisterColumn, RegisterDataset
from atoll.cli.demo.consortium import BANK, TELECOM
from atoll.cli.demo.exchange import Exchange
from atoll.cli.demo.stage import Stage
from atoll.testing import tables  # layers: world in memory

NAME = "registration"
TITLE = "Who registered it first, how sensitive is it, and how good?"
BLOCKED = "blocked"
EXCHANGED = 0.1
"""Of the rows, in the second copy."""


def run(stage: Stage, exchange: Exchange) -> tuple[str | None, dict[str, Any]]:
    """The bank registers first; two copies by another member are caught; then grade and quality."""
    screen, since = stage.screen, time.monotonic()
    folder = exchange.examples()
    with screen.step("the bank registers its table: fingerprint, profile, level, card; three tags by a key that no member has"):
        mine = exchange.register(tables.BANK, folder).info
        screen.note(f"{mine.dataset}: {mine.found}")
    header, rows = _read(folder / tables.BANK.file)
    shuffled = stage.chance.sample(rows, len(rows))
    with screen.step("the telecom registers a copy of it, rows shuffled, semicolons for commas, columns in another order"):
        turned = [row[::-1] for row in shuffled]
        copy = _register(stage, "subscribers-by-bill", header[::-1], turned)
        screen.note(f"{copy.dataset}: {copy.finding}. {copy.found} {copy.means}")
    with screen.step("the telecom registers another one, a tenth of its rows exchanged; the bank's node counts what both have"):
        kept = round(len(rows) * (1 - EXCHANGED))
        near = _register(stage, "subscribers-with-bills", header, [*shuffled[:kept], *_others(rows[kept:])])
        screen.note(f"when it is registered: {near.finding}")
        stage.wait_for("the near duplicate found", lambda: _show(stage, near.dataset).state == BLOCKED)
        near = _show(stage, near.dataset)
        screen.note(f"after two private counts: {near.finding}. {near.found} {near.means}")
    with screen.step("how sensitive: detectors at home look at values, the worst column wins"):
        screen.note(_level(stage, mine.dataset))
    with screen.step("how good: six dimensions measured at home; the report is signed, its commitment stands on the ledger"):
        quality = stage.client(BANK).quality.run(mine.dataset, publish=True)
        screen.note(f"{mine.dataset}: grade {quality.grade}, {quality.score_ppm / 10_000:.1f} of 100; {quality.status}")
    found = (copy.state, copy.finding, copy.first, near.state, near.finding, near.first)
    caught = (BLOCKED, "same-content", mine.dataset, BLOCKED, "near", mine.dataset)
    findings = [copy.finding, near.finding]
    return None, {
        "expected": len(findings),
        "found": sum(one in caught for one in findings),
        "equal": found == caught,
        "seconds": round(time.monotonic() - since, 3),
        "findings": findings,
        "good": "caught",
        "seen": f"{mine.dataset} stood first; a shuffled copy: {copy.finding}; one with a tenth exchanged: {near.finding}",
    }


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def _others(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """As many rows of persons that the bank does not have."""
    return [[f"{row[0]}-X", row[1], row[2]] for row in rows]


def _register(stage: Stage, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> DatasetInfo:
    """The telecom writes a file and registers it as its own."""
    path = stage.consortium.home(TELECOM) / "data" / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    column = RegisterColumn(
        name="customer", semantics="national-id", level=2, exposure="after-join", normalisation=tables.ID_RULE
    )
    assigned = "the numbers were assigned to rows of an open table, and are nobody's own"
    address = f"{path.name}?delimiter=semicolon"
    request = RegisterDataset(name=name, path=address, title=name.replace("-", " "), columns=[column], reason=assigned)
    stage.client(TELECOM).datasets.register(request)
    return _show(stage, f"{TELECOM}/{name}/1")


def _show(stage: Stage, dataset: str) -> DatasetInfo:
    return stage.seen_by(BANK, dataset, lambda node: node.datasets.show(dataset))


def _level(stage: Stage, dataset: str) -> str:
    graded = stage.client(BANK).grading.show(dataset)
    columns = ", ".join(f"{one.name} {'/'.join(one.classes) or 'no class'}" for one in graded.columns)
    return f"{dataset}: {graded.level_text}, may leave as {', '.join(graded.allows)}; {columns}"
