"""Routes of standing consents and duties."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import APPROVE, DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("duty_list", "GET", "/v1/grants/{grant}/duties", READ, "How the duties of a grant stand", list[m.DutyInfo]),
    Route("duty_note", "POST", "/v1/grants/{grant}/duties", DATA, "Note that a duty was done", list[m.DutyInfo], m.NoteDuty),
    Route("standing_give", "POST", "/v1/standing", APPROVE, "Consent in advance", m.StandingGiven, m.GiveStanding),
    Route("standing_list", "GET", "/v1/standing", READ, "Standing consents", list[m.StandingInfo]),
    Route("standing_revoke", "POST", "/v1/standing/{standing}/revoke", APPROVE, "Take a standing consent back", m.Receipt),
)
