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

    async def ledger_published(self, _: Request, __: str) -> Response:
        return Response(self._services.proofs.published(), media_type="text/plain; charset=utf-8")

    async def ledger_prove_entry(self, request: Request, _: str) -> Response:
        with_entry = bool(number_of(request, "entry", 0))
        data = await self._services.proofs.entry(request.path_params["which"], with_entry=with_entry)
        return Response(data, media_type="application/vnd.c2sp.tlog-proof")

    async def ledger_prove_record(self, request: Request, _: str) -> Response:
        data = self._services.proofs.record(request.path_params["namespace"], request.path_params["identifier"])
        return Response(data, media_type="application/vnd.c2sp.tlog-proof")

    async def ledger_watch(self, request: Request, _: str) -> models.LedgerNews:
        after, heard, wait = number_of(request, "after", -1), number_of(request, "heard", 0), number_of(request, "wait", 0)
        return await self._services.watch.news(after, heard, wait)

    async def ledger_validators(self, _: Request, __: str) -> models.ValidatorsInfo:
        return self._services.watch.validators()

    async def ledger_snapshot(self, _: Request, __: str) -> Response:
        return Response(await self._services.proofs.snapshot(), media_type="application/vnd.atoll.snapshot")

    async def ledger_members(self, _: Request, __: str) -> Response:
        return Response(await self._services.evidence.members(), media_type="application/vnd.atoll.evidence")

    async def ledger_verify(self, _: Request, __: str) -> models.VerifyInfo:
        return await self._services.ledger.verify()

    async def trust_file(self, request: Request, __: str) -> Response:
        present = request.query_params.get("now") == "1"
        return Response(self._services.ledger.trust_file(present=present), media_type="text/plain")

    async def evidence_export(self, request: Request, label: str) -> Response:
        data = await self._services.evidence.export(job_of(request), label)
        return Response(data, media_type="application/vnd.atoll.evidence")
