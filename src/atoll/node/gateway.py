"""The HTTPS API of a node: FastAPI over the services, tokens scoped by role, problem+json for every error."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse

from atoll.api import models
from atoll.api.openapi import openapi_document
from atoll.api.routes import ROUTES, SCOPES_BY_ROLE, Route, Scope
from atoll.errors import AtollError
from atoll.jobs.formats import Format
from atoll.node.errors import BadRequest, NodeFault, NoToken, WrongScope
from atoll.node.services import Services
from atoll.node.tokens import digest_token
from atoll.storage.store import NodeStore
from atoll.version import VERSION

log = logging.getLogger("atoll.gateway")

MAX_BODY_BYTES = 1 << 20
FILE_TYPE = "application/octet-stream"


def build_app(services: Services) -> FastAPI:
    """The API as an ASGI application."""
    app = FastAPI(title="Atoll node", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    handlers = Handlers(services)
    for route in ROUTES:
        endpoint = getattr(handlers, route.name)
        app.add_api_route(
            route.path,
            guarded(services.store, route, endpoint),
            methods=[route.method],
            name=route.name,
            summary=route.summary,
            response_model=None,
        )
    # Handlers take requests as they come, so FastAPI does not see what they speak; the table of routes does.
    app.openapi = openapi_document  # type: ignore[method-assign]
    app.add_exception_handler(AtollError, answer_error)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(Exception, answer_fault)
    return app


def guarded(store: NodeStore, route: Route, endpoint: Callable[[Request, str], Awaitable[Any]]) -> Callable[[Request], Any]:
    """The endpoint behind its scope."""

    async def call(request: Request) -> Any:
        role, label = authenticate(store, request)
        if route.scope not in (*SCOPES_BY_ROLE.get(role, ()), *((Scope.READ,) if role in SCOPES_BY_ROLE else ())):
            raise WrongScope(role=role, scope=route.scope)
        answer = await endpoint(request, label)
        return answer if isinstance(answer, Response) else JSONResponse(to_json(answer))

    return call


def authenticate(store: NodeStore, request: Request) -> tuple[str, str]:
    """Role and label of the request's token.

    Raises:
        NoToken: there is none, or it is unknown.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = store.token(digest_token(token)) if scheme.lower() == "bearer" and token else None
    if found is None:
        raise NoToken()
    return found


async def answer_error(_: Request, err: Exception) -> JSONResponse:
    """An error of ours as problem+json."""
    if not isinstance(err, AtollError):
        raise err
    problem = models.Problem(
        type=f"about:atoll/{err.code}", title=str(err), status=err.status, code=err.code, remedy=err.remedy
    )
    return JSONResponse(problem.model_dump(), status_code=err.status, media_type="application/problem+json")


async def answer_fault(_: Request, err: Exception) -> JSONResponse:
    """A fault of ours: logged with its trace, answered without it."""
    log.error("a request failed", exc_info=err)
    fault = NodeFault()
    problem = models.Problem(
        type=f"about:atoll/{fault.code}", title=str(fault), status=fault.status, code=fault.code, remedy=fault.remedy
    )
    return JSONResponse(problem.model_dump(), status_code=fault.status, media_type="application/problem+json")


async def answer_validation(request: Request, err: Exception) -> JSONResponse:
    """A request that does not fit its model; values are not repeated."""
    places = err.errors() if isinstance(err, RequestValidationError) else []
    where = ".".join(str(one) for one in places[0]["loc"]) if places else "body"
    return await answer_error(request, BadRequest(reason=f"{where} does not fit"))


def to_json(value: Any) -> Any:
    """Models as JSON values."""
    if isinstance(value, models.Model):
        return value.model_dump()
    if isinstance(value, list):
        return [to_json(one) for one in value]
    return value


