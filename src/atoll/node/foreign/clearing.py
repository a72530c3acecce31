"""Expired reservations, cleared away when another consortium asks about one. They end by the ledger's own block time, which
stands still while nobody has anything to say; without this whoever asks would wait for a ledger that waits for nothing.
"""

from __future__ import annotations

import asyncio
import logging

from atoll.errors import AtollError
from atoll.ledger.records import ForeignClaim, ForeignState
from atoll.ledger.rules.foreign import LEEWAY_SECONDS, ReleaseClaim
from atoll.node.context import NodeContext

log = logging.getLogger("atoll.foreign")


class Clearer:
    """See the module's docstring. One at a time, and none for a while after one that failed: strangers set it off."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._task: asyncio.Task[None] | None = None
        self._rests_until = 0.0

    def look(self, fingerprint: bytes) -> None:
        """Begin to release the reservation of a fingerprint, if it has expired for certain. Within a running event loop."""
        claim = self._context.view().get(ForeignClaim, fingerprint.hex())
        if claim is None or claim.state is not ForeignState.RESERVED:
            return
        if self._context.now() <= claim.expires_at + LEEWAY_SECONDS:
            return
        if self._task is None and self._context.clock.monotonic() >= self._rests_until:
            self._task = asyncio.create_task(self._release(claim))

    async def _release(self, claim: ForeignClaim) -> None:
        try:
            await self._context.outbox.submit(ReleaseClaim(fingerprint=claim.fingerprint))
        except AtollError as err:
            self._rests_until = self._context.clock.monotonic() + LEEWAY_SECONDS
            log.info("not cleared away", extra={"code": err.code, "error": str(err)})
        finally:
            self._task = None
