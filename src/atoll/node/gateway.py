"""The HTTPS API of a node: FastAPI over the services, tokens scoped by role, problem+json for every error."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from atoll.api import models
from atoll.api.openapi import openapi_document
from atoll.api.routes import ROUTES, Route
from atoll.api.scopes import SCOPES_BY_ROLE, Scope
from atoll.errors import AtollError, catalogue
from atoll.node.errors import BadRequest, NodeFault, NoToken, TransactionRefused, WrongScope
from atoll.node.handlers import Handlers
from atoll.node.services import Services
from atoll.node.tlog.routes import ASKED_BURST, ASKED_PER_SECOND, BURST, PER_SECOND, Claims, add_log_routes
from atoll.node.tokens import digest_token
from atoll.ports import SystemClock
from atoll.storage.store import NodeStore
from atoll.transport.throttle import Throttle
from atoll.version import VERSION
from atoll.wire.errors import MessageError

log = logging.getLogger("atoll.gateway")


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

    def admits(request: Request) -> bool:
        return _is_known(services.store, request)

    throttle = Throttle(SystemClock(), per_second=PER_SECOND, burst=BURST)
    desk, asked = services.foreign.desk, Throttle(SystemClock(), per_second=ASKED_PER_SECOND, burst=ASKED_BURST)
    claims = Claims(desk.show, asked) if desk is not None else None
    add_log_routes(app, services.tlog.shelf, throttle=throttle, admits=admits, claims=claims)
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


def _is_known(store: NodeStore, request: Request) -> bool:
    """Whether the request carries a token of this node, so that it may see entries as `atoll ledger log` shows them."""
    try:
        role, _ = authenticate(store, request)
    except NoToken:
        return False
    return role in SCOPES_BY_ROLE


async def answer_error(_: Request, err: Exception) -> JSONResponse:
    """An error of ours as problem+json."""
    if not isinstance(err, AtollError):
        raise err
    if isinstance(err, MessageError):  # which message of ours it would have been is nothing to whoever asked
        err = BadRequest(reason=f"{err.field.replace('_', ' ')} {err.problem}".strip())
    problem = models.Problem(
        type=f"about:atoll/{err.code}", title=str(err), status=err.status, code=err.code, remedy=err.remedy
    )
    if isinstance(err, TransactionRefused):
        rule = catalogue().get(err.operands["rule"])
        problem.rule, problem.remedy = err.operands["rule"], (rule and rule.remedy) or err.remedy
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