class Handlers:
    """One method a route, named as in the table; each turns a request into a call of a service."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def _body(self, request: Request, kind: type[models.Model]) -> Any:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BODY_BYTES:  # the rest is not even read
                raise BadRequest(reason=f"its body has more than {MAX_BODY_BYTES} bytes")
        try:
            return kind.model_validate_json(bytes(data))
        except ValueError as err:
            where = ".".join(str(one) for one in err.errors()[0]["loc"]) if hasattr(err, "errors") else "body"
            raise BadRequest(reason=f"the field {where} is missing, unknown or does not fit") from err

    async def status(self, _: Request, __: str) -> models.Status:
        return self._services.status()

    async def doctor(self, _: Request, __: str) -> list[models.DoctorFinding]:
        return await self._services.doctor()

    async def members(self, _: Request, __: str) -> list[models.MemberInfo]:
        return self._services.membership.list()

    async def invite(self, request: Request, _: str) -> models.InviteInfo:
        return await self._services.membership.invite(await self._body(request, models.InviteRequest))

    async def member_enrol(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.EnrolRequest)
        return receipt_of(await self._services.membership.enrol(asked.transaction))

    async def handover(self, request: Request, _: str) -> models.HandoverInfo:
        asked = await self._body(request, models.HandoverRequest)
        return await self._services.membership.handover(asked.to)

    async def key_rotate(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.KeyRequest)
        return receipt_of(await self._services.membership.rotate(asked.purpose))

    async def key_revoke(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.KeyRequest)
        return receipt_of(await self._services.membership.revoke(asked.purpose))

    async def dataset_register(self, request: Request, _: str) -> models.Registered:
        identifier, receipt = await self._services.datasets.register(await self._body(request, models.RegisterDataset))
        return models.Registered(dataset=identifier, **receipt_of(receipt).model_dump())

    async def dataset_list(self, request: Request, _: str) -> list[models.DatasetInfo]:
        return await self._services.datasets.list(cards=request.query_params.get("cards") != "no")

    async def dataset_show(self, request: Request, _: str) -> models.DatasetInfo:
        return await self._services.datasets.show(_dataset(request))

    async def dataset_withdraw(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.datasets.withdraw(_dataset(request)))

    async def budget_set(self, request: Request, _: str) -> models.Receipt:
        asked = await self._body(request, models.BudgetRequest)
        return receipt_of(await self._services.datasets.set_budget(asked.name, asked.unit, asked.limit))

    async def grant_give(self, request: Request, _: str) -> models.Given:
        grant, receipt = await self._services.grants.give(await self._body(request, models.GiveGrant))
        return models.Given(grant=grant, **receipt_of(receipt).model_dump())

    async def grant_list(self, _: Request, __: str) -> list[models.GrantInfo]:
        return await self._services.grants.list()

    async def grant_revoke(self, request: Request, _: str) -> models.Receipt:
        return receipt_of(await self._services.grants.revoke(_hex(request.path_params["grant"], 16)))

    async def job_draft(self, request: Request, _: str) -> models.DraftInfo:
        return self._services.proposals.preview(await self._body(request, models.ProposeJob))

    async def job_propose(self, request: Request, _: str) -> models.Proposed:
        return models.Proposed(job=await self._services.proposals.propose(await self._body(request, models.ProposeJob)))

    async def job_list(self, _: Request, __: str) -> list[models.JobInfo]:
        return self._services.jobs.list()

    async def job_show(self, request: Request, _: str) -> models.JobInfo:
        return self._services.jobs.show(_job(request))

    async def job_approve(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.approve(_job(request), label)

    async def job_refuse(self, request: Request, label: str) -> models.JobInfo:
        asked = await self._body(request, models.RefuseRequest)
        return await self._services.jobs.refuse(_job(request), asked.code, label)

    async def job_withdraw(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.withdraw(_job(request), label)

    async def job_cancel(self, request: Request, label: str) -> models.JobInfo:
        return await self._services.jobs.cancel(_job(request), label)

    async def job_result(self, request: Request, label: str) -> models.ResultInfo:
        return self._services.jobs.result(_job(request), _number(request, "offset", 0), label)

    async def job_download(self, request: Request, label: str) -> Response:
        try:
            kind = Format(request.path_params["format"])
        except ValueError as err:
            raise BadRequest(reason=f"results are written as {', '.join(Format)}") from err
        return StreamingResponse(self._services.jobs.download(_job(request), kind, label), media_type=FILE_TYPE)

    async def job_why(self, request: Request, _: str) -> models.WhyInfo:
        return self._services.jobs.why(_job(request))

    async def ledger_log(self, request: Request, _: str) -> list[models.LogEntry]:
        return self._services.ledger.log(_number(request, "first", -50), _number(request, "count", 50))

    async def ledger_show(self, request: Request, _: str) -> models.RecordInfo:
        return self._services.ledger.record(request.path_params["namespace"], request.path_params["identifier"])

    async def ledger_checkpoint(self, _: Request, __: str) -> models.CheckpointInfo:
        return self._services.ledger.checkpoint()

    async def ledger_verify(self, _: Request, __: str) -> models.VerifyInfo:
        return await self._services.ledger.verify()

    async def trust_file(self, _: Request, __: str) -> Response:
        return Response(self._services.ledger.trust_file(), media_type="text/plain")

    async def evidence_export(self, request: Request, label: str) -> Response:
        data = await self._services.evidence.export(_job(request), label)
        return Response(data, media_type="application/vnd.atoll.evidence")


def receipt_of(acknowledged: Any) -> models.Receipt:
    """An acknowledgement as the API shows it."""
    return models.Receipt(height=acknowledged.height, index=acknowledged.index, transaction=acknowledged.transaction_id.hex())


def _dataset(request: Request) -> str:
    parts = request.path_params
    return f"{parts['owner']}/{parts['name']}/{parts['version']}"


def _job(request: Request) -> str:
    return _hex(request.path_params["job"], 16)


def _hex(text: str, length: int) -> str:
    try:
        if len(bytes.fromhex(text)) == length and text == text.lower():
            return text
    except ValueError:
        pass
    raise BadRequest(reason=f"an identifier is {2 * length} lower-case hex digits")


def _number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError as err:
        raise BadRequest(reason=f"{name} is not a number") from err
