"""Claims across consortia: the routes' handlers."""

from __future__ import annotations

from fastapi import Request

from atoll.api import models
from atoll.node.handlers.base import Handler, hex_of, receipt_of


class ForeignHandlers(Handler):
    """Claims across consortia."""

    async def duplicate_list(self, _: Request, __: str) -> list[models.ForeignClaimInfo]:
        return self._services.foreign.office.list()

    async def duplicate_section(self, _: Request, __: str) -> models.ForeignSection:
        return self._services.foreign.office.section()

    async def duplicate_show(self, request: Request, _: str) -> models.ForeignClaimInfo:
        return self._services.foreign.office.show(_fingerprint_of(request))

    async def duplicate_sign(self, request: Request, _: str) -> models.ForeignSigned:
        asked = await self._body(request, models.ForeignPlace)
        return self._services.foreign.office.sign(_fingerprint_of(request), asked.origin, asked.org)

    async def duplicate_release(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.foreign.office.release(_fingerprint_of(request)))


def _fingerprint_of(request: Request) -> str:
    return hex_of(request.path_params["fingerprint"], 32)
