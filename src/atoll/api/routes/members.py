"""Routes of members and their keys."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import ADMIN, READ

ROUTES: tuple[Route, ...] = (
    Route("members", "GET", "/v1/members", READ, "Members, roles, keys", list[m.MemberInfo]),
    Route("invite", "POST", "/v1/members/invite", ADMIN, "Invite an organisation", m.InviteInfo, m.InviteRequest),
    Route(
        "member_enrol",
        "POST",
        "/v1/members/enrol",
        ADMIN,
        "Hand over an invited organisation's enrolment",
        m.Receipt,
        m.EnrolRequest,
    ),
    Route("handover", "POST", "/v1/handover", ADMIN, "Vote for a new sequencer", m.HandoverInfo, m.HandoverRequest),
    Route("key_rotate", "POST", "/v1/keys/rotate", ADMIN, "Replace a key of this organisation", m.Receipt, m.KeyRequest),
    Route("key_revoke", "POST", "/v1/keys/revoke", ADMIN, "Revoke a key of this organisation", m.Receipt, m.KeyRequest),
)
