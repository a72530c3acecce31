"""The OpenAPI document of the node's API, made from the routes and the models and from nothing else."""

from __future__ import annotations

import re
from typing import Any, get_args, get_origin

from pydantic.json_schema import models_json_schema

from atoll.api.models import Model, Problem
from atoll.api.routes import ROUTES, Route
from atoll.version import VERSION

_PLACE = re.compile(r"\{(\w+)(?::path)?\}")
_SCHEMAS = "#/components/schemas/"


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1, as a JSON value; the same on every call."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(_PLACE.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Atoll node",
            "version": VERSION,
            "description": "Identifiers travel as lower-case hex, times as Unix seconds. Errors are problem+json (RFC 9457).",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def models_of(route: Route) -> list[type[Model]]:
    """The models that a route speaks in."""
    answer = get_args(route.answer)[0] if get_origin(route.answer) is list else route.answer
    return [one for one in (route.body, answer) if isinstance(one, type)]


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Scope: `{route.scope}`.",
        "parameters": [
            *(
                {"name": one, "in": "path", "required": True, "schema": {"type": "string"}}
                for one in _PLACE.findall(route.path)
            ),
            *({"name": one, "in": "query", "required": False, "schema": {"type": "string"}} for one in route.query),
        ],
        "responses": {
            "200": {"description": "Done", "content": _content(route.answer)},
            "default": {
                "description": "Not done, and why",
                "content": {"application/problem+json": {"schema": _reference(Problem)}},
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _reference(route.body)}}}
    return operation


def _content(answer: Any) -> dict[str, Any]:
    if isinstance(answer, str):
        return {answer: {"schema": {"type": "string"}}}
    if get_origin(answer) is list:
        return {"application/json": {"schema": {"type": "array", "items": _reference(get_args(answer)[0])}}}
    return {"application/json": {"schema": _reference(answer)}}


def _reference(kind: type[Model]) -> dict[str, str]:
    return {"$ref": _SCHEMAS + kind.__name__}


def _schemas() -> dict[str, Any]:
    used: set[type[Model]] = {Problem, *(one for route in ROUTES for one in models_of(route))}
    kinds = sorted(used, key=lambda one: one.__name__)
    _, document = models_json_schema([(one, "validation") for one in kinds], ref_template=_SCHEMAS + "{model}")
    return dict(sorted(document["$defs"].items()))
