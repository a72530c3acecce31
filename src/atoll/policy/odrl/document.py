"""A JSON text as one object that can be read in one way only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from atoll.policy.errors import PolicyRefused

MAX_POLICY_BYTES = 256_000
"""Longest JSON text that is read."""


def load_document(source: str | bytes) -> Mapping[str, Any]:
    """The JSON object of a text, in which no key stands twice.

    Raises:
        PolicyRefused: too long, too deep, or no JSON object.
    """
    if len(source) > MAX_POLICY_BYTES:
        refuse("document", f"it is longer than {MAX_POLICY_BYTES} bytes")
    try:
        document = json.loads(source, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        refuse("document", "it is nested too deeply")
    except ValueError as err:
        refuse("document", f"it is not JSON ({str(err)[:120]})")
    if not isinstance(document, dict):
        refuse("document", "it is not a JSON object")
    return document


def refuse(where: str, what: str) -> NoReturn:
    raise PolicyRefused(where=where, what=what)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
