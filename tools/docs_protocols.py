"""The table of intersection protocols in the documentation, written from the adapters that plans are made with.

    python -m tools.docs_protocols            # writes it again
    python -m tools.docs_protocols --check    # fails where the page says something else

What stands between `<!-- written: NAME, by tools/docs_protocols.py -->` and `<!-- end -->` is written here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from atoll.jobs.intersection.leakage import leakage_text
from atoll.jobs.intersection.outputs import Output
from atoll.jobs.intersection.protocols import PROTOCOLS
from atoll.jobs.intersection.protocols.adapter import Adapter
from atoll.jobs.intersection.shape import Shape

ROWS = 1_000_000
"""Row caps of the statements on the page, where a statement depends on them."""
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "choosing-an-intersection.md"
_PLACE = re.compile(r"(<!-- written: ([a-z-]+), by tools/docs_protocols\.py -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)


def write_choice() -> str:
    """One line a protocol: what it gives, to how many, against whom, at most how many rows, and when to choose it."""
    lines = ["| protocol | gives | organisations | withstands | rows a side | when to choose it |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_choice(one))} |" for one in PROTOCOLS.values()]
    return "\n".join(lines) + "\n"


def write_leakage() -> str:
    """One line a protocol: what each side learns."""
    lines = ["| protocol | a receiver learns beside its output | every other side learns |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {one.receiver_learns} | {one.owner_learns} |" for one in PROTOCOLS.values()]
    return "\n".join(lines) + "\n"


def write_statements() -> str:
    """For each protocol the statement that stands in a plan and that every owner signs."""
    return (
        "\n".join(f"- `{one.name}`, {output}: *{text}*" for one in PROTOCOLS.values() for output, text in _statements(one))
        + "\n"
    )


TABLES: Mapping[str, Callable[[], str]] = {"choice": write_choice, "leakage": write_leakage, "statements": write_statements}


def rewrite(page: str) -> str:
    """The page with every table as the code has it."""
    return _PLACE.sub(lambda found: found[1] + "\n" + TABLES[found[2]]() + "\n" + found[4], page)


def names_in(page: str) -> list[str]:
    """The tables that a page has places for."""
    return [name for _, name, _, _ in _PLACE.findall(page)]


def _choice(one: Adapter) -> tuple[str, ...]:
    places = f"{one.places.start}" if len(one.places) == 1 else f"{one.places.start} to {one.places.stop - 1}"
    variants = f" ({', '.join(one.variants)})" if any(one.variants) else ""
    return (
        f"`{one.name}`{variants}",
        ", ".join(str(output) for output in Output if output in one.outputs)
        + (", with noise if asked" if one.adds_noise else ""),
        places,
        ", ".join(one.securities),
        f"{one.most_rows:,}",
        one.choose_it,
    )


def _statements(one: Adapter) -> Iterator[tuple[str, str]]:
    owners = (ROWS,) * (one.places.start - 1)
    for output in Output:
        for security in one.securities:
            if output in one.outputs:
                shape = Shape(receiver_rows=ROWS, owner_rows=owners, output=output, security=security)
                name = f"{output}, {security}" if len(one.securities) > 1 else str(output)
                yield name, leakage_text(one, shape)


def main() -> int:
    """Write the page, or compare it."""
    page = PAGE.read_text("utf-8")
    written = rewrite(page)
    if "--check" in sys.argv[1:]:
        return int(written != page)
    PAGE.write_text(written, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
