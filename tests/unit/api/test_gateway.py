"""The API lets nobody do what the token does not allow, and answers every mistake with problem+json."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import httpx
import pytest

from atoll.api.models import Problem
from atoll.api.openapi import openapi_document
from atoll.api.routes import ROUTES, Route
from atoll.api.scopes import SCOPES_BY_ROLE
from atoll.node.gateway import build_app
from atoll.node.handlers import Handlers
from atoll.node.tokens import create_token
from atoll.ports import SystemEntropy
from atoll.storage.store import NodeStore

PLACES = {
    "owner": "bank",
    "name": "x",
    "version": "1",
    "evaluator": "auditor",
    "grant": "0" * 32,
    "job": "0" * 32,
    "order": "0" * 32,
    "person": "ada",
    "right": "0" * 32,
    "standing": "0" * 32,
    "dispute": "0" * 32,
    "fingerprint": "0" * 64,
    "format": "csv",
    "digest": "0" * 64,
    "namespace": "member",
    "which": "0",
    "identifier": "bank",
}


def path_of(route: Route) -> str:
    """The route's path with something in every place."""
    return route.path.replace(":path}", "}").format(**PLACES)


def by_name(route: Route) -> str:
    return route.name


class Api:
    """The API of a node whose services are dummies."""

    def __init__(self, folder: Path) -> None:
        self.store = NodeStore(folder / "node.sqlite")
        self.services = MagicMock()
        self.services.store = self.store
        self.tokens = {role: create_token(self.store, role, role, SystemEntropy()) for role in SCOPES_BY_ROLE}
        transport = httpx.ASGITransport(build_app(self.services), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(base_url="https://node", transport=transport)

    async def ask(self, method: str, path: str, *, token: str = "", body: bytes = b"") -> httpx.Response:
        """One request."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return await self.http.request(method, path, headers=headers, content=body)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    made = Api(tmp_path)
    yield made
    await made.http.aclose()
    made.store.close()


def problem_of(answer: httpx.Response) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json"
    return Problem.model_validate_json(answer.content)


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
async def test_a_request_without_a_known_token_gets_nothing(route: Route, api: Api) -> None:
    for token in ("", "unknown", api.tokens["admin"][:-1]):
        answer = await api.ask(route.method, path_of(route), token=token)
        assert answer.status_code == 401
        assert problem_of(answer).code == "api.no_token"
    assert api.services.mock_calls == []


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
async def test_a_token_allows_what_its_role_allows_and_nothing_else(
    route: Route, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handlers, route.name, AsyncMock(return_value=[]))
    for role, token in api.tokens.items():
        answer = await api_with(api).ask(route.method, path_of(route), token=token)
        if route.scope in SCOPES_BY_ROLE[role]:
            assert answer.status_code == 200, role
        else:
            assert answer.status_code == 403, role
            assert problem_of(answer).code == "api.wrong_scope"


def api_with(api: Api) -> Api:
    """The same tokens and services behind handlers as they are now."""
    transport = httpx.ASGITransport(build_app(api.services), raise_app_exceptions=False)
    api.http = httpx.AsyncClient(base_url="https://node", transport=transport)
    return api


@pytest.mark.parametrize("route", [one for one in ROUTES if one.body is not None], ids=by_name)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"nobody": "knows this"}', b"\xff", b'{"org": NaN}'])
async def test_a_body_of_another_form_is_refused_without_repeating_it(route: Route, body: bytes, api: Api) -> None:
    answer = await api.ask(route.method, path_of(route), token=api.tokens["admin"], body=body)
    assert answer.status_code == 400
    assert problem_of(answer).code == "api.bad_request"
    assert "knows this" not in answer.text


async def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    body = json.dumps({"to": "x" * (1 << 20)}).encode()
    answer = await api.ask("POST", "/v1/handover", token=api.tokens["admin"], body=body)
    assert answer.status_code == 400
    api.services.membership.handover.assert_not_called()


@pytest.mark.parametrize("identifier", ["x", "A" * 32, "0" * 31, "0" * 33, "%2E%2E", "0" * 30 + "%0a"])
async def test_an_identifier_of_another_form_is_refused(identifier: str, api: Api) -> None:
    answer = await api.ask("GET", f"/v1/jobs/{identifier}", token=api.tokens["admin"])
    assert answer.status_code == 400
    api.services.jobs.show.assert_not_called()


async def test_a_path_of_no_route_is_not_found(api: Api) -> None:
    assert (await api.ask("GET", "/v1/secrets", token=api.tokens["admin"])).status_code == 404


async def test_a_fault_of_the_node_says_nothing_of_what_it_was(api: Api) -> None:
    api.services.status.side_effect = RuntimeError("the passphrase is tiger")
    answer = await api.ask("GET", "/v1/status", token=api.tokens["admin"])
    assert answer.status_code == 500
    assert "tiger" not in answer.text


async def test_the_openapi_document_is_served_to_everybody(api: Api) -> None:
    answer: Any = (await api.ask("GET", "/v1/openapi.json")).json()
    assert answer == json.loads(json.dumps(openapi_document()))


async def test_a_result_leaves_piece_by_piece_in_a_form_that_there_is(api: Api) -> None:
    api.services.jobs.download.return_value = iter([b"id\n", b"1\n"])
    answer = await api.ask("GET", f"/v1/jobs/{'0' * 32}/result/csv", token=api.tokens["user"])
    assert (answer.status_code, answer.content) == (200, b"id\n1\n")
    api.services.jobs.download.assert_called_once_with("0" * 32, "csv", "user")
    answer = await api.ask("GET", f"/v1/jobs/{'0' * 32}/result/xlsx", token=api.tokens["user"])
    assert answer.status_code == 400
    assert problem_of(answer).code == "api.bad_request"
