"""`node.catalogue`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from atoll.api import models
from atoll.client.link import Link

FOLLOWING = "https://w3id.org/atoll/dex#following"


class Catalogue:
    """Datasets of all members, found by what their cards say."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def search(
        self,
        text: str = "",
        *,
        classes: Sequence[str] = (),
        semantics: Sequence[str] = (),
        owners: Sequence[str] = (),
        states: Sequence[str] = (),
        min_level: int = 1,
        max_level: int = 6,
        quality: str = "",
        third_party: bool = False,
        matching: str = "",
        limit: int = 100,
        page: int = 1,
        after: str = "",
    ) -> models.CataloguePage:
        """One page of what is found; all that is asked must hold.

        Args:
            text: words, or beginnings of words, that all stand in what is known of a dataset.
            classes: axis, value or axis:value, such as personal, or personal:sensitive.
            semantics: meanings of columns it has.
            owners: registered by one of them.
            states: in one of these.
            min_level: 1 to 6.
            max_level: 1 to 6.
            quality: A to E: an opinion of its quality stands and is no worse.
            third_party: that opinion is a third party's.
            matching: a dataset of this organisation: found are those that could be intersected with it.
            limit: answers on a page, 1 to 100.
            page: which page, from 1.
            after: cursor of the page before, instead of `page`.
        """
        query = _query(
            text=text,
            classes=classes,
            semantics=semantics,
            owners=owners,
            states=states,
            min_level=min_level,
            max_level=max_level,
            quality=quality,
            third_party=third_party,
            matching=matching,
        )
        query |= {"limit": limit, "page": page} | ({"after": after} if after else {})
        return self._link.ask(models.CataloguePage, "catalogue_search", query=query)

    def export(self, text: str = "", **asked: Any) -> Iterator[dict[str, Any]]:
        """All that is found, as DCAT 3 in JSON-LD, a catalogue document for each page; takes what `search` takes."""
        query = _query(text=text, **asked)
        after = ""
        while True:
            document = json.loads(self._link.raw("catalogue_dcat", query=query | ({"after": after} if after else {})))
            after = document.pop(FOLLOWING, "")
            yield document
            if not after:
                return


def _query(
    *,
    text: str,
    classes: Sequence[str] = (),
    semantics: Sequence[str] = (),
    owners: Sequence[str] = (),
    states: Sequence[str] = (),
    min_level: int = 1,
    max_level: int = 6,
    quality: str = "",
    third_party: bool = False,
    matching: str = "",
) -> dict[str, Any]:
    lists = {"class": classes, "semantics": semantics, "owner": owners, "state": states}
    asked: dict[str, Any] = {name: ",".join(values) for name, values in lists.items() if values}
    asked |= {name: value for name, value in (("text", text), ("quality", quality), ("matching", matching)) if value}
    asked |= {"third_party": "yes"} if third_party else {}
    return asked | {"min_level": min_level, "max_level": max_level}
