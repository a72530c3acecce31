"""Routes of regulators' orders and the persons who sign."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import ADMIN, READ

ROUTES: tuple[Route, ...] = (
    Route("order_draft", "POST", "/v1/orders/draft", ADMIN, "An order for two persons to sign", m.PaperInfo, m.OrderRequest),
    Route("order_submit", "POST", "/v1/orders", ADMIN, "Hand in an order that two persons signed", m.OrderGiven, m.PaperInfo),
    Route("order_list", "GET", "/v1/orders", READ, "Orders of regulators", list[m.OrderInfo]),
    Route("order_show", "GET", "/v1/orders/{order}", READ, "One order, with who signed it", m.OrderInfo),
    Route(
        "approver_ask",
        "POST",
        "/v1/approvers/draft",
        ADMIN,
        "A request for a person to become an approver",
        m.PaperInfo,
        m.ApproverAsk,
    ),
    Route("approver_add", "POST", "/v1/approvers", ADMIN, "Register a person whose request is signed", m.Receipt, m.PaperInfo),
    Route("approver_list", "GET", "/v1/approvers", READ, "Persons whose signatures count", list[m.ApproverInfo]),
    Route("approver_revoke", "POST", "/v1/approvers/{person}/revoke", ADMIN, "Take a person out of force", m.Receipt),
)
