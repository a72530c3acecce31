"""The shelf over HTTPS: checkpoint and hash tiles for everybody, bundles of entries for those entitled.

    GET /tlog/checkpoint                        the newest published checkpoint, a signed note
    GET /tlog/tile/<L>/<N>[.p/<W>]              256 hashes, or W
    GET /tlog/tile/entries/<N>[.p/<W>]          256 entries, or W; with a token of this node
    GET /tlog/absence/<fingerprint>             a bundle for other consortia; the fingerprint is keyed, 64 hex digits

Whatever is not known to be entitled gets no entry. Tiles are named by what is in them and can be kept for ever; the checkpoint
for as long as it takes to publish the next one. Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from atoll.errors import AtollError
from atoll.ledger.tiles import ENTRIES
from atoll.node.tlog.errors import AskedTooOften, NotForOutsiders
from atoll.node.tlog.shelf import Shelf
from atoll.transport.throttle import Throttle

PREFIX = "/tlog"
PER_SECOND = 100.0
BURST = 2000
"""Requests at once: all tiles of a log of half a million entries."""
FOR_EVER = "max-age=31536000, immutable"
MOMENT = "public, max-age=1, must-revalidate"
BINARY = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

ASKED_PER_SECOND = 2.0
ASKED_BURST = 60
"""Questions about fingerprints: each is a guess of somebody who holds the consortia's key."""
_FINGERPRINT = re.compile("absence/([0-9a-f]{64})")

Admits = Callable[[Request], bool]
"""Whether a request may see entries."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Bundles about fingerprints."""

    show: Callable[[bytes], bytes]
    """The bundle about one."""
    throttle: Throttle
    """How many an address may ask for."""


def add_log_routes(app: Starlette, shelf: Shelf, *, throttle: Throttle, admits: Admits, claims: Claims | None = None) -> None:
    """Serve a shelf under PREFIX, and bundles about claims where there are any to show."""

    async def answer(request: Request) -> Response:
        try:
            return _answer(shelf, throttle, admits, claims, request)
        except AtollError as err:
            headers = {"cache-control": "no-store"} | ({"retry-after": "1"} if err.status in (429, 503) else {})
            return PlainTextResponse(f"{err}\n", err.status, headers)

    app.router.add_route(f"{PREFIX}/{{path:path}}", answer, methods=["GET"], include_in_schema=False)


def _answer(shelf: Shelf, throttle: Throttle, admits: Admits, claims: Claims | None, request: Request) -> Response:
    if not throttle.take(request.client.host if request.client else ""):
        raise AskedTooOften()
    path = request.path_params["path"]
    if claims is not None and (found := _FINGERPRINT.fullmatch(path)):
        if not claims.throttle.take(request.client.host if request.client else ""):
            raise AskedTooOften()
        return _public(claims.show(bytes.fromhex(found[1])), BINARY, MOMENT)
    if path == "checkpoint":
        return _public(shelf.need().note, TEXT, MOMENT)
    if path.startswith("tile/entries/") and not admits(request):  # before the shelf is asked: a stranger learns nothing
        raise NotForOutsiders()
    tile, data = shelf.tile(path)
    if tile.level == ENTRIES:
        return Response(data, headers={"cache-control": f"private, {FOR_EVER}", "vary": "authorization"}, media_type=BINARY)
    return _public(data, BINARY, f"public, {FOR_EVER}")


def _public(data: bytes, media_type: str, keep: str) -> Response:
    return Response(data, headers={"cache-control": keep, "access-control-allow-origin": "*"}, media_type=media_type)
