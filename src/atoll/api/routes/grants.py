"""Routes of grants."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("grant_give", "POST", "/v1/grants", DATA, "Permit a use", m.Given, m.GiveGrant),
    Route("grant_list", "GET", "/v1/grants", READ, "Grants given and received", list[m.GrantInfo]),
    Route(
        "grant_agreement",
        "GET",
        "/v1/grants/{grant}/agreement",
        READ,
        "The terms of a grant as an ODRL agreement in JSON-LD",
        "application/ld+json",
    ),
    Route("grant_revoke", "POST", "/v1/grants/{grant}/revoke", DATA, "Take a grant back", m.Receipt),
)
