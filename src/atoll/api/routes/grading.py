"""Routes of levels and what they rest on."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import APPROVE, DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("grade_file", "POST", "/v1/grades", DATA, "What detectors find in a file here", m.GradeInfo, m.GradeFile),
    Route("grade_tables", "GET", "/v1/grades/tables", READ, "Tables of classes and levels", list[m.LevelTableInfo]),
    Route("grade_show", "GET", "/v1/grades/{owner}/{name}/{version}", READ, "The grade of a dataset", m.GradeInfo),
    Route(
        "grade_override",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/override",
        DATA,
        "Change the level of a dataset, signed",
        m.Receipt,
        m.RegradeRequest,
    ),
    Route(
        "grade_paper",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/paper",
        DATA,
        "For a person to sign: that a dataset of level G4 or above may be lowered",
        m.PaperInfo,
        m.RegradeRequest,
    ),
    Route(
        "grade_approve",
        "POST",
        "/v1/grades/{owner}/{name}/{version}/approve",
        APPROVE,
        "Permit, as a regulator, that members compute with important data",
        m.Receipt,
        m.ApproveRequest,
    ),
)
