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
        self._stopped = False

    def look(self, fingerprint: bytes) -> None:
        """Begin to release the reservation of a fingerprint, if it has expired for certain. Within a running event loop."""
        claim = self._context.view().get(ForeignClaim, fingerprint.hex())
        if claim is None or claim.state is not ForeignState.RESERVED:
            return
        if self._context.now() <= claim.expires_at + LEEWAY_SECONDS:
            return
        is_idle = self._task is None and self._context.clock.monotonic() >= self._rests_until
        if is_idle and not self._stopped:
            self._task = asyncio.create_task(self._release(claim))

    async def stop(self) -> None:
        """End what is under way, and begin nothing more; what is not cleared away is, when somebody asks about it again."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _release(self, claim: ForeignClaim) -> None:
        """The outermost frame of a task: what it did not foresee is logged."""
        is_released = False
        try:
            await self._context.outbox.submit(ReleaseClaim(fingerprint=claim.fingerprint))
            is_released = True
        except AtollError as err:
            log.info("not cleared away", extra={"code": err.code, "error": str(err)})
        except Exception:
            log.exception("not cleared away")
        finally:
            self._task = None
            if not is_released:
                self._rests_until = self._context.clock.monotonic() + LEEWAY_SECONDS
