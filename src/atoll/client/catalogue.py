"""`node.catalogue`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from atoll.api import models
from atoll.client.link import Link

FOLLOWING = "https://w3id.org/atoll/dex#following"


class Query(TypedDict, total=False):
    """What is looked for in the catalogue; all that is asked must hold."""

    classes: Sequence[str]
    """Axis, value or axis:value, such as personal, or personal:sensitive."""
    semantics: Sequence[str]
    """Meanings of columns it has."""
    owners: Sequence[str]
    """Registered by one of them."""
    states: Sequence[str]
    """In one of these: active, frozen, recalled, blocked, withdrawn, ..."""
    min_level: int
    """1 to 6."""
    max_level: int
    """1 to 6."""
    quality: str
    """A to E: an opinion of its quality stands and is no worse."""
    third_party: bool
    """That opinion is a third party's."""
    matching: str
    """A dataset of this organisation: found are those that could be intersected with it."""


class Catalogue:
    """Datasets of all members, found by what their cards say."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def search(
        self, text: str = "", *, limit: int = 100, page: int = 1, after: str = "", **asked: Unpack[Query]
    ) -> models.CataloguePage:
        """One page of what is found.

        Args:
            text: words, or beginnings of words, that all stand in what is known of a dataset.
            limit: answers on a page, 1 to 100.
            page: which page, from 1.
            after: cursor of the page before, instead of `page`.
            asked: what else is looked for.
        """
        query = _parameters(text, asked) | {"limit": limit, "page": page} | ({"after": after} if after else {})
        return self._link.ask(models.CataloguePage, "catalogue_search", query=query)

    def export(self, text: str = "", **asked: Unpack[Query]) -> Iterator[dict[str, Any]]:
        """All that is found, as DCAT 3 in JSON-LD, a catalogue document for each page."""
        query, after = _parameters(text, asked), ""
        while True:
            document = json.loads(self._link.raw("catalogue_dcat", query=query | ({"after": after} if after else {})))
            after = document.pop(FOLLOWING, "")
            yield document
            if not after:
                return


_SPELLED = {"classes": "class", "owners": "owner", "states": "state"}


def _parameters(text: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A query as the route spells it."""
    return {_SPELLED.get(name, name): _value(value) for name, value in {"text": text, **asked}.items() if value}


def _value(value: Any) -> Any:
    match value:
        case bool():
            return "yes"
        case str() | int():
            return value
        case _:
            return ",".join(value)
