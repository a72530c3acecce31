"""Jobs: the routes' handlers."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from atoll.api import models
from atoll.jobs.formats import Format
from atoll.node.errors import BadRequest
from atoll.node.handlers.base import Handler, job_of, number_of, paper_bytes
from atoll.node.orders import read_paper
from atoll.trust.envelope import Context

FILE_TYPE = "application/octet-stream"


class JobHandlers(Handler):
    """Jobs."""

    async def job_draft(self, request: Request, _: str) -> models.DraftInfo:
        return await self._services.proposals.preview(await self._body(request, models.ProposeJob))

    async def job_propose(self, request: Request, _: str) -> models.Proposed:
        return models.Proposed(job=await self._services.proposals.propose(await self._body(request, models.ProposeJob)))

    async def job_list(self, _: Request, __: str) -> list[models.JobInfo]:
        return self._services.jobs.list()

    async def job_show(self, request: Request, _: str) -> models.JobInfo:
        await self._services.jobs.collect(job_of(request))
        return self._services.jobs.show(job_of(request))

    async def job_approve(self, request: Request, label: str) -> models.JobInfo:
        asked = await self._body(request, models.ApproveJob)
        return await self._services.jobs.approve(job_of(request), label, entrust=asked.entrust)

    async def job_bid(self, request: Request, label: str) -> models.JobInfo:
        asked = await self._body(request, models.BidRequest)
        return await self._services.jobs.bid(job_of(request), asked.value, label, entrust=asked.entrust)

    async def job_withhold(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.withhold(job_of(request), label)

    async def job_approval(self, request: Request, _: str) -> models.PaperInfo:
        return models.PaperInfo(paper=self._services.orders.approval(job_of(request)).hex())

    async def job_approve_signed(self, request: Request, label: str) -> models.JobInfo:
        asked = await self._body(request, models.ApproveSigned)
        paper = read_paper(paper_bytes(models.PaperInfo(paper=asked.paper)), Context.APPROVAL)
        if len(paper.signed) != 1:
            raise BadRequest(reason="one person signs an approval")
        return await self._services.jobs.approve(job_of(request), label, paper.signed[0], entrust=asked.entrust)

    async def job_refuse(self, request: Request, label: str) -> models.JobInfo:
        asked = await self._body(request, models.RefuseRequest)
        return await self._services.jobs.refuse(job_of(request), asked.code, label)

    async def job_withdraw(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.withdraw(job_of(request), label)

    async def job_cancel(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.cancel(job_of(request), label)

    async def job_result(self, request: Request, label: str) -> models.ResultInfo:
        return self._services.jobs.result(job_of(request), number_of(request, "offset", 0), label)

    async def job_download(self, request: Request, label: str) -> Response:
        try:
            kind = Format(request.path_params["format"])
        except ValueError as err:
            raise BadRequest(reason=f"results are written as {', '.join(Format)}") from err
        return StreamingResponse(self._services.jobs.download(job_of(request), kind, label), media_type=FILE_TYPE)

    async def job_why(self, request: Request, _: str) -> models.WhyInfo:
        return self._services.jobs.why(job_of(request))
