"""Terms on the command line: read from a file, shown in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from atoll.cli.files import read_bytes
from atoll.cli.reply import Rows
from atoll.policy.odrl.jsonld import load_document

Row = tuple[str, str, str, str]


def load_terms(path: Path) -> dict[str, Any]:
    """The JSON document in a file; what it says is the node's to judge.

    Raises:
        FileUnusable: it cannot be read.
        PolicyRefused: it is no JSON object, or a key stands twice in it.
    """
    return dict(load_document(read_bytes(path)))


def describe_terms(terms: Mapping[str, Any]) -> Rows:
    """Rules as a table.

    Raises:
        KeyError, TypeError: they are of a form this version does not know.
    """
    rows: list[Row] = []
    for word, key, duty in (("permitted if", "permissions", "once done"), ("never if", "prohibitions", "made good by")):
        for rule in terms[key]:
            said = list(_conditions(word, rule))
            rows.extend(said or [(word, "always", "", "")])
            rows.extend(row for one in rule["duties"] for row in _duty(duty, one))
    rows.extend(row for one in terms["obligations"] for row in _duty("must", one))
    if terms["conflict"] != "prohibit":
        rows.append(("conflict", "strategy", "is", terms["conflict"]))
    return Rows(("terms", "what", "is", "values"), rows, "no constraints")


def _conditions(word: str, rule: Mapping[str, Any]) -> Iterator[Row]:
    action = rule["action"]
    if action != "use":
        yield word, "action", "is", action
    for name in ("assignee", "target"):
        if rule.get(name):
            yield word, name, "is", rule[name]
    yield from _constraints(word, rule)


def _constraints(word: str, holder: Mapping[str, Any]) -> Iterator[Row]:
    for one in holder["constraints"]:
        yield word, one["left"], one["operator"], ", ".join(one["right"])
    for group in holder["groups"]:
        yield word, group["join"], "of", in_words(group)


def _duty(word: str, duty: Mapping[str, Any]) -> Iterator[Row]:
    how = "; ".join(f"{what} {operator} {values}" for _, what, operator, values in _constraints(word, duty))
    yield word, duty["action"], duty["uid"] or "", how
    for inner in duty["consequences"]:
        yield from _duty("else also", inner)


def in_words(group: Mapping[str, Any]) -> str:
    """Members of a group in one line."""
    members = [f"{one['left']} {one['operator']} {', '.join(one['right'])}" for one in group["constraints"]]
    members.extend(f"{one['join']} of ({in_words(one)})" for one in group["groups"])
    return "; ".join(members)
