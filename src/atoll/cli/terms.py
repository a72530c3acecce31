"""Terms on the command line: read from a file, shown in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from atoll.cli.errors import BadArgument
from atoll.cli.files import read_bytes
from atoll.cli.reply import Rows
from atoll.policy.odrl import Observed, Operand, Policy, Use
from atoll.policy.odrl.check import NUMBERS
from atoll.policy.odrl.document import load_document
from atoll.policy.odrl.profile import PROFILE, Kind
from atoll.policy.odrl.values import parse_decimal, parse_duration, parse_number, parse_time
from atoll.wire.plain import to_plain

Row = tuple[str, str, str, str]


def load_terms(path: Path) -> dict[str, Any]:
    """The JSON document in a file; what it says is the node's to judge.

    Raises:
        FileUnusable: it cannot be read.
        PolicyRefused: it is no JSON object, or a key stands twice in it.
    """
    return dict(load_document(read_bytes(path)))


def load_request(path: Path) -> Use:
    """A use in a file: the action, and values by operand, as names, numbers or a time.

    Raises:
        FileUnusable: it cannot be read.
        PolicyRefused: it is no JSON object.
        BadArgument: it names an operand that there is not, or a value that is none.
    """
    document = dict(load_document(read_bytes(path)))
    action, parties, targets = (document.pop(name, default) for name, default in _BESIDE.items())
    values: dict[Operand, Observed] = {}
    for name, value in document.items():
        if name not in set(Operand):
            raise BadArgument(what=f"the request's {name}", reason=f"there is no such operand; there are {', '.join(Operand)}")
        values[Operand(name)] = _observed(Operand(name), value)
    return Use(str(action), values, parties=_names("assignee", parties), targets=_names("target", targets))


_BESIDE: dict[str, Any] = {"action": "use", "assignee": [], "target": []}


def _observed(operand: Operand, value: Any) -> Observed:
    kind = PROFILE[operand].kind
    if kind not in NUMBERS:
        return _names(operand, value)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if kind is Kind.TIME:
        interval = parse_time(text)
        if interval is not None and interval[0] == interval[1]:
            return interval[0]
    else:
        number = {Kind.NUMBER: parse_number, Kind.DECIMAL: parse_decimal, Kind.DURATION: parse_duration}[kind](text)
        if number is not None:
            return number
    raise BadArgument(what=f"the request's {operand}", reason=f"{text or value} is no {kind}")


def _names(name: str, value: Any) -> frozenset[str]:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in listed):
        raise BadArgument(what=f"the request's {name}", reason="it is a name or a list of names")
    return frozenset(listed)


def parse_settings(settings: list[str] | None) -> dict[str, str]:
    """`NAME=VALUE`, repeated.

    >>> parse_settings(["columns=ref,name", "rows=10"])
    {'columns': 'ref,name', 'rows': '10'}

    Raises:
        BadArgument: not of this form, or the same name twice.
    """
    found: dict[str, str] = {}
    for one in settings or []:
        name, sign, value = one.partition("=")
        if not sign or not name or name in found:
            raise BadArgument(what=f"--set {one[:80]}", reason="it reads NAME=VALUE, each name once")
        found[name] = value
    return found


def describe_policy(policy: Policy) -> Rows:
    """The rules of a policy as a table."""
    return describe_terms(to_plain(policy))


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
