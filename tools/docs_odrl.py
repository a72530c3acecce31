"""The decision table of the policy evaluator, and the context of its own terms, written by asking the code.

    python -m tools.docs_odrl            # writes docs/reference/odrl-decisions.md and specs/dex-context.jsonld
    python -m tools.docs_odrl --check    # fails where they say something else

Every cell is what the evaluator answers when it is asked; nothing on the page is typed by hand but its sentences.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from atoll.policy.odrl import Conflict, Constraint, Join, Observed, Operand, Operator, Policy, TermRule, Use, holds, judge
from atoll.policy.odrl.logic import JOINED, Truth
from atoll.policy.odrl.profile import (
    ACTIONS,
    ADVERSARY_MODELS,
    FORBIDDEN_BY,
    NAMESPACE,
    ODRL,
    OPERATORS,
    OWN_ACTIONS,
    PERMITTED_BY,
    PROFILE,
    PROFILE_IRI,
    Kind,
)

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "odrl-decisions.md"
CONTEXT = ROOT / "specs" / "dex-context.jsonld"
NOTICE = "<!-- Written by tools/docs_odrl.py from the evaluator's answers; change it there. -->"
INTRODUCTION = """\
`yes`: the condition holds for everything that was observed. `no`: it holds for none of it. `?`: it cannot be said. A permission
takes effect only by `yes`; a prohibition takes effect unless by `no`. So `?` denies on both sides. The rules behind this page:
[specs/policy.md](../../specs/policy.md). How to write terms: [write terms](../how-to/write-terms.md).
"""
WORDS = {True: "yes", False: "no", None: "?"}
TRUTHS: tuple[Truth, ...] = (True, False, None)

NAMES: tuple[tuple[str, Observed | None], ...] = (
    ("a", frozenset({"a"})),
    ("b", frozenset({"b"})),
    ("a and c", frozenset({"a", "c"})),
    ("c", frozenset({"c"})),
    ("none", frozenset()),
    ("nothing said", None),
)
NUMBERS: tuple[tuple[str, Observed | None], ...] = (("9", 9), ("10", 10), ("11", 11), ("nothing said", None))


def write_page() -> str:
    """The whole page."""
    parts = [
        f"# What the policy evaluator decides\n\n{NOTICE}\n",
        INTRODUCTION,
        "## Operands\n\nThere are no others. An unknown one is refused by its name when a policy is published.\n\n"
        + _operands(),
        "## Names against a and b\n\n" + _answers(Operand.COLUMNS, ("a", "b"), NAMES, Kind.NAMES),
        "## Parts, against `research`\n\n" + _answers(Operand.PURPOSE, ("research",), _purposes(), Kind.TREE),
        "## Ranks, against `malicious`\n\n" + _answers(Operand.ADVERSARY_MODEL, ("malicious",), _models(), Kind.RANKED),
        "## Numbers, amounts, times and durations against 10\n\n" + _answers(Operand.COUNT, ("10",), NUMBERS, Kind.NUMBER),
        "## Times without a zone, against `2026-01-01T12:00:00`\n\nA zone may lie 14 hours to either side.\n\n" + _zones(),
        "## Groups\n\n" + _groups(),
        "## Rules and strategies\n\nWhether the use is permitted, by what the permission and the prohibition come to.\n\n"
        + _strategies(),
        "## Actions\n\n" + _actions(),
    ]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _operands() -> str:
    rows = (
        (f"`{one}`", f"`{_short(known.iri)}`", known.kind, known.means, "yes" if known.observed else "no")
        for one, known in PROFILE.items()
    )
    return _table(("in terms", "on the wire", "kind", "what is observed", "jobs have it"), rows)


def _short(iri: str) -> str:
    return iri.replace(ODRL, "odrl:").replace(NAMESPACE, "dex:")


def _answers(left: Operand, right: tuple[str, ...], seen: tuple[tuple[str, Observed | None], ...], kind: Kind) -> str:
    operators = [one for one in Operator if one in OPERATORS[kind]]
    rows = (
        (f"`{one}`", *(WORDS[holds(Constraint(left=left, operator=one, right=right), value)] for _, value in seen))
        for one in operators
    )
    others = ", ".join(f"`{one}`" for one in Operator if one not in OPERATORS[kind])
    rest = f"\nNot understood here, so `?`: {others}.\n" if others else ""
    return _table(("operator", *(word for word, _ in seen)), rows) + rest


def _purposes() -> tuple[tuple[str, Observed | None], ...]:
    names = ("research", "research/medical", "researching", "marketing")
    return (*((one, frozenset({one})) for one in names), ("nothing said", None))


def _models() -> tuple[tuple[str, Observed | None], ...]:
    names = (*ADVERSARY_MODELS, "another")
    return (*((one, frozenset({one})) for one in names), ("nothing said", None))


def _zones() -> str:
    noon = 1_767_268_800
    seen = (("15 h before (UTC)", noon - 54_000), ("the same (UTC)", noon), ("15 h after (UTC)", noon + 54_000))
    operators = [one for one in Operator if one in OPERATORS[Kind.TIME]]
    rows = (
        (
            f"`{one}`",
            *(
                WORDS[holds(Constraint(left=Operand.DATE_TIME, operator=one, right=("2026-01-01T12:00:00",)), value)]
                for _, value in seen
            ),
        )
        for one in operators
    )
    return _table(("operator", *(word for word, _ in seen)), rows)


def _groups() -> str:
    rows = (
        (*(WORDS[one] for one in pair), *(WORDS[JOINED[join](pair)] for join in Join))
        for pair in itertools.product(TRUTHS, TRUTHS)
    )
    return _table(("first", "second", *(f"`{join}`" for join in Join)), rows)


def _strategies() -> str:
    said = {True: "credit-check", False: "marketing"}
    odd = Constraint(left=Operand.SPATIAL, operator=Operator.EQ, right=("CN",))

    def rule(truth: Truth) -> TermRule:
        if truth is None:
            return TermRule(action="use", constraints=(odd,))
        purpose = Constraint(left=Operand.PURPOSE, operator=Operator.EQ, right=(said[truth],))
        return TermRule(action="use", constraints=(purpose,))

    use = Use("use", {Operand.PURPOSE: frozenset({"credit-check"})})
    rows = (
        (
            WORDS[permitted],
            WORDS[prohibited],
            *(
                "permitted"
                if judge(Policy(permissions=(rule(permitted),), prohibitions=(rule(prohibited),), conflict=one), use).permits
                else "denied"
                for one in Conflict
            ),
        )
        for permitted, prohibited in itertools.product(TRUTHS, TRUTHS)
    )
    return _table(("permission", "prohibition", *(f"`{one}`" for one in Conflict)), rows)


def _actions() -> str:
    rows = (
        (
            f"`{'dex:' if one in OWN_ACTIONS else 'odrl:'}{one}`",
            ", ".join(other for other in ACTIONS if other in PERMITTED_BY[one]),
            ", ".join(other for other in ACTIONS if other in FORBIDDEN_BY[one]),
        )
        for one in ACTIONS
    )
    return _table(("action", "a permission of it covers", "a prohibition of it covers"), rows)


def write_context() -> str:
    """The JSON-LD context of the product's own terms."""
    terms = {"dex": NAMESPACE, "odrl": ODRL}
    own = [known.iri for known in PROFILE.values()] + [NAMESPACE + one for one in sorted(OWN_ACTIONS)] + [PROFILE_IRI]
    terms |= {iri.removeprefix(NAMESPACE): iri for iri in own if iri.startswith(NAMESPACE)}
    return json.dumps({"@context": terms}, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Exit status."""
    written = {PAGE: write_page(), CONTEXT: write_context()}
    stale = [path for path, text in written.items() if not path.is_file() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)}: out of date; run `make docs`")
        return 1 if stale else 0
    for path, text in written.items():
        path.write_text(text)
    print(f"{len(PROFILE)} operands, {len(Operator)} operators, {len(ACTIONS)} actions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
