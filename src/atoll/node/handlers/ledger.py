"""The ledger and evidence: the routes' handlers."""

from __future__ import annotations

from fastapi import Request, Response

from atoll.api import models
from atoll.node.handlers.base import Handler, job_of, number_of


class LedgerHandlers(Handler):
    """The ledger and evidence."""

    async def ledger_log(self, request: Request, _: str) -> list[models.LogEntry]:
        return self._services.ledger.log(number_of(request, "first", -50), number_of(request, "count", 50))

    async def ledger_show(self, request: Request, _: str) -> models.RecordInfo:
        return self._services.ledger.record(request.path_params["namespace"], request.path_params["identifier"])

    async def ledger_checkpoint(self, _: Request, __: str) -> models.CheckpointInfo:
        return self._services.ledger.checkpoint()

    async def ledger_verify(self, _: Request, __: str) -> models.VerifyInfo:
        return await self._services.ledger.verify()

    async def trust_file(self, _: Request, __: str) -> Response:
        return Response(self._services.ledger.trust_file(), media_type="text/plain")

    async def evidence_export(self, request: Request, label: str) -> Response:
        data = await self._services.evidence.export(job_of(request), label)
        return Response(data, media_type="application/vnd.atoll.evidence")
