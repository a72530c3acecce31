"""Routes of disputes."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import AUDIT, DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("dispute_open", "POST", "/v1/disputes", DATA, "Contest a version", m.DisputeOpened, m.OpenRequest),
    Route("dispute_list", "GET", "/v1/disputes", READ, "All disputes", list[m.DisputeInfo]),
    Route("dispute_show", "GET", "/v1/disputes/{dispute}", READ, "One dispute, with what was said", m.DisputeInfo),
    Route("dispute_answer", "POST", "/v1/disputes/{dispute}/answers", DATA, "Answer in a dispute", m.Receipt, m.AnswerRequest),
    Route(
        "dispute_decide",
        "POST",
        "/v1/disputes/{dispute}/decision",
        AUDIT,
        "Decide a dispute of others",
        m.Receipt,
        m.DecideRequest,
    ),
    Route(
        "dispute_withdraw",
        "POST",
        "/v1/disputes/{dispute}/withdraw",
        DATA,
        "Take back a dispute that this organisation opened",
        m.Receipt,
        m.AnswerRequest,
    ),
)
