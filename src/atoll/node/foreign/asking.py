"""Asking other consortia: any of their nodes will do, none is believed, and what does not verify is no answer."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING

from atoll.errors import AtollError
from atoll.ledger.foreign.agreement import Consortium
from atoll.ledger.foreign.bundle import MAX_BUNDLE_BYTES
from atoll.ledger.foreign.verify import Shown, verify_bundle
from atoll.node.foreign.errors import ForeignUnreachable
from atoll.node.foreign.settings import Foreign
from atoll.ports import Clock

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("atoll.foreign")

TIMEOUT_SECONDS = 5.0


class Asker:
    """See the module's docstring."""

    def __init__(self, *, foreign: Foreign, tls: ssl.SSLContext, clock: Clock) -> None:
        self._foreign = foreign
        self._tls = tls
        self._clock = clock

    async def ask(self, fingerprint: bytes) -> dict[str, tuple[Shown, bytes]]:
        """What each of the others shows, verified, by origin; who shows nothing that holds is left out."""
        from httpx import AsyncClient  # 50 ms, and most consortia ask no others

        async with AsyncClient(verify=self._tls, timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
            answers = await asyncio.gather(*(self._ask(client, one, fingerprint) for one in self._foreign.others))
        return {one[0].origin: one for one in answers if one is not None}

    async def _ask(self, client: httpx.AsyncClient, other: Consortium, fingerprint: bytes) -> tuple[Shown, bytes] | None:
        """The newest of what its nodes show."""
        found: list[tuple[Shown, bytes]] = []
        for url in other.urls:
            try:
                data = await _get(client, f"{url.rstrip('/')}/absence/{fingerprint.hex()}", other.origin)
                shown = verify_bundle(
                    data,
                    origin=other.origin,
                    fingerprint=fingerprint,
                    agreement=self._foreign.agreement,
                    now=self._clock.now(),
                )
            except AtollError as err:
                log.warning("no answer", extra={"peer": other.origin, "code": err.code, "error": str(err)})
                continue
            found.append((shown, data))
        return max(found, key=lambda one: one[0].at, default=None)


async def _get(client: httpx.AsyncClient, url: str, origin: str) -> bytes:
    from httpx import HTTPError, InvalidURL

    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), client.stream("GET", url) as answer:
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MAX_BUNDLE_BYTES:
                    raise ForeignUnreachable(origin=origin, reason="its answer is too long")
    except (HTTPError, InvalidURL, TimeoutError) as err:
        raise ForeignUnreachable(origin=origin, reason=type(err).__name__) from err
    if answer.status_code != 200:
        raise ForeignUnreachable(origin=origin, reason=f"status {answer.status_code}")
    return bytes(body)
