"""Routes of the catalogue."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import READ

QUERY = (
    "text",
    "class",
    "semantics",
    "owner",
    "state",
    "min_level",
    "max_level",
    "quality",
    "third_party",
    "matching",
    "limit",
    "page",
    "after",
)
"""What the catalogue can be asked; several values of one kind have commas between."""

ROUTES: tuple[Route, ...] = (
    Route(
        "catalogue_search",
        "GET",
        "/v1/catalogue",
        READ,
        "Datasets of all members, found by what their cards say",
        m.CataloguePage,
        query=QUERY,
    ),
    Route(
        "catalogue_dcat",
        "GET",
        "/v1/catalogue/dcat",
        READ,
        "The same page as DCAT 3 in JSON-LD",
        "application/ld+json",
        query=QUERY,
    ),
)
