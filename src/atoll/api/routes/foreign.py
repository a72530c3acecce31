"""Routes of duplicates across consortia."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("duplicate_list", "GET", "/v1/duplicates", READ, "Claims across consortia", list[m.ForeignClaimInfo]),
    Route(
        "duplicate_section",
        "GET",
        "/v1/duplicates/section",
        READ,
        "This consortium's part of an agreement with others",
        m.ForeignSection,
    ),
    Route(
        "duplicate_show",
        "GET",
        "/v1/duplicates/{fingerprint}",
        READ,
        "One claim across consortia, with the proofs that lie here",
        m.ForeignClaimInfo,
    ),
    Route(
        "duplicate_sign",
        "POST",
        "/v1/duplicates/{fingerprint}/signatures",
        DATA,
        "Say that a claim in another consortium is this organisation's own",
        m.ForeignSigned,
        m.ForeignPlace,
    ),
    Route(
        "duplicate_release", "POST", "/v1/duplicates/{fingerprint}/release", DATA, "Give up a claim across consortia", m.Receipt
    ),
)
