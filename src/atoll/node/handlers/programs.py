"""Secret programs: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, job_of


class ProgramHandlers(Handler):
    """Secret programs."""

    async def program_list(self, _: Request, __: str) -> list[models.ProgramInfo]:
        return self._services.programs.list()

    async def program_show(self, request: Request, _: str) -> models.ProgramText:
        return self._services.programs.show(job_of(request))

    async def program_review(self, request: Request, label: str) -> models.ProgramInfo:
        return self._services.programs.review(hex_of(request.path_params["digest"], 32), label)

    async def program_revoke(self, request: Request, label: str) -> models.ProgramInfo:
        return self._services.programs.revoke(hex_of(request.path_params["digest"], 32), label)
