"""Routes of what a node says of itself."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import READ

ROUTES: tuple[Route, ...] = (
    Route("status", "GET", "/v1/status", READ, "How this node is", m.Status),
    Route("doctor", "GET", "/v1/doctor", READ, "What is wrong and what to do", list[m.DoctorFinding]),
)
