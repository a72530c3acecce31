"""Routes of what members decide together."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import ADMIN, READ

ROUTES: tuple[Route, ...] = (
    Route("motions", "GET", "/v1/motions", READ, "What members decide together", list[m.MotionInfo]),
    Route("motion_open", "POST", "/v1/motions", ADMIN, "Ask the members for a decision", m.MotionInfo, m.MotionRequest),
    Route("motion_approve", "POST", "/v1/motions/approve", ADMIN, "Approve a motion", m.MotionInfo, m.MotionApproval),
    Route("motion_withdraw", "POST", "/v1/motions/withdraw", ADMIN, "Take an approval back", m.MotionInfo, m.MotionApproval),
    Route("leave", "POST", "/v1/members/leave", ADMIN, "Leave, or stop validating", m.Receipt, m.LeaveRequest),
)
