"""Routes of rights."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("right_give", "POST", "/v1/rights", DATA, "Grant, sublicense or lease a right", m.RightGiven, m.RightRequest),
    Route(
        "right_list",
        "GET",
        "/v1/rights",
        READ,
        "Rights, all or in a lineage or of a holder",
        list[m.RightInfo],
        query=("lineage", "holder"),
    ),
    Route("right_show", "GET", "/v1/rights/{right}", READ, "One right, with those above and below it", m.RightDetail),
    Route("right_transfer", "POST", "/v1/rights/{right}/transfer", DATA, "Pass a right on", m.Receipt, m.RightTransfer),
    Route("right_freeze", "POST", "/v1/rights/{right}/freeze", DATA, "Freeze a right", m.Receipt, m.RightAct),
    Route("right_unfreeze", "POST", "/v1/rights/{right}/unfreeze", DATA, "End a freeze of a right", m.Receipt, m.RightAct),
    Route("right_revoke", "POST", "/v1/rights/{right}/revoke", DATA, "End a right for good", m.Receipt, m.RightAct),
    Route("right_history", "GET", "/v1/rights/{right}/history", READ, "Every state a right has had", list[m.RightChange]),
    Route(
        "right_history_proof",
        "GET",
        "/v1/rights/{right}/history/proof",
        READ,
        "The same as a file that verifies offline",
        "application/vnd.atoll.evidence",
    ),
    Route(
        "right_holders",
        "GET",
        "/v1/lineages/{owner}/{name}/rights",
        READ,
        "Who held what after a block",
        m.HoldersInfo,
        query=("at",),
    ),
    Route(
        "right_holders_proof",
        "GET",
        "/v1/lineages/{owner}/{name}/rights/proof",
        READ,
        "The same as a file that verifies offline",
        "application/vnd.atoll.evidence",
        query=("at",),
    ),
)
