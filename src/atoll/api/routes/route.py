"""One route of the API, as node, client and documentation need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atoll.api.models import Model
from atoll.api.scopes import Scope


@dataclass(frozen=True, slots=True)
class Route:
    """One route."""

    name: str
    method: str
    path: str
    scope: Scope
    summary: str
    answer: Any
    """What comes back: a model, a list of models, or the media type of something that is not JSON."""
    body: type[Model] | None = None
    """What is sent."""
    query: tuple[str, ...] = ()
    """Whole numbers or words behind the question mark; all of them can be left out."""
