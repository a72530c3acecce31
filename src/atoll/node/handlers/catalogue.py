"""The catalogue: the routes' handlers."""

from __future__ import annotations

import json

from fastapi import Request, Response

from atoll.api import models
from atoll.exchange.catalogue.query import MAX_PAGE, Query
from atoll.exchange.quality.metrics import GRADES
from atoll.node.errors import BadRequest
from atoll.node.handlers.base import Handler, number_of


class CatalogueHandlers(Handler):
    """The catalogue."""

    async def catalogue_search(self, request: Request, _: str) -> models.CataloguePage:
        return await self._services.catalogue.search(query_of(request), matching=request.query_params.get("matching", ""))

    async def catalogue_dcat(self, request: Request, _: str) -> Response:
        matching = request.query_params.get("matching", "")
        document = await self._services.catalogue.to_dcat(query_of(request), matching=matching)
        return Response(json.dumps(document, ensure_ascii=False), media_type="application/ld+json")


def query_of(request: Request) -> Query:
    """What stands behind the question mark; several values of one kind have commas between.

    Raises:
        BadRequest: a grade or a number is none.
    """
    asked = request.query_params
    grade = asked.get("quality", "").upper()
    if grade and grade not in tuple(GRADES):
        raise BadRequest(reason=f"a grade of quality is one of {', '.join(GRADES)}")
    return Query(
        text=asked.get("text", ""),
        classes=_several(request, "class"),
        semantics=_several(request, "semantics"),
        owners=_several(request, "owner"),
        states=_several(request, "state"),
        least_level=number_of(request, "min_level", 1),
        most_level=number_of(request, "max_level", 6),
        worst_grade=GRADES.index(grade) + 1 if grade else 0,
        third_party=asked.get("third_party", "") == "yes",
        limit=number_of(request, "limit", MAX_PAGE),
        page=number_of(request, "page", 1),
        after=asked.get("after", ""),
    )


def _several(request: Request, name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in request.query_params.get(name, "").split(",") if one.strip())
