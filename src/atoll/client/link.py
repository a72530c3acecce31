"""One HTTPS connection to one node: its certificate is pinned, every problem becomes an exception."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from atoll.api.models import Model, Problem
from atoll.api.routes import ROUTES
from atoll.client.errors import CertificateUnusable, NodeTooSlow, NodeUnreachable, NotWhatWasExpected, RefusedByNode

T = TypeVar("T")
TIMEOUT_SECONDS = 120
PIECE_BYTES = 1 << 18
_ROUTES = {route.name: route for route in ROUTES}


class Link:
    """Calls routes by name. Not for use by two threads at once."""

    def __init__(self, url: str, *, token: str, certificate: Path | str | None) -> None:
        """Prepare a connection; nothing is sent yet.

        Args:
            url: the node's address.
            token: bearer token.
            certificate: file with the only certificate to trust, DER or PEM; the system's roots where it is None.

        Raises:
            CertificateUnusable: the file is no certificate.
        """
        self.url = url.rstrip("/")
        self._made_from = (url, token, certificate)
        try:
            self._http = httpx.Client(
                base_url=self.url,
                verify=_context(certificate),
                timeout=TIMEOUT_SECONDS,
                headers={"authorization": f"Bearer {token}"},
                trust_env=False,  # neither proxies nor .netrc of the environment come between a person and the node
            )
        except httpx.InvalidURL as err:
            raise NodeUnreachable(url=self.url, reason="it is not an address") from err

    def __repr__(self) -> str:
        return f"Link({self.url!r})"

    def again(self) -> Link:
        """A second connection to the same node."""
        url, token, certificate = self._made_from
        return Link(url, token=token, certificate=certificate)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(
        self, kind: type[T], name: str, /, body: Model | None = None, *, query: dict[str, Any] | None = None, **path: str | int
    ) -> T:
        """Call a route; the answer as `kind`.

        Args:
            kind: what the answer must be: a model, or a list or map of them.
            name: of the route in `atoll.api.routes`.
            body: the request.
            query: its parameters.
            path: what fills the places in the route's path; quoted here.

        Raises:
            NodeUnreachable, NodeTooSlow: nobody answers.
            RefusedByNode: the node says why not.
            NotWhatWasExpected: the answer is not of this API.
        """
        answer = self.raw(name, body, query=query, **path)
        try:
            return TypeAdapter(kind).validate_json(answer)
        except ValidationError as err:
            raise NotWhatWasExpected(url=self.url, reason=f"the answer to {name} does not fit") from err

    def raw(self, name: str, /, body: Model | None = None, *, query: dict[str, Any] | None = None, **path: str | int) -> bytes:
        """Call a route; the answer's bytes. Raises as `ask`."""
        content = body.model_dump_json().encode() if body is not None else None
        with self._telling():
            answer = self._http.request(_ROUTES[name].method, _path(name, path), content=content, params=query)
        if answer.status_code >= 400:
            raise self._refusal(answer)
        return answer.content

    @contextmanager
    def stream(self, name: str, /, **path: str | int) -> Iterator[Iterator[bytes]]:
        """Call a route; the answer's bytes as they come. Raises as `ask`, while they come as well."""
        with self._telling(), self._http.stream(_ROUTES[name].method, _path(name, path)) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise self._refusal(answer)
            yield answer.iter_raw(PIECE_BYTES)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What goes wrong on the way, in our words."""
        try:
            yield
        except httpx.ReadTimeout as err:
            raise NodeTooSlow(url=self.url, seconds=TIMEOUT_SECONDS) from err
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            raise NodeUnreachable(url=self.url, reason=_reason(err)) from err

    def _refusal(self, answer: httpx.Response) -> RefusedByNode | NotWhatWasExpected:
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            return NotWhatWasExpected(url=self.url, reason=f"status {answer.status_code} without a problem document")
        said = problem.model_dump(exclude={"type"})
        return RefusedByNode(**said)


def _context(certificate: Path | str | None) -> ssl.SSLContext:
    if certificate is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            data = Path(certificate).read_bytes()
            context.load_verify_locations(cadata=data.decode("ascii") if data.startswith(b"-----") else data)
        except OSError as err:  # ssl.SSLError is one, too
            raise CertificateUnusable(path=certificate, reason=err.strerror or "it cannot be read") from err
        # The pin says more than the host name: exactly this certificate is trusted, wherever it is served.
        context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _path(name: str, places: Mapping[str, str | int]) -> str:
    quoted = {place: _quoted(str(value)) for place, value in places.items()}
    return _ROUTES[name].path.replace(":path}", "}").format(**quoted)


def _quoted(value: str) -> str:
    """One name in a path. Slashes may stand in record names; a dot alone, or two, would climb out of the folder."""
    return "/".join(part.replace(".", "%2E") if part in (".", "..") else quote(part, safe="") for part in value.split("/"))


def _reason(err: BaseException) -> str:
    """What stood at the beginning of it, in words where it is one of the usual."""
    cause = err
    while (before := cause.__cause__ or cause.__context__) is not None:
        cause = before
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not the one expected"
    if isinstance(cause, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(cause, socket.gaierror):
        return "no machine is known by this name"
    if isinstance(err, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return "an address reads https://HOST:PORT"
    if isinstance(err, httpx.RemoteProtocolError):
        return "it hung up before it had answered, or is no node"
    if isinstance(err, httpx.ProtocolError) or isinstance(cause, ssl.SSLError):
        return "what listens there does not speak HTTPS as a node does"
    if isinstance(err, httpx.TimeoutException):
        return "it took too long to connect"
    return f"the connection failed ({type(cause).__name__})"
