"""The lists of `words.toml`: names of columns, and words that values hold."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def words(section: str, name: str) -> tuple[str, ...]:
    """A list.

    Args:
        section: `columns`, `values` or `letters`.
    """
    return tuple(_load()[section][name])


@cache
def _load() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8"))
