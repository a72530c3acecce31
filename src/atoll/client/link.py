"""One HTTPS connection to one node: its certificate is pinned, every problem becomes an exception."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from atoll.api.models import Model, Problem
from atoll.api.routes import ROUTES
from atoll.client.errors import NodeUnreachable, NotWhatWasExpected, RefusedByNode

T = TypeVar("T")
TIMEOUT_SECONDS = 120.0
_ROUTES = {route.name: route for route in ROUTES}


class Link:
    """Calls routes by name."""

    def __init__(self, url: str, *, token: str, certificate: Path | str | None) -> None:
        self.url = url.rstrip("/")
        context = ssl.create_default_context()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=Path(certificate).read_bytes())
            # The pin says more than the host name: exactly this certificate is trusted, wherever it is served.
            context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._http = httpx.Client(
            base_url=self.url, verify=context, timeout=TIMEOUT_SECONDS, headers={"authorization": f"Bearer {token}"}
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(
        self,
        kind: type[T],
        route_name: str,
        /,
        body: Model | None = None,
        *,
        query: dict[str, Any] | None = None,
        **path: str | int,
    ) -> T:
        """Call a route; the answer as `kind`.

        Raises:
            NodeUnreachable: nobody answers.
            RefusedByNode: the node says why not.
            NotWhatWasExpected: the answer is not of this API.
        """
        answer = self.raw(route_name, body, query=query, **path)
        try:
            return TypeAdapter(kind).validate_json(answer)
        except ValidationError as err:
            raise NotWhatWasExpected(url=self.url, reason=f"the answer to {route_name} does not fit") from err

    def raw(
        self, route_name: str, /, body: Model | None = None, *, query: dict[str, Any] | None = None, **path: str | int
    ) -> bytes:
        """Call a route; the answer's bytes. Raises as `ask`."""
        route = _ROUTES[route_name]
        url = route.path.replace("{identifier:path}", "{identifier}").format(**path)
        content = body.model_dump_json().encode() if body is not None else None
        try:
            answer = self._http.request(route.method, url, content=content, params=query)
        except httpx.HTTPError as err:
            raise NodeUnreachable(url=self.url, reason=type(err).__name__) from err
        if answer.status_code >= 400:
            raise self._refusal(answer)
        return answer.content

    def _refusal(self, answer: httpx.Response) -> RefusedByNode | NotWhatWasExpected:
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            return NotWhatWasExpected(url=self.url, reason=f"status {answer.status_code} without a problem document")
        return RefusedByNode(title=problem.title, code=problem.code, status=problem.status, remedy=problem.remedy)
