"""Templates: policies with typed holes, kept as data files, filled in before anybody sees them.

A hole is filled by text of its kind and nothing else; what is made is an ODRL document that is read and checked like one that a
person wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.odrl.profile import XSD
from atoll.policy.odrl.values import parse_decimal, parse_number, parse_time

HOLE = "dex:hole"
_FOLDER = resources.files(__package__) / "data"


class HoleKind(StrEnum):
    """What may be put into a hole."""

    NAME = "name"
    """One name."""
    NAMES = "names"
    """Names, with commas between."""
    NUMBER = "number"
    """A whole number."""
    DECIMAL = "decimal"
    """A decimal number."""
    TIME = "time"
    """A date, or a date and time."""


@dataclass(frozen=True, slots=True)
class Hole:
    """One place to fill."""

    name: str
    kind: HoleKind
    about: str
    """What belongs there, for people."""
    default: str
    """What stands there if nothing is said; empty if something must be."""


@dataclass(frozen=True, slots=True)
class Template:
    """A policy that is used again and again."""

    name: str
    title: str
    about: str
    holes: tuple[Hole, ...]
    policy: Mapping[str, Any]
    """The document, with holes."""

    def fill(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The document with its holes filled.

        Raises:
            PolicyRefused: a hole is unknown, left open, or filled with what does not belong there.
        """
        known = {one.name for one in self.holes}
        for name in values:
            if name not in known:
                raise PolicyRefused(where=self.name, what=f"it has no place for {name}; it has {', '.join(sorted(known))}")
        filled = {one.name: _filled(self.name, one, values.get(one.name, one.default)) for one in self.holes}
        document: dict[str, Any] = _replaced(self.policy, filled)
        parse_policy_json(document)
        return document


def template_names() -> Iterator[str]:
    """The templates there are, sorted."""
    yield from sorted(one.name.removesuffix(".json") for one in _FOLDER.iterdir() if one.name.endswith(".json"))


def load_template(name: str) -> Template:
    """A template by its name.

    Raises:
        PolicyRefused: there is none of this name.
    """
    if name not in template_names():
        raise PolicyRefused(where="template", what=f"there is no template {name[:80]}; there are {', '.join(template_names())}")
    loaded = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    holes = (
        Hole(hole, HoleKind(said["kind"]), said["about"], said.get("default", "")) for hole, said in loaded["holes"].items()
    )
    return Template(name, loaded["title"], loaded["about"], tuple(holes), loaded["policy"])


def _filled(template: str, hole: Hole, text: str) -> Any:
    """The right operand that a text makes in a hole."""
    if not text:
        raise PolicyRefused(where=template, what=f"{hole.name} must be said: {hole.about}")
    names = [one.strip() for one in text.split(",")]
    match hole.kind:
        case HoleKind.NAMES if all(names):
            return names
        case HoleKind.NAME if len(names) == 1:
            return text
        case HoleKind.NUMBER if parse_number(text) is not None:
            return {"@value": text, "@type": XSD + "integer"}
        case HoleKind.DECIMAL if parse_decimal(text) is not None:
            return {"@value": text, "@type": XSD + "decimal"}
        case HoleKind.TIME if parse_time(text) is not None and parse_number(text) is None:
            return {"@value": text, "@type": XSD + ("date" if len(text) == len("2027-01-01") else "dateTime")}
        case _:
            raise PolicyRefused(where=template, what=f"{text[:80]} is no {hole.kind} for {hole.name}")


def _replaced(value: Any, filled: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {HOLE}:
            return filled[value[HOLE]]
        return {key: _replaced(inner, filled) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, filled) for inner in value]
    return value
