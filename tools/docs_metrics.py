"""The reference of quality metrics, written from the data file that they are measured by.

python -m tools.docs_metrics            # writes docs/reference/quality-metrics.md
python -m tools.docs_metrics --check    # fails where the committed page says something else
"""

from __future__ import annotations

import sys
from pathlib import Path

from atoll.exchange.quality.metrics import GRADES, MetricSet, Over, packaged

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "quality-metrics.md"
_OVER = {Over.COLUMN: "column", Over.TABLE: "table", Over.CARD: "card"}


def write_page(metrics: MetricSet) -> str:
    """The whole page."""
    lines = [
        "<!-- Written by tools/docs_metrics.py from src/atoll/exchange/quality/sets; change it there. -->",
        "# Metrics of quality",
        "",
        f"The set `{metrics.name}`, after {metrics.standard}. Status: **{metrics.status}**: nobody has compared names,",
        "weights and thresholds with the standards' text yet. [How to measure](../how-to/measure-quality.md);",
        "[how a score comes about, and what a report proves](../../specs/quality.md).",
        "",
        "## Grades",
        "",
        "| grade | score from |",
        "|---|---|",
        *(f"| {grade} | {_percent(least)} |" for grade, least in zip(GRADES, (*metrics.grades, 0), strict=True)),
        "",
        "A table without rows is E, whatever its card says.",
    ]
    for dimension in metrics.dimensions:
        lines += [
            "",
            f"## {dimension.title}",
            "",
            f"{dimension.clause}; ISO/IEC 25012: {dimension.iso25012}. Weight {dimension.weight}.",
            "",
            "| metric | of each | weight | full from | a sample has it | what is good |",
            "|---|---|---|---|---|---|",
        ]
        for one in metrics.metrics:
            if one.dimension == dimension.id:
                about = _OVER[one.over] + (f" ({one.needs})" if one.needs else "")
                sampled = "yes" if one.sampled else "no"
                lines.append(
                    f"| `{one.id}` | {about} | {one.weight} | {_percent(one.threshold_ppm)} | {sampled} | {one.meaning} |"
                )
    lines += ["", "## Patterns", "", "How values of a meaning are written; other meanings are not checked.", ""]
    lines += ["| meaning | regular expression |", "|---|---|"]
    lines += [f"| `{name}` | `{pattern.replace('|', chr(92) + '|')}` |" for name, pattern in metrics.patterns.items()]
    return "\n".join(lines) + "\n"


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"


def main() -> None:
    page = write_page(packaged())
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text("utf-8") != page:
            sys.exit(f"{PAGE.name} says something else than the data file: run `python -m tools.docs_metrics`")
        return
    PAGE.write_text(page, "utf-8")
    print(f"{len(packaged().metrics)} metrics are described")


if __name__ == "__main__":
    main()
