"""The reference of levels, tables and detectors, written from the code and the data files.

python -m tools.docs_levels            # writes docs/reference/levels-and-detectors.md
python -m tools.docs_levels --check    # fails where the page says something else
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from atoll.exchange.grading import DEFAULT_TABLE, DETECTORS, LevelTable, built_in
from atoll.exchange.grading.detectors.numbers import COMPANIES, PERSONAL
from atoll.exchange.grading.table import DEGREES
from atoll.policy.demand import Exposure
from atoll.policy.levels import STATUS, Level, level_name, permitted_exposures, permitted_modes

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "levels-and-detectors.md"
NOTICE = "<!-- Written by tools/docs_levels.py from the code and the tables of levels; change it there. -->"


def write_page() -> str:
    """The whole page."""
    return "\n".join([NOTICE, "", "# Levels and detectors", "", *_gate(), *_tables(), *_detectors()]) + "\n"


def _gate() -> Iterator[str]:
    yield f"## What a level allows ({STATUS})"
    yield ""
    yield "Asked when a card is published, when a node consents, at START, while a job runs, and whenever a result is read."
    yield ""
    rows = (
        (level_name(level), _listed(sorted(permitted_modes(level)), "nothing"), _exposures(level), _more(level))
        for level in Level
    )
    yield from _table(("level", "reaches others by", "exposures of a column", "of a column that is compared, also"), rows)
    yield ""
    yield "`file`: all values as they are; `api`: rows that the receiver can ask for; `compute`: what was computed from values."
    yield "Important data need a regulator's approval that names every party. At G4, rows may leave if none of their columns is"
    yield "of G4 and the card explains the level on the ledger."
    yield ""


def _exposures(level: Level) -> str:
    allowed = permitted_exposures(level, compared=False)
    return "all" if len(allowed) == len(Exposure) else _listed([str(one) for one in Exposure if one in allowed])


def _more(level: Level) -> str:
    more = permitted_exposures(level, compared=True) - permitted_exposures(level, compared=False)
    return _listed(sorted(str(one) for one in more), "")


def _tables() -> Iterator[str]:
    for one in built_in().values():
        usual = ", the usual one" if one.id == DEFAULT_TABLE else ""
        yield f"## Table {one.id}: {one.status}{usual}"
        yield ""
        yield f"{one.title}. Source: {one.source}. A finding counts from a confidence of {one.sure} on. A column in which"
        yield f"nothing was found is of level {level_name(one.nothing_found)}."
        yield ""
        yield from _table(("what is found", "classes", "least level"), _kinds(one))
        yield ""
        whom = dict.fromkeys(each for each, _ in one.harm)
        cells = ((each, *(_outcome(one, each, degree) for degree in DEGREES)) for each in whom)
        yield from _table(("harm to", *DEGREES), cells)
        yield ""


def _kinds(table: LevelTable) -> Iterator[tuple[str, ...]]:
    for kind, classes in table.kinds.items():
        yield kind, _listed(classes), level_name(max(table.level_of(classes), table.nothing_found))


def _outcome(table: LevelTable, whom: str, degree: str) -> str:
    return level_name(table.level_of_harm(whom, degree))


def _detectors() -> Iterator[str]:
    yield "## Detectors"
    yield ""
    yield from _table(("detector", "finds", "rests on"), ((one.name, one.says, one.rests_on) for one in DETECTORS))
    yield ""
    yield "Official numbers, with the share of other values of the same shape that pass their check by chance. Where digits"
    yield "alone say nothing, only numbers written with their separators are looked at."
    yield ""
    schemes = (
        (what, one.name, f"{one.chance:.1%}", "yes" if one.dashed else "")
        for what, group in (("national-id", PERSONAL), ("company-code", COMPANIES))
        for one in group
    )
    yield from _table(("detector", "number", "by chance", "with separators only"), schemes)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _listed(values: Iterable[str], nothing: str = "-") -> str:
    return ", ".join(values) or nothing


def main() -> int:
    """Write the page, or compare it."""
    written = write_page()
    if "--check" in sys.argv[1:]:
        same = PAGE.exists() and PAGE.read_text("utf-8") == written
        if not same:
            print(f"{PAGE.name}: run `python -m tools.docs_levels`")
        return int(not same)
    PAGE.write_text(written, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
