"""Routes of reviewed programs."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import APPROVE, READ

ROUTES: tuple[Route, ...] = (
    Route("program_list", "GET", "/v1/programs", READ, "Programs that were reviewed here", list[m.ProgramInfo]),
    Route("program_show", "GET", "/v1/jobs/{job}/program", READ, "The program of a job, in words", m.ProgramText),
    Route(
        "program_review",
        "POST",
        "/v1/programs/{digest}/review",
        APPROVE,
        "Say that a person has read a program, and that it may be run on own data",
        m.ProgramInfo,
    ),
    Route(
        "program_revoke",
        "POST",
        "/v1/programs/{digest}/revoke",
        APPROVE,
        "Take the review of a program back; jobs that run it on own data stop",
        m.ProgramInfo,
    ),
)
