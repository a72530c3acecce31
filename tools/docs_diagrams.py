"""Pictures in the documentation that are drawn from the code, so that they cannot rot.

    python -m tools.docs_diagrams            # draws them again, in ARCHITECTURE.md
    python -m tools.docs_diagrams --check    # fails where the page shows something else

A page holds the line `<!-- drawn: NAME, by tools/docs_diagrams.py -->`; the fenced block that follows it is the drawing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from atoll.ledger.rules.job import TRANSITIONS
from tools.layers import PICTURE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
_PLACE = re.compile(r"(<!-- drawn: ([a-z-]+), by tools/docs_diagrams\.py -->\n```\n)(.*?)(```\n)", re.DOTALL)


def draw_states(transitions: Mapping[tuple[str, str], str]) -> str:
    """A life cycle as text: the longest way through it on the first line, then every other way out, a state a line.

    Args:
        transitions: (state, event) -> state, without circles.
    """
    main = _longest(transitions, _first(transitions))
    on_main = {(state, event) for state, event, _ in main}
    lines = ["".join(f"{state} --{event}--> " for state, event, _ in main) + main[-1][2], ""]
    width = max(len(state) for state, _ in transitions)
    for state in dict.fromkeys(state for state, _ in transitions):
        others = [f"{event} -> {to}" for (at, event), to in transitions.items() if at == state and (at, event) not in on_main]
        if others:
            lines.append(f"{state:<{width}}   {', '.join(others)}")
    return "\n".join(lines) + "\n"


def _first(transitions: Mapping[tuple[str, str], str]) -> str:
    reached = set(transitions.values())
    return next(state for state, _ in transitions if state not in reached)


def _longest(transitions: Mapping[tuple[str, str], str], state: str) -> list[tuple[str, str, str]]:
    """The longest chain of (state, event, following state); of equal ones the first."""
    ways = [[(at, event, to), *_longest(transitions, to)] for (at, event), to in transitions.items() if at == state]
    return max(ways, key=len, default=[])


DRAWINGS: dict[str, Callable[[], str]] = {
    "layers": lambda: PICTURE.strip("\n").replace("    ", "", 1).replace("\n    ", "\n").rstrip() + "\n",
    "job-states": lambda: draw_states({(str(at), event): str(to) for (at, event), to in TRANSITIONS.items()}),
}
"""Every drawing by name."""


def redraw(page: str) -> str:
    """The page with every drawing as the code is now.

    Raises:
        KeyError: the page asks for a drawing that there is not.
    """
    return _PLACE.sub(lambda found: found[1] + DRAWINGS[found[2]]() + found[4], page)


def names_in(page: str) -> list[str]:
    """The drawings that a page holds."""
    return [found[2] for found in _PLACE.finditer(page)]


def main() -> int:
    page = PAGE.read_text()
    drawn = redraw(page)
    if "--check" in sys.argv[1:]:
        print("the drawings are up to date" if drawn == page else "ARCHITECTURE.md: run `python -m tools.docs_diagrams`")
        return 0 if drawn == page else 1
    PAGE.write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
