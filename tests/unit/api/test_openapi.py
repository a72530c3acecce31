"""Routes, models and the OpenAPI document agree."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import pytest

from atoll.api import models, routes
from atoll.api.openapi import models_of, openapi_document
from atoll.api.routes import ROUTES, Route
from atoll.api.scopes import SCOPES_BY_ROLE, Scope
from atoll.node.handlers import Handlers
from atoll.node.handlers.catalogue import query_of

DOCUMENT = openapi_document()


def by_name(route: Route) -> str:
    return route.name


def test_every_route_has_its_own_name_and_place() -> None:
    assert Counter(one.name for one in ROUTES).most_common(1)[0][1] == 1
    assert Counter((one.method, one.path) for one in ROUTES).most_common(1)[0][1] == 1


def test_every_route_is_handled_in_the_file_of_its_subject() -> None:
    described = {one.name: subject.name for subject in iter_modules(routes.__path__) for one in routes_of(subject.name)}
    handled = {one.name: getattr(Handlers, one.name).__module__.rpartition(".")[2] for one in ROUTES}
    assert described == handled


def routes_of(subject: str) -> tuple[Route, ...]:
    found: tuple[Route, ...] = getattr(import_module(f"{routes.__name__}.{subject}"), "ROUTES", ())
    return found


def test_every_route_is_in_the_document() -> None:
    found = {(way, path) for path, ways in DOCUMENT["paths"].items() for way in ways}
    assert found == {(one.method.lower(), one.path.replace(":path}", "}")) for one in ROUTES}


def test_every_reference_leads_somewhere() -> None:
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert used <= DOCUMENT["components"]["schemas"].keys()


def test_every_model_is_spoken_by_a_route_or_part_of_one_that_is() -> None:
    public = {
        name
        for name, kind in vars(models).items()
        if isinstance(kind, type) and issubclass(kind, models.Model) and kind is not models.Model
    }
    assert public == DOCUMENT["components"]["schemas"].keys()


def test_every_model_refuses_what_it_does_not_know() -> None:
    assert [
        name for name, one in DOCUMENT["components"]["schemas"].items() if one.get("additionalProperties") is not False
    ] == []


def test_the_document_is_the_same_every_time() -> None:
    assert json.dumps(openapi_document()) == json.dumps(DOCUMENT)


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
def test_a_handler_answers_with_what_its_route_says(route: Route) -> None:
    answer = typing.get_type_hints(getattr(Handlers, route.name))["return"]
    assert answer == route.answer or (isinstance(route.answer, str) and answer.__name__ == "Response")


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
def test_a_handler_reads_the_body_and_the_query_that_its_route_says(route: Route) -> None:
    source = inspect.getsource(getattr(Handlers, route.name))
    read = re.findall(r"_body\(request, models\.(\w+)\)", source)
    assert read == ([route.body.__name__] if route.body else [])
    if "query_of(" in source:
        source += inspect.getsource(query_of)
    assert [name for name in route.query if f'"{name}"' not in source] == []


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method == "GET"], ids=by_name)
def test_a_question_has_no_body(route: Route) -> None:
    assert route.body is None


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
def test_what_changes_something_needs_more_than_reading(route: Route) -> None:
    changes = route.method != "GET" and route.name != "ledger_verify"
    assert (route.scope is Scope.READ) <= (not changes)


def test_every_role_reads_and_one_does_everything() -> None:
    assert all(Scope.READ in scopes for scopes in SCOPES_BY_ROLE.values())
    assert set(SCOPES_BY_ROLE["admin"]) == set(Scope)


def test_models_of_a_route_are_its_body_and_its_answer() -> None:
    routes = {one.name: one for one in ROUTES}
    assert models_of(routes["handover"]) == [models.HandoverRequest, models.HandoverInfo]
    assert models_of(routes["members"]) == [models.MemberInfo]
    assert models_of(routes["trust_file"]) == []
